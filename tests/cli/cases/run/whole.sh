# From one recipe to the report; what the map file holds; the same again.
vitrail simulate fe-band -o scan.h5 --scan 12x16 --pattern 96x96 --electrons 1e6 --contrast 0 >out
mkdir work && mv scan.h5 work && cd work || exit
cat >recipe.yaml <<'END'
# the steps stand in any order
report:
strain: {axis: 30°, first-order: on, mean: off}
figure:
  - quantity: [exx, density]
    output: <name>.svg
    title: no
recording: scan.h5
map:
  virtual: {dark: 30:40, bright: '0:8'}
  profile-step: .5
  sectors: 8
  ring: [13.5, 34]
profile:
  - line: [0, 0, 60, 0]
    quantity: exx,eyy
    output: exx.csv
END
vitrail run recipe.yaml --dry-run
(cd .. && vitrail run work/recipe.yaml --dry-run --force | sed "s,^cd .*/,cd ,; 2q")
echo "-- it runs"
vitrail run recipe.yaml >out
echo "status $?" && grep -c . out >count && files
"$PYTHON" -c '
import h5py
with h5py.File("scan-map.h5") as file:
    run = file["entry/process/run"]
    print(run["parameters"][()].decode() == open("recipe.yaml").read(), run["command"][()].decode(),
          run.attrs["folder"], run.attrs["recording"])
    print(file["entry/process/strain/command"][()].decode())'
echo "-- not over what is there"
status_of vitrail run recipe.yaml
echo "-- again"
mv scan-map.h5 first.h5
vitrail run --again first.h5 --force --quiet --threads 1 >out
echo "status $?"
"$PYTHON" "$CASES/compare_maps.py" first.h5 scan-map.h5
echo "-- again, into another folder, from elsewhere"
mkdir ../new && cd ..
vitrail run --again work/first.h5 -o new/map.h5 --quiet >out
echo "status $?" && (cd new && files)
"$PYTHON" "$CASES/compare_maps.py" work/first.h5 new/map.h5
echo "-- as JSON"
vitrail run --again work/first.h5 --force --json 2>err | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
print(result["done"], result["failed"], [(step["step"], type(step["result"]).__name__) for step in result["steps"]])'
