# Two recordings, one calibration; a table of both; one of them again.
vitrail simulate rings -o one.h5 --scan 6x8 --pattern 96x96 --electrons 1e6 --contrast 0 --exx 0.01 >out
vitrail simulate rings -o two.h5 --scan 6x8 --pattern 96x96 --electrons 1e6 --contrast 0 --exx -0.01 --seed 2 >out
cat >recipe.yaml <<'END'
recordings:
  - one.h5
  - {file: two.h5, name: second}
lock: second
calibrate: {output: locked.h5}
map: {output: maps/<name>.h5}
strain: {reference: '0:6,0:8'}
profile: {line: '0,0,20,0', quantity: exx, output: both.csv, common: yes}
report:
  - {output: <name>.html}
  - common: yes
END
vitrail run recipe.yaml --dry-run
vitrail run recipe.yaml --quiet >out
echo "status $?" && files
head -n 1 both.csv | cut -c 1-60
"$PYTHON" -c '
import h5py
for name in ("one", "second"):
    with h5py.File(f"maps/{name}.h5") as file:
        run = file["entry/process/run"].attrs
        print(run["recording"], run["folder"], file["entry/process/map/command"][()].decode())'
echo "-- one of them again"
vitrail run --again maps/one.h5 --dry-run
cp maps/one.h5 first.h5
mkdir again
vitrail run --again maps/one.h5 -o again/one.h5 --quiet >out
echo "status $?" && ls again
"$PYTHON" "$CASES/compare_maps.py" maps/one.h5 again/one.h5
echo "-- each with its own"
sed -i 's/^lock: .*/lock: no/; s/locked/<name>-calibration/' recipe.yaml
vitrail run recipe.yaml --dry-run | grep -c calibrate
