# Profiles in sectors: the directions of the scan, the same numbers for one thread and for two, and without the whole
# profile.
vitrail simulate rings -o scan.npy --scan 16x20 --pattern 64x64 --contrast 0 --electrons 1e6 >out
vitrail calibrate scan.npy -o c.h5 --k-step 0.02 --scan-step 3 >out
vitrail map scan.npy -o one.h5 --calibration c.h5 --sectors 8 --scan-rotation 100 --flip --threads 1 >out
vitrail map scan.npy -o two.h5 --calibration c.h5 --sectors 8 --scan-rotation 100 --flip --threads 2 >out
h5diff --exclude-path=/entry/process one.h5 two.h5 && echo "the same for one thread and for two"
vitrail map scan.npy -o only.h5 --calibration c.h5 --sectors 8 --scan-rotation 100 --flip --no-profile >out
h5diff one.h5 only.h5 /entry/sectors /entry/sectors && echo "the same without the whole profile"
"$PYTHON" - <<'TXT'
import h5py
import numpy as np

with h5py.File("one.h5") as file:
    sectors = file["entry/sectors"]
    print(sorted(sectors), sectors.attrs["signal"], list(sectors.attrs["axes"]))
    print(sectors["intensity"].shape == (16, 20, 8, len(sectors["k"])), sectors.attrs["taken_out"])
    print(sectors["angle"][:], sectors["angle"].attrs["units"], sectors.attrs["width_degrees"])
    whole, parts = file["entry/profile/intensity"][:, :, 10:20], sectors["intensity"][:, :, :, 10:20]
    print("their mean is the whole" if abs(parts.mean() / whole.mean() - 1) < 2e-3 else (parts.mean(), whole.mean()))
with h5py.File("only.h5") as file:
    print("profile" in file["entry"])
TXT
rm out
files
