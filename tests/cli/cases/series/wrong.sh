# Each wrong input has its sentence; nothing is written.
"$PYTHON" "$CASES/make_strain_map.py" map.h5
"$PYTHON" "$CASES/make_strain_map.py" bare.h5 bare
"$PYTHON" "$CASES/make_band_map.py" band.h5
"$PYTHON" "$CASES/make_ring_map.py" rings.h5 6 9
status_of vitrail series map.h5
status_of vitrail series map.h5 none.h5
status_of vitrail series rings.h5 map.h5
status_of vitrail series map.h5 bare.h5 --quantity exx
cp map.h5 again.h5
status_of vitrail series map.h5 again.h5 --quantity exx
status_of vitrail series map.h5 band.h5 --quantity exx
"$PYTHON" "$CASES/make_strain_map.py" noise.h5 flat
status_of vitrail series band.h5 noise.h5 --quantity exx
status_of vitrail series map.h5 again.h5 --quantity nothing
status_of vitrail series map.h5 again.h5 --label 300
status_of vitrail series map.h5 again.h5 -o series.txt
status_of vitrail series map.h5 again.h5 --figure series.bmp
status_of vitrail series map.h5 again.h5 --line 0,0,9
files
