# From a simulated recording to tesla, with its vacuum recording; the same seed gives the same domains.
vitrail simulate lorentz -o scan.h5 --scan 6x12 --pattern 64x64 --contrast 0 --threads 1 --json >out
vitrail simulate lorentz -o again.npy --scan 6x12 --pattern 64x64 --contrast 0 --threads 2 --magnetised --induction 1 --thickness 80
status_of vitrail simulate rings -o ring.npy --magnetised
vitrail map scan.h5 -o map.h5 --beam disc --quiet
vitrail map scan_vacuum.h5 --calibration map.h5 -o vacuum.h5 --beam disc --quiet
vitrail magnetic map.h5 --vacuum vacuum.h5 --thickness 100 --json | "$PYTHON" -c '
import json, sys
b = json.load(sys.stdin)["quantities"]["B"]
print("B", "right" if abs(b["median"] - 1.4) < 0.05 and 0.02 < b["median_error"] < 0.1 else b)'
files
