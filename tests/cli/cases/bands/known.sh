# One band in a strain map of another writer: found where it is, as text, JSON, CSV and group; drawn; none in noise, nor of strong inclusions; figure.
"$PYTHON" "$CASES/make_band_map.py" map.h5
vitrail bands map.h5 --csv bands.csv | sed 's/[-0-9.][0-9.]*/N/g'
cut -d, -f1 bands.csv
files
"$PYTHON" - <<'END'
import h5py
import numpy as np
with h5py.File("map.h5") as file:
    group = file["entry/bands"]
    print(sorted(group), group.attrs["signal"])
    truth = {"angle": -62, "width": 9, "decay_below": 40, "decay_above": 60, "volumetric": 0.004, "shear": 0.002, "normal": 0}
    for name, value in truth.items():
        pull = (group[name][0] - value) / group[name + "_errors"][0]
        print(name, "right" if abs(pull) < 4 else pull)
    print("angle to half a degree", abs(group["angle"][0] + 62) < 0.5)
    print(file["entry/process/bands/command"][()].decode())
END
vitrail figure map.h5 bands -o bands.png && vitrail bands map.h5 --line 230,300,310,100 --only-drawn --json | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
band = result["bands"][0]
print(len(result["bands"]), band["drawn"], abs(band["angle"] + 62) < 0.5, sorted(result))'
"$PYTHON" "$CASES/make_band_map.py" flat.h5 flat
vitrail bands flat.h5 | head -n 1
"$PYTHON" "$CASES/make_strain_map.py" inclusions.h5
vitrail bands inclusions.h5 | head -n 1
vitrail figure flat.h5 bands -o flat.svg && files
status_of vitrail bands map.h5 --line -500,0,-500,100
"$PYTHON" "$CASES/make_ring_map.py" rings.h5 6 9
status_of vitrail bands rings.h5
status_of vitrail figure rings.h5 bands -o none.png
