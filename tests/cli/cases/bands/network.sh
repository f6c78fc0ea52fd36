# The whole road for a small network: specimen, map, strain, bands against the truth beside the recording; points and figure.
vitrail simulate network --annealing 240h --scan 60x80 --scan-step 16 --pattern 96x96 --contrast 0.02 -o scan.h5 --quiet
vitrail map scan.h5 -o map.h5 --quiet && vitrail strain map.h5 --quiet > strain.txt && vitrail bands map.h5 --points points.csv --quiet
"$PYTHON" - <<'END'
import h5py
import numpy as np

truth = h5py.File("scan_truth.h5")["entry/truth"].attrs
bands = h5py.File("map.h5")["entry/bands"]
print("bands", bands.attrs["count"], "of", np.size(truth["band_angle_degrees"]))
for name, true, found in (
    ("density", truth["band_density_inv_nm"], "density"),
    ("spread of the matrix", truth["matrix_strain"], "matrix_strain"),
    ("its length", truth["matrix_length_nm"], "matrix_length"),
):
    unit = {"density": "_inv_nm", "matrix_length": "_nm"}.get(found, "")
    pull = (bands.attrs[found + unit] - true) / bands.attrs[found + "_error" + unit]
    print(name, "right" if abs(pull) < 3 else pull)
names = ("angle_degrees", "point_y_nm", "point_x_nm", "curvature_inv_nm")
true = np.array([np.atleast_1d(truth["band_" + name]) for name in names])
for angle, error, y, x in zip(bands["angle"], bands["angle_errors"], bands["y"], bands["x"]):
    a = np.radians(true[0])
    along = (y - true[1]) * np.sin(a) + (x - true[2]) * np.cos(a)
    off = np.min(np.abs(angle - true[0] - np.degrees(true[3] * along)) / error)
    print("angle", "right" if off < 4 else off)
points = bands["points"]
print(sorted(points), points["branch"][0], truth["point_is_branch"], len(points["y"]))
for axis in ("y", "x"):
    pull = (points[axis][0] - truth["point_" + axis + "_nm"]) / points[axis + "_errors"][0]
    print("point", axis, "right" if abs(pull) < 4 else pull)
END
sed 's/[-0-9.][0-9.]*/N/g' points.csv
vitrail figure map.h5 bands -o bands.svg && ls bands.svg
