# Each wrong input has its sentence.
"$PYTHON" "$CASES/make_ring_map.py" map.h5 12 18
vitrail strain map.h5 --reference 0:12,0:6 >out
rm out
status_of vitrail profile none.h5 --line 0,0,9,9 --quantity exx
status_of vitrail profile map.h5 --quantity exx
status_of vitrail profile map.h5 --line 0,0,9,9
status_of vitrail profile map.h5 --line 0,0,9 --quantity exx
status_of vitrail profile map.h5 --line 5,5,5,5 --quantity exx
status_of vitrail profile map.h5 --line 0,-20,90,-20 --quantity exx
status_of vitrail profile map.h5 --line 0,0,9,9 --direction across --quantity exx
status_of vitrail profile map.h5 --line 0,0,9,9 --quantity nothing
status_of vitrail profile map.h5 --line 0,0,9,9 --quantity exx,,eyy
status_of vitrail profile map.h5 --line 0,0,9,9 --quantity exx,angle
status_of vitrail profile map.h5 --line 0,0,9,9 --quantity exx --figure exx.bmp
touch exx.csv
status_of vitrail profile map.h5 --line 0,0,9,9 --quantity exx -o exx.csv
files
