# Regions of a map file compared: two halves of one specimen do not differ, swapped they differ as little the other way; as text, JSON, CSV, figure and group; wrong use leaves the file as it was.
vitrail simulate two-phase -o scan.h5 --scan 20x20 --pattern 96x96 --contrast 0 --electrons 1e7 >out
vitrail map scan.h5 -o map.h5 >out
cp map.h5 bare.h5
alloy="--composition Fe85.2Si0.5B9.5P4Cu0.8 --density 0.087 --scale-from-window --qmax 14 --peak 1.6:3.4"
vitrail pdf map.h5 $alloy --only-maps --region left=0:20,0:10 --region right=0:20,10:20 >out
cp map.h5 before.h5
quiet_status_of vitrail compare bare.h5
quiet_status_of vitrail compare map.h5 --region left=0:20,0:10
quiet_status_of vitrail compare map.h5 --region left=0:20,0:10 --region few=0:1,0:3
quiet_status_of vitrail compare map.h5 --region left=0:20,0:10 --region few=0:4,0:6
quiet_status_of vitrail compare map.h5 --range 3:2
quiet_status_of vitrail compare map.h5 --range 5:90
quiet_status_of vitrail compare map.h5 --figure out
cmp map.h5 before.h5 && echo "as it was"
vitrail compare map.h5 --threads 1 --csv tests.csv --curves curves.csv --figure regions.png >one.txt
vitrail compare before.h5 --threads 2 >two.txt
cmp one.txt two.txt && h5diff map.h5 before.h5 /entry/pdf /entry/pdf && echo "the same for one thread and for two"
sed 's/[-0-9.][0-9.]*\(e[-+][0-9]*\)*/N/g' one.txt | tr -s ' '
cut -d, -f1-4 tests.csv
head -1 curves.csv
vitrail compare map.h5 --json >there.json
vitrail compare map.h5 --json --region right=0:20,10:20 --region left=0:20,0:10 >back.json
"$PYTHON" -c '
import json
there, back = (json.load(open(name)) for name in ("there.json", "back.json"))
a, b = there["pairs"][0], back["pairs"][0]
values = [key for key in a if "_" in key and isinstance(a[key], dict)]
print(sorted(there), len(values), a["p"] > 0.01, abs(a["p"] - b["p"]) < 1e-6)
print(all(abs(a[v]["difference"] + b[v]["difference"]) < 1e-9 and abs(a[v]["p"] - b[v]["p"]) < 1e-6 for v in values))
print([r["independent"] < 0.5 * r["positions"] for r in there["regions"]])'
h5ls -r map.h5/entry/pdf/comparison
rm -f out *.json *.txt
files
