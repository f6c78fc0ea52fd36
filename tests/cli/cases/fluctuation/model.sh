# V(k) of a model, and how it agrees with a table; what is refused.
"$PYTHON" - <<'END'
import numpy as np
random = np.random.default_rng(1)
with open("gas.xyz", "w") as file:
    print(200, "12 12 12", sep="\n", file=file)
    for atom in random.uniform(0, 12, (200, 3)):
        print("Cu", *atom, file=file)
END
vitrail fluctuation --model gas.xyz --resolution 0.08 --psi 12 --theta 8 --k-range 0.3:0.5 --k-width 0.1 -o model.csv --figure model.svg
cut -d, -f1 model.csv
{ echo "k V"; tail -n +2 model.csv | awk -F, '{print $1, 2 * $2, 0.001}'; } >twice.txt
vitrail fluctuation --model gas.xyz --resolution 0.08 --psi 12 --theta 8 --compare twice.txt
vitrail fluctuation --model gas.xyz --resolution 0.08 --psi 12 --theta 8 --compare twice.txt --json | "$PYTHON" -c 'import json, sys
found = json.load(sys.stdin)
print(found["model"]["atoms"], len(found["model"]["k"]), found["compared"][0]["n"])'
echo "0.3 1" >one.txt
echo "no numbers" >none.txt
status_of vitrail fluctuation
status_of vitrail fluctuation --model gas.xyz
status_of vitrail fluctuation --model gas.xyz --particle --resolution 0.08
status_of vitrail fluctuation --model gas.xyz --resolution 0.08 --compare one.txt
status_of vitrail fluctuation --model gas.xyz --resolution 0.08 --compare none.txt
status_of vitrail fluctuation --model gas.xyz --resolution 0.08 --k-range 0.3:0.5 --maps maps.tif
status_of vitrail fluctuation --model gas.xyz --resolution 0.08 --psi 12 --theta 8 --compare twice.txt -o model.csv
files
