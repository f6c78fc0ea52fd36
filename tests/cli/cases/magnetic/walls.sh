# A wall of 180 degrees at a third of the scan, between domains that are known; as a table, as maps, as a figure.
"$PYTHON" "$CASES/make_beam_map.py" map.h5 30 42 80 60
"$PYTHON" "$CASES/make_beam_map.py" vacuum.h5 30 42 0 0
"$PYTHON" - <<'END'
import h5py
with h5py.File("map.h5", "a") as map, h5py.File("vacuum.h5") as vacuum:
    for name in "xy":
        beam, rest = map["entry/beam"][name], vacuum["entry/beam"][name]
        beam[:, :14] = 2 * rest[:, :14] - beam[:, 14:28] + rest[:, 14:28] - rest[:, :14]
END
vitrail magnetic map.h5 --vacuum vacuum.h5 --thickness 100 | sed -n '/^walls/,$p'
vitrail magnetic map.h5 --vacuum vacuum.h5 --thickness 100 --wall-scale 12 --wall-significance 1e-6 --json | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
wall = result["walls"][0]
print(len(result["walls"]), wall["domains"], round(wall["angle"], 2), round(wall["direction"], 1), round(wall["length_nm"], 1))
print([round(domain["direction"]) for domain in result["domains"]], result["wall_scale_nm"], sum(result["direction_count"]))'
"$PYTHON" - <<'END'
import h5py
with h5py.File("map.h5") as file:
    magnetic = file["entry/magnetic"]
    print(magnetic["domain"][15, 5], magnetic["domain"][15, 30], sorted(set(magnetic["wall"][15])), magnetic["wall"].shape)
    print(sorted(magnetic["walls"]), [round(float(v), 1) for v in magnetic["walls/x"]])
    print(sorted(magnetic["domains"]), magnetic["domains/field"].attrs["units"])
END
status_of vitrail magnetic map.h5 --wall-scale 1e5
status_of vitrail magnetic map.h5 --wall-significance 2
vitrail profile map.h5 --line 60,90,140,90 --width 60 --quantity Bx,By --quantity turning_rate -o across.csv --figure across.svg
vitrail figure map.h5 walls,magnetic/domain,magnetic/turning_rate --overlay B -o walls.png
status_of vitrail figure map.h5 joint -o joint.png
files
