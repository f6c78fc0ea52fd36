# Across and along a band that vitrail bands found, its own width: the step across it, and what is refused.
"$PYTHON" "$CASES/make_band_map.py" map.h5
vitrail bands map.h5 --quiet
vitrail profile map.h5 --band SB1 --direction across --quantity exx,eyy --figure across.png --json | "$PYTHON" -c '
import json, math, sys
result = json.load(sys.stdin)
d = result["distance"]
exx, eyy = (c["mean"] for c in result["curves"][:2])
# 80 nm at the least on either side; the step of exx + eyy is 0.004, of which tanh(20/9) exp(-20/L) are left at 20 nm
print(d[0] < -80, d[-1] > 80)
near = min(range(len(d)), key=lambda i: abs(d[i] - 20))
far = min(range(len(d)), key=lambda i: abs(d[i] + 20))
print(abs(exx[near] + eyy[near] - 0.004 * math.tanh(20 / 9) * math.exp(-20 / 60)) < 0.0005,
      abs(exx[far] + eyy[far] + 0.004 * math.tanh(20 / 9) * math.exp(-20 / 40)) < 0.0005)'
vitrail profile map.h5 map.h5 --band SB1 --quantity exx -o along.csv
head -n 1 along.csv | sed 's/[0-9.]* nm wide/N nm wide/'
status_of vitrail profile map.h5 --band SB2 --quantity exx
status_of vitrail profile map.h5 --band 1 --quantity exx
status_of vitrail profile map.h5 --band SB1 --line 0,0,9,9 --quantity exx
files
