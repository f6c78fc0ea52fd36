# What calibrate finds in a recording whose truth is known, each within a few of its errors.
vitrail simulate rings -o scan.npy --scan 16x16 --pattern 128x128 --centre-x 60 --centre-y 66.5 --distortion 2 \
  --distortion-angle 30 --electrons 3e5 --middle empty >out
vitrail calibrate scan.npy --json >found.json
"$PYTHON" - <<'TXT'
import json

found = json.load(open("found.json"))
truth = {"sampled": (256, 0), "fitted": (256, 2), "chi2": (1, 0.05), "gain": (1, 0.05), "centre_x_px": (60, 0.02),
         "centre_y_px": (66.5, 0.02), "axis_ratio": (1.02, 0.002), "long_axis_degrees": (30, 3),
         "ring_radius_px": (29.7, 0.2), "contrast": (0.024, 0.003), "grain_px": (3, 0.2), "friedel": (0.3, 0.04)}
for name, (value, tolerance) in truth.items():
    print(name, "right" if abs(found[name] - value) <= tolerance else found[name])
TXT
quiet_status_of vitrail calibrate scan.npy --ring 40
quiet_status_of vitrail calibrate scan.npy --sample 2
vitrail calibrate scan.npy -o calibration.h5 | sed 's/ .*//'
vitrail report calibration.h5 -o report.html
rm out found.json
files
