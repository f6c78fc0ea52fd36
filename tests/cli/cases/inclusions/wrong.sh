# Each wrong input has its sentence, and the map file stays as it was.
"$PYTHON" "$CASES/make_strain_map.py" map.h5
cp map.h5 before.h5
status_of vitrail inclusions none.h5
"$PYTHON" "$CASES/make_ring_map.py" rings.h5 6 9
status_of vitrail inclusions rings.h5
"$PYTHON" "$CASES/make_strain_map.py" bare.h5 bare
status_of vitrail inclusions bare.h5
"$PYTHON" -c 'import h5py; del h5py.File("bare.h5", "r+")["entry/strain/scan_x"]'
status_of vitrail inclusions bare.h5
status_of vitrail inclusions map.h5 --radius 20:10
status_of vitrail inclusions map.h5 --radius 20:900
status_of vitrail inclusions map.h5 --poisson 0.6
status_of vitrail inclusions map.h5 --radius 10:25 --csv nowhere/catalogue.csv
touch catalogue.csv
status_of vitrail inclusions map.h5 --radius 10:25 --csv catalogue.csv
rm catalogue.csv
status_of vitrail figure map.h5 inclusions -o none.png
cmp map.h5 before.h5 && files
