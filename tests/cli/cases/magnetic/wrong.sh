# Each wrong input has its sentence, and the map file stays as it was.
"$PYTHON" "$CASES/make_ring_map.py" ring.h5 6 9
cp ring.h5 map.h5
"$PYTHON" "$CASES/make_beam_map.py" map.h5 6 9 30 -60
"$PYTHON" "$CASES/make_beam_map.py" long.h5 6 9 0 0 5e-5
cp map.h5 before.h5
status_of vitrail magnetic none.h5
status_of vitrail magnetic ring.h5
status_of vitrail magnetic map.h5 --vacuum none.h5
status_of vitrail magnetic map.h5 --vacuum ring.h5
status_of vitrail magnetic map.h5 --vacuum long.h5
status_of vitrail magnetic map.h5 --descan none
status_of vitrail magnetic map.h5 --thickness 0
status_of vitrail magnetic map.h5 --thickness none.tif
status_of vitrail magnetic map.h5 --region 0:7,0:3
status_of vitrail magnetic map.h5 --region here=nowhere
status_of vitrail magnetic map.h5 --poisson 0.7
cmp map.h5 before.h5 && files
vitrail magnetic map.h5 --vacuum long.h5 --scale-vacuum --region 0:6,0:3 | grep note
