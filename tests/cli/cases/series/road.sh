# The whole road: one field in foils of four thicknesses, recorded, mapped, and found again; places and order by the truth.
for t in 300 200 130 70; do
  vitrail simulate thickness --thickness $t -o $t.h5 --pattern 64x64 --scan 40x52 --electrons 3e6 --contrast 0.003 --quiet
  vitrail map $t.h5 -o map$t.h5 --quiet
  vitrail strain map$t.h5 --quiet
done >out
rm out
labels="--label 300 --label 200 --label 130 --label 70"
vitrail series map300.h5 map200.h5 map130.h5 map70.h5 $labels --over 'thickness (nm)' --line 100,126,300,200 --width 120 \
  --direction across -o series.csv --figure series.png --quiet
vitrail series map300.h5 map200.h5 map130.h5 map70.h5 $labels --quantity exx --quantity volumetric -o series.h5 | sed 's/[-0-9.][-0-9.]*/N/g; s/  */ /g'
"$PYTHON" - <<'END'
import csv
import h5py
import numpy as np

rows = list(csv.DictReader(line for line in open("series.csv") if not line.startswith("#")))
truth = [h5py.File(t + "_truth.h5")["entry/truth"] for t in ("300", "200", "130", "70")]
turn = [np.radians(float(g.attrs["field_turn_degrees"])) for g in truth]
shift = [np.array(g.attrs["field_shift_nm"]) for g in truth]
c, s = np.cos(turn[0]), np.sin(turn[0])
for i in (1, 2, 3):  # of the middle of the recording, in the frame of the first
    y, x = shift[i] - shift[0]
    expected = {"shift_x": c * x + s * y, "shift_y": c * y - s * x, "rotation": np.degrees(turn[i] - turn[0])}
    ok = []
    for name, value in expected.items():
        unit = "degrees" if name == "rotation" else "nm"
        off = float(rows[i][f"{name}_{unit}"]) - value
        ok.append(abs(off) < 4 * float(rows[i][f"{name}_error_{unit}"]))
        if name != "rotation":
            ok.append(abs(off) < 0.2 * 5.8)
    print(rows[i]["label"], all(ok))
contrast, noise = [], []
for t, g in zip(("300", "200", "130", "70"), truth):
    off = h5py.File("map" + t + ".h5")["entry/strain/volumetric"][:] - g["volumetric"][:]
    contrast.append(g["volumetric"][:].std())
    noise.append(np.nanstd(off))
snr = np.array(contrast) / noise
found = [np.array([float(r[name]) for r in rows]) for name in ("contrast", "snr")]
print("contrast", list(np.argsort(found[0]) == np.argsort(contrast)))
print("signal to noise", list(np.argsort(found[1]) == np.argsort(snr)))
relative = [float(r["relative_contrast"]) - float(g.attrs["relaxation"]) / float(truth[0].attrs["relaxation"]) for r, g in zip(rows, truth)]
print("relaxation", [abs(d) < 4 * float(r["relative_contrast_error"]) + 1e-9 for d, r in zip(relative, rows)])
with h5py.File("series.h5") as file:
    group = file["entry/series"]
    print(sorted(group), group.attrs["labels"].split())
    stack = group["exx/exx"]
    print(stack.shape, sorted(group["exx"]), float(np.nanmax(np.abs(stack[0] - h5py.File("map300.h5")["entry/strain/exx"][:]))) < 1e-6)
END
vitrail series map300.h5 map130.h5 --json | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
print(len(result["rows"]), result["rows"][1]["label"], result["rows"][0]["shift_x_nm"], round(result["smoothing_nm"], 3))'
