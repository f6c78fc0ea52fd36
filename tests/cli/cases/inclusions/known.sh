# Three inclusions in a strain map of another writer: found where they are, in order along their line, as table, CSV and group.
"$PYTHON" "$CASES/make_strain_map.py" map.h5
vitrail inclusions map.h5 --csv catalogue.csv | sed 's/ *[0-9.]* ± [0-9.]* */ N ± N /g; s/of [0-9.e-]* in exy over [0-9.]* nm; scatter [0-9.]*/of N in exy over N nm; scatter N/; s/x, y [0-9.]*/x, y N/'
head -n 1 catalogue.csv
cut -d, -f1,2 catalogue.csv
files
"$PYTHON" - <<'END'
import h5py
import numpy as np
with h5py.File("map.h5") as file:
    group = file["entry/inclusions"]
    print(sorted(group), group.attrs["signal"])
    catalogue = group["catalogue"]
    truth = {"y": (80, 180, 280), "x": (90, 190, 290), "radius": 15, "shear": 0.010, "angle": 80, "dilation": 0.004}
    for name, value in truth.items():
        pulls = (catalogue[name][()] - value) / catalogue[name + "_errors"][()]
        print(name, "right" if np.all(np.abs(pulls) < 4) else pulls)
    spacing = group["gaps/spacing"][()] - 100 * np.sqrt(2)
    print("spacing", "right" if np.all(np.abs(spacing) < 0.02 * 141) else spacing)
    print("angle", "right" if abs(group["bands/angle"][0] - 45) < 0.5 else group["bands/angle"][0])
    left = group["residual_exx"][()] / 0.001
    print("residual", "noise" if abs(np.std(left) - 1) < 0.05 else np.std(left))
    print(file["entry/process/inclusions/command"][()].decode())
END
vitrail figure map.h5 inclusions -o inclusions.png && vitrail figure map.h5 residual_exy -o residual.svg
vitrail inclusions map.h5 --radius 10:25 --json | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
print(sorted(result), len(result["inclusions"]), sorted(result["inclusions"][0]))'
"$PYTHON" "$CASES/make_strain_map.py" flat.h5 flat
vitrail inclusions flat.h5 --radius 10:25 | tail -n 1
"$PYTHON" "$CASES/make_strain_map.py" holes.h5 holes
vitrail figure flat.h5 inclusions -o flat.png && files
vitrail inclusions holes.h5 --radius 10:25 | grep '^inclusions'
