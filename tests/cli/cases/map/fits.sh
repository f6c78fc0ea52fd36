# The three fits agree on a bright ring; the threshold's pixels lie on a background that falls, which pulls it.
vitrail simulate rings -o scan.npy --scan 12x12 --pattern 96x96 --exx 0.02 --contrast 0 --electrons 1e8 --type f32 >out
for fit in likelihood sectors threshold; do
  vitrail map scan.npy -o "$fit.h5" --fit "$fit" --virtual dark=30:44 --no-profile >out
  "$PYTHON" - "$fit.h5" <<'TXT'
import sys
import h5py
import numpy as np

with h5py.File(sys.argv[1]) as file:
    ellipse = np.nanmean(file["entry/ring/ellipse"][:], (0, 1))
    ratio = ellipse[2] / ellipse[3]
    print(sys.argv[1], "right" if abs(ratio - 1.02) < (0.008 if "threshold" in sys.argv[1] else 0.004) else ratio, list(file["entry/virtual"]),
          "profile" in file["entry"])
TXT
done
