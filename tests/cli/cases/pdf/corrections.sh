# A shell of nickel (no matter around it: density nil) under polarisation, absorption and a slow factor: each option gives back what was there.
cat >make.py <<'TXT'
import math
import sys

kind, wavelength = sys.argv[1], 0.5
print("# Q(1/A)  I")
for i in range(400):
    q = 0.8 + 0.05 * i
    s = 3 * math.sin(2.5 * q) / (2.5 * q) * math.exp(-0.008 * q * q)
    c = math.cos(2 * math.asin(q * wavelength / (4 * math.pi)))
    b2 = 10.3**2
    if kind == "S":
        value = 1 + s
    elif kind == "barn":
        value = 0.01 * b2 * s
    else:
        value = 200 * (1 + s) * {"plain": 1, "tube": (1 + c * c) / 2, "slow": 1 + 0.04 * math.sin(q / 2)}[kind]
    print(f"{q:.9g} {value:.9g}")
TXT
for kind in plain tube slow S barn; do "$PYTHON" make.py $kind >$kind.dat; done
settings=(--radiation neutron --composition Ni --rmax 8 --no-constant --no-background --extrapolate --peak 2:3 --json)
vitrail pdf plain.dat "${settings[@]}" --scale 1 -o plain --format fq >plain.json 2>/dev/null
vitrail pdf S.dat "${settings[@]}" --content S -o S --format fq >S.json
vitrail pdf barn.dat "${settings[@]}" --content barn --q-step 0.1 >barn.json
vitrail pdf tube.dat "${settings[@]}" --polarisation 0 --wavelength 0.5 --sum-rule --density 0.0001 >tube.json
vitrail pdf plain.dat "${settings[@]}" --sum-rule --density 0.0001 >rule.json
vitrail pdf slow.dat "${settings[@]}" --sum-rule --density 0.0001 --rcut 2 >slow.json
vitrail pdf slow.dat "${settings[@]}" --iterations 20 --density 0.0001 --rcut 2 >iterated.json
vitrail pdf tube.dat "${settings[@]}" --polarisation 0 --wavelength 0.5 --sum-rule --density 0.0001 -o tube --format gr >first.json
vitrail pdf tube.dat "${settings[@]}" --wavelength 0.5 --lock tube.gr >locked.json
grep -E '^(polarisation|sum-rule) ' tube.gr
"$PYTHON" - <<'TXT'
import json

def result(name):
    return json.load(open(name + ".json"))["results"][0]

def show(what, value, truth, tolerance):
    print(what, "right" if abs(value - truth) <= tolerance else value)

S = result("S")
show("S", S["peaks"][0]["position"], 2.5, 0.03)
show("barn", result("barn")["peaks"][0]["height"] / S["peaks"][0]["height"], 1, 0.01)
show("polarisation", result("tube")["scale"] / result("rule")["scale"], 1, 1e-6)
show("locked", result("locked")["scale"] / result("first")["scale"], 1, 1e-9)
before, after = (abs(result(name)["peaks"][0]["position"] - 2.5) for name in ("slow", "iterated"))
print("iterations help:", after < 0.2 * before)
TXT
status_of vitrail pdf tube.dat "${settings[@]}" --polarisation 0
status_of vitrail pdf tube.dat "${settings[@]}" --wavelength 0.5 --absorption cylinder
status_of vitrail pdf tube.dat "${settings[@]}" --iterations 3
status_of vitrail pdf tube.dat --composition Ni --content barn
