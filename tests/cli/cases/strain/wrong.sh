# Each wrong input has its sentence, and the map file stays as it was.
"$PYTHON" "$CASES/make_ring_map.py" map.h5 6 9
cp map.h5 before.h5
status_of vitrail strain none.h5
echo text >text.h5
status_of vitrail strain text.h5
"$PYTHON" -c 'import h5py; h5py.File("bare.h5", "w").create_group("entry")'
status_of vitrail strain bare.h5
status_of vitrail strain map.h5 --reference 0:7,0:3
status_of vitrail strain map.h5 --reference 0:1,8:9
status_of vitrail strain map.h5 --young 100
status_of vitrail strain map.h5 --poisson 0.7 --young 100
head -c 3000 map.h5 >cut.h5
status_of vitrail strain cut.h5
cmp map.h5 before.h5 && files
