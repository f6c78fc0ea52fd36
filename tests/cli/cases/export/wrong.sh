# Each wrong use has its sentence, and leaves nothing.
"$PYTHON" "$CASES/make_strain_map.py" map.h5
status_of vitrail export map.h5
status_of vitrail export none.h5 -o a.tif
status_of vitrail export map.h5 nothing -o a.tif
status_of vitrail export map.h5 exx,,eyy -o a.tif
status_of vitrail export map.h5 exx -o a.xyz
status_of vitrail export map.h5 exx,eyy -o a.gsf
status_of vitrail export map.h5 strain/scan_y -o a.tif
status_of vitrail export map.h5 exx --format tif -o folder/
touch a.tif
status_of vitrail export map.h5 exx -o a.tif
files
