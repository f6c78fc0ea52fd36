# Regions, bins and number types, against sums made by NumPy.
recording scan.npy 5 6 20 24 uint8
vitrail convert scan.npy region.npy --scan 1:4,2:6 --detector 2:18,4:20
vitrail convert scan.npy binned.npy --bin 3
vitrail convert scan.npy scan-binned.npy --bin-scan 2
vitrail convert scan.npy float.npy --to-type f32
"$PYTHON" - <<'TXT'
import numpy as np

scan = np.load("scan.npy")
assert (np.load("region.npy") == scan[1:4, 2:6, 2:18, 4:20]).all()
cut = scan[:, :, :18, :24].astype(int)
binned = np.load("binned.npy")
assert (binned == cut.reshape(5, 6, 6, 3, 8, 3).sum((3, 5))).all(), "sums of pixels"
cut = scan[:4].astype(int)
assert (np.load("scan-binned.npy") == cut.reshape(2, 2, 3, 2, 20, 24).sum((1, 3))).all(), "sums of patterns"
assert np.load("float.npy").dtype == np.float32 and (np.load("float.npy") == scan).all()
print("as NumPy sums them")
TXT
line=(convert scan.npy bad.npy --scan 1:9,0:2)
vitrail "${line[@]}"
echo "status $?"
status_of vitrail convert scan.npy bad.npy --bin 0
status_of vitrail convert scan.npy bad.npy --bin 100
status_of vitrail convert scan.npy bad.xyz
status_of vitrail convert scan.npy bad.tif
status_of vitrail convert scan.npy bad.npy --to-type complex
status_of vitrail convert scan.npy
status_of vitrail convert scan.npy a.npy b.npy
files
