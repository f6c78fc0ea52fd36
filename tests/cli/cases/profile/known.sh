# A step of known strain and a known induction: along, across, a path, several recordings, a direction over its jump.
"$PYTHON" "$CASES/make_ring_map.py" map.h5 12 18
"$PYTHON" "$CASES/make_beam_map.py" map.h5 12 18 30 -60
vitrail strain map.h5 --reference 0:12,0:6 >out
vitrail magnetic map.h5 --region 0:12,0:3 --thickness 100 --quiet
rm out
cp map.h5 other.h5
vitrail profile map.h5 --line 5.8,29,92.8,29 --width 30 --quantity exx,eyy -o strain.csv --figure strain.png
"$PYTHON" - <<'END'
import csv
rows = list(csv.reader(line for line in open("strain.csv") if not line.startswith("#")))
print(rows[0])
x = [float(row[0]) + 5.8 for row in rows[1:]]
exx, eyy = ([float(row[i]) for row in rows[1:]] for i in (1, 5))
left, right = ([i for i, v in enumerate(x) if v < 26], [i for i, v in enumerate(x) if v > 38])
near = lambda values, expected: all(abs(v - expected) < 1e-4 for v in values)
print(len(left), near([exx[i] for i in left], 0), len(right), near([exx[i] for i in right], 0.01), near([eyy[i] for i in right], -0.004))
END
vitrail profile map.h5 --line 34.8,5.8,34.8,58 --width 46.4 --direction across --quantity Bx,By --quantity B_angle --json | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
print(result["direction"], [round(v, 1) for v in result["distance"]])
for curve in result["curves"]:
    print(curve["quantity"], curve["unit"], [round(curve["mean"][i], 3) + 0.0 for i in (0, -1)][: 2 - (curve["unit"] == "degrees")])'
vitrail profile map.h5 other.h5 --line 0,0,58,0,58,58 --step 29 --quantity density --figure both.svg | sed 's/,[0-9e.-]*/,*/g'
vitrail profile map.h5 --line 80,0,120,0 --step 10 --quantity exx | cut -d, -f1,5
files
