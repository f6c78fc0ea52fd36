# The variance of a recording: the same numbers for any number of threads, curves, bins and maps; the ring's speckle is found; what is refused.
vitrail simulate rings -o scan.npy --scan 20x20 --pattern 96x96 --electrons 1e5 --exx 0 --eyy 0 --exy 0 >out
vitrail calibrate scan.npy -o c.h5 --k-step 0.01 --scan-step 3 >out
vitrail fluctuation scan.npy --calibration c.h5 --k-step 0.01 -o one.csv --maps maps.npy --figure figure.svg --threads 1 >out
vitrail fluctuation scan.npy --calibration c.h5 -o two.csv --threads 2 --quiet
cmp one.csv two.csv && echo "the same for one thread and for two"
vitrail fluctuation scan.npy --calibration c.h5 -o bins.csv --bins 2 --signal haadf --region 0:20,0:10 --bragg 50 --quiet
"$PYTHON" - <<'TXT'
import csv
import numpy as np

def read(name):
    with open(name) as file:
        return [{key: float(value) if value else np.nan for key, value in row.items()} for row in csv.DictReader(file)]

rows = read("one.csv")
print(list(rows[0]))
ring = max(rows, key=lambda row: row["mean_counts"] if row["k_inv_angstrom"] > 0.15 else 0)
print("speckle around the ring", ring["V_r"] > 10 * ring["V_r_error"] > 0, "as over positions", abs(ring["V_r"] / ring["Omega_V"] - 1) < 0.1)
print("of the mean less", ring["V_Omega"] < 0.1 * ring["V_r"])
bins = read("bins.csv")
print("bins", sorted({row["bin"] for row in bins}), {row["bin"]: row["positions"] for row in bins})
maps = np.load("maps.npy")
print(maps.shape, np.isfinite(maps[0]).mean() > 0.5)
TXT
status_of vitrail fluctuation scan.npy --calibration c.h5 --window 4
status_of vitrail fluctuation scan.npy --calibration c.h5 --k-range 0.5:0.1
status_of vitrail fluctuation scan.npy --calibration c.h5 --k-range 0.1:0.2 --k-width 0.5
status_of vitrail fluctuation scan.npy --calibration c.h5 --k-range 0.8:0.9
status_of vitrail fluctuation scan.npy --calibration c.h5 --region 0:1,0:2
status_of vitrail fluctuation scan.npy --calibration c.h5 --bins 32 --region 0:5,0:5
rm out
files
