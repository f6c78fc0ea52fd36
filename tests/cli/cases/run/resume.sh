# A step that fails is named, what is done is kept, and the next run goes on from there and says so.
vitrail simulate rings -o scan.h5 --scan 6x8 --pattern 96x96 --electrons 1e6 --contrast 0 >out
recipe() {
  printf 'recording: scan.h5\ncalibrate:\nmap:\nstrain: {reference: %s}\n' "'$1'" >recipe.yaml
}
recipe 90:95,0:3
vitrail run recipe.yaml >out
echo "status $?" && files
vitrail run recipe.yaml --json --resume 2>err | "$PYTHON" -c '
import json, sys
result = json.load(sys.stdin)
print(result["done"], result["done_before"], result["failed"])
print([step.get("done_before") for step in result["steps"]])'
echo "-- mended"
recipe 0:3,0:8
status_of vitrail run recipe.yaml
vitrail run recipe.yaml --resume >out
echo "status $?"
echo "-- a step added"
printf 'magnetic:\nreport:\n' >>recipe.yaml
vitrail run recipe.yaml --resume >out
vitrail run recipe.yaml --resume >out
echo "-- a step changed: what comes after it may rest on it"
sed -i 's/0:3,/0:2,/' recipe.yaml
vitrail run recipe.yaml --resume >out
echo "-- and so it stays, where that was done by hand or did not come about"
vitrail strain scan-map.h5 --reference=0:2,0:8 >out
vitrail run recipe.yaml --resume >out
echo "-- the pass changed"
sed -i 's/^map:/map: {profile-step: 2}/' recipe.yaml
status_of vitrail run recipe.yaml --resume
vitrail run recipe.yaml --resume --force >out
echo "status $?"
