# One defect of +1/2 in a strain map of another writer, found where it is; as text, JSON, CSV, group and figure; none in noise; what is refused.
"$PYTHON" "$CASES/make_strain_map.py" map.h5 flat
cp map.h5 flat.h5
"$PYTHON" - <<'END'
import h5py
import numpy as np
with h5py.File("map.h5", "r+") as file:
    group = file["entry/strain"]
    y, x = np.meshgrid(group["scan_y"][:] - 152, group["scan_x"][:] - 211, indexing="ij")
    for name, values in (("exx", x), ("eyy", -x), ("exy", y)):
        group[name][...] += 1e-4 * values
    c, s = (group["exx"][:] - group["eyy"][:]) / 2, group["exy"][:]
    group["deviatoric"] = np.hypot(c, s)
    group["angle"] = np.degrees(np.arctan2(s, c) / 2)
    group["angle"].attrs["units"] = "degrees"
END
vitrail vortices map.h5 --json | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
d = result["defects"][0]
print(sorted(result), len(result["defects"]), d["winding"], d["significance"] >= result["threshold"])
print(abs(d["x_nm"] - 211) < 4 * d["x_error_nm"], abs(d["y_nm"] - 152) < 4 * d["y_error_nm"], d["x_error_nm"] < 5)'
vitrail vortices map.h5 | wc -l
vitrail vortices map.h5 --csv defects.csv --quiet && cut -d, -f1,2 defects.csv && head -n 1 defects.csv
status_of vitrail figure flat.h5 vortices -o none.png
vitrail figure map.h5 vortices -o vortices.png && files
h5ls map.h5/entry/vortices | awk '{ print $1 }'
vitrail vortices flat.h5
"$PYTHON" "$CASES/make_ring_map.py" rings.h5 6 9
status_of vitrail vortices rings.h5
