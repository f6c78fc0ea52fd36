# A neutron profile of nickel with one shell at 2.5 Å: what is found, written, locked, compared and drawn.
cat >make.py <<'TXT'
import math
import sys

distance, per_nm = float(sys.argv[1]), len(sys.argv) > 2
print("# Q (nm^-1)  I  sigma" if per_nm else "# Q(1/A)  I  sigma")
for i in range(400):
    q = 0.8 + 0.05 * i
    value = 200 * (1 + 3 * math.sin(q * distance) / (q * distance) * math.exp(-0.008 * q * q))
    print(f"{q * (10 if per_nm else 1):.9g} {value:.9g} {0.01 * value:.9g}")
TXT
"$PYTHON" make.py 2.5 >ni.dat
"$PYTHON" make.py 2.5 nm >nm.dat
"$PYTHON" make.py 2.52 >aged.dat
settings=(--radiation neutron --composition Ni --qmax 20 --window lorch --rmax 8 --no-constant)
vitrail pdf ni.dat "${settings[@]}" -o ni --figure ni.png --table ni.csv --json >found.json
vitrail pdf nm.dat "${settings[@]}" --compare ni.gr --shells 2.4 --shell-range 3:20 --json >nm.json
vitrail pdf aged.dat --lock ni.fq --hold scale --json >aged.json
vitrail pdf ni.dat aged.dat "${settings[@]}" -o series --format gr --figure series.svg >series.csv
"$PYTHON" - <<'TXT'
import csv
import json

def result(name):
    return json.load(open(name))["results"][0]

def show(what, value, truth, tolerance):
    print(what, "right" if abs(value - truth) <= tolerance else value)

ni, nm, aged = result("found.json"), result("nm.json"), result("aged.json")
show("distance", ni["peaks"][0]["position"], 2.5, 0.01)
show("in 1/nm", nm["peaks"][0]["position"], ni["peaks"][0]["position"], 1e-6)
show("R factor of the same", nm["r_factor"], 0, 1e-5)
show("shell", nm["shells"][0]["distance"], 2.5, 0.001)
show("scale held", aged["scale"] / ni["scale"], 1, 1e-8)
print("scale from:", ni["scale_from"], "then", aged["scale_from"])
show("locked qmax", aged["qmax"], ni["qmax"], 1e-9)
rows = list(csv.DictReader(open("series.csv")))
print([row["name"] for row in rows])
show("longer by", float(rows[1]["position1"]) - float(rows[0]["position1"]), 0.02, 0.003)
show("error bars", float(rows[0]["position1_error"]) > 0, True, 0)
print("R factor of the second", 0.02 < float(rows[1]["r_factor"]) < 0.5)
print("table", len(list(csv.DictReader(open("ni.csv")))))
TXT
grep -c '^[0-9]' ni.gr
grep -e '^mode' -e '^composition' -e '^qmax =' -e '^inputfile' -e '^outputtype' -e '^#L' ni.gr
head -c 4 ni.png | tail -c 3; echo
head -c 5 series.svg; echo
rm make.py found.json nm.json aged.json
files
