# A known induction, with a vacuum of another size and without one; then with strain.
"$PYTHON" "$CASES/make_ring_map.py" map.h5 12 18
"$PYTHON" "$CASES/make_beam_map.py" map.h5 12 18 30 -60
"$PYTHON" "$CASES/make_beam_map.py" vacuum.h5 5 9 0 0
vitrail magnetic map.h5 --vacuum vacuum.h5 --thickness 100
vitrail strain map.h5 --reference 0:12,0:6 --young 140 --poisson 0.3 >out
vitrail magnetic map.h5 --descan plane --region 0:12,0:3 --region left=0:12,2:6 --thickness 100 --magnetostriction 25
"$PYTHON" - <<'END'
import h5py
with h5py.File("map.h5") as file:
    magnetic = file["entry/magnetic"]
    for name, expected in (("Bx", 0.3), ("By", -0.6)):
        print(name, "right" if abs(magnetic[name][5, 9] - expected) < 1e-4 else magnetic[name][5, 9])
    print(magnetic["Bx"].attrs["units"], magnetic["joint_count"].shape, int(magnetic["angle_count"][()].sum()))
    print(magnetic.attrs["notes"])
    print(file["entry/process/magnetic/parameters"][()].decode(), end="")
END
vitrail magnetic map.h5 --json --descan constant --region 0:12,0:6 | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
print(sorted(result), sorted(result["quantities"]), result["valid"])'
vitrail magnetic map.h5 --electric --vacuum vacuum.h5 --thickness 100 --thickness-error 5 --scan-rotation 0 --flip no >out && grep Ex out
vitrail magnetic map.h5 --quiet
vitrail figure map.h5 field,angles,joint --overlay Bt --directors -o field.png && files | grep png
