# --quiet: commands whose results are in a file print nothing, unless --json asks for it; what is in no file is printed.
"$PYTHON" "$CASES/make_ring_map.py" rings.h5 6 9
"$PYTHON" "$CASES/make_band_map.py" map.h5
"$PYTHON" "$CASES/make_strain_map.py" inclusions.h5
vitrail strain rings.h5 --quiet
vitrail bands map.h5 --quiet
vitrail inclusions inclusions.h5 -q
vitrail profile map.h5 --line 0,0,100,0 --quantity exx -o line.csv --quiet
vitrail profile map.h5 --line 0,0,100,0 --quantity exx --figure line.svg --quiet
echo "so far nothing"
vitrail strain rings.h5 --quiet --json | "$PYTHON" -c 'import json, sys; print(sorted(json.load(sys.stdin)))'
vitrail profile map.h5 --line 0,0,20,0 --quantity exx --quiet | wc -l
files
