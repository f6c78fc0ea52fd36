# Every format from one map file, all maps and some; read back with h5py and numpy, against the map file's own numbers.
"$PYTHON" "$CASES/make_strain_map.py" map.h5
for ending in tif gsf csv npy hspy emd; do vitrail export map.h5 exx -o exx.$ending; done
vitrail export map.h5 --errors exx,eyy -o two.npy --json
mkdir each
vitrail export map.h5 exx,strain/exy --format tif -o each/
vitrail export map.h5 -o all.emd
ls each
"$PYTHON" - <<'END'
import csv
import h5py
import numpy as np
with h5py.File("map.h5") as file:
    exx, errors, eyy = (file[f"entry/strain/{name}"][()].astype("f4") for name in ("exx", "exx_errors", "eyy"))
same = lambda a, b: np.array_equal(a, b, equal_nan=True)
two = np.load("two.npy")
print(same(np.load("exx.npy"), exx), two.shape, same(two[0], exx), same(two[1], errors), same(two[2], eyy))
with h5py.File("exx.hspy") as file:
    signal = file["Experiments/strain_exx"]
    variance = signal["metadata/Signal/Noise_properties/_sig_variance/data"][()]
    print(same(signal["data"][()], exx), np.allclose(variance, errors**2, rtol=1e-6, equal_nan=True))
    print([(signal[a].attrs["name"], signal[a].attrs["scale"], signal[a].attrs["units"]) for a in ("axis-0", "axis-1")])
with h5py.File("exx.emd") as file:
    print(same(file["vitrail/strain_exx/data"][()], exx), same(file["vitrail/strain_exx_errors/data"][()], errors))
with h5py.File("all.emd") as file:
    print(sorted(file["vitrail"]))
with open("exx.csv") as file:
    rows = list(csv.reader(file))
table = np.array(rows[1:], float)
print(rows[0], same(table[:, 2].reshape(exx.shape).astype("f4"), exx), table[91, :2])
data = open("exx.gsf", "rb").read()
print(same(np.frombuffer(data[-exx.size * 4:], "<f4").reshape(exx.shape), exx))
END
