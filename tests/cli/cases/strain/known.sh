# A map file of another writer with a known strain: the table, the file, and the same again from a changed axis.
"$PYTHON" "$CASES/make_ring_map.py" map.h5 12 18
vitrail strain map.h5 --reference 0:12,0:6
files
"$PYTHON" - <<'END'
import h5py
with h5py.File("map.h5") as file:
    strain = file["entry/strain"]
    for name, expected in (("exx", 0.01), ("eyy", -0.004), ("exy", 0.002)):
        print(name, "right" if abs(strain[name][5, 9] - expected) < 1e-6 else strain[name][5, 9])
    print(strain["exx"][0, 17], strain.attrs["signal"], strain["scan_x"].attrs["units"])
    print(file["entry/process/strain/command"][()].decode())
    print(file["entry/process/strain/parameters"][()].decode(), end="")
END
vitrail strain map.h5 --axis 90 --mean --first-order --young 100 --poisson 0.3 --descan paraboloid >out && head -n 1 out
"$PYTHON" -c '
import h5py
with h5py.File("map.h5") as file:
    print(round(float(file["entry/strain/exx"][5, 9]), 4), file["entry/strain/energy"].attrs["units"])'
vitrail strain map.h5 --json --reference 0:12,0:6 | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
print(sorted(result), round(result["quantities"]["exx"]["median"], 4), result["valid"])'
