# From simulated patterns to the catalogue by the commands alone: the inclusion of the field within four errors of the truth.
vitrail simulate fe-band -o scan.h5 --scan 48x48 --pattern 96x96 --electrons 1e6 --strain-scale 3 --seed 3 --quiet
vitrail map scan.h5 -o map.h5 --quiet
vitrail strain map.h5 >out
vitrail inclusions map.h5 --poisson 0.32 --radius 10:20 --quiet
"$PYTHON" - <<'END'
import h5py
import numpy as np
with h5py.File("map.h5") as file, h5py.File("scan_truth.h5") as other:
    group, truth = file["entry/inclusions"], other["entry/truth"].attrs
    catalogue = group["catalogue"]
    known = {"y": truth["inclusion_centre_y_nm"], "x": truth["inclusion_centre_x_nm"], "radius": truth["inclusion_radius_nm"],
             "shear": 3 * truth["inclusion_eigenstrain_shear"], "angle": truth["inclusion_angle_degrees"],
             "dilation": 3 * truth["inclusion_eigenstrain_dilation"]}
    side = 47 * 5.8
    inside = [i for i, (y, x) in enumerate(zip(known["y"], known["x"])) if 0 < y < side and 0 < x < side]
    print("in the field", len(inside))
    for i in inside:
        off = np.hypot(catalogue["y"][()] - known["y"][i], catalogue["x"][()] - known["x"][i])
        found = int(np.argmin(off))
        print("centre to 3 nm", off[found] < 3, "aspect", catalogue["aspect"][found])
        for name, values in known.items():
            pull = (catalogue[name][found] - values[i]) / catalogue[name + "_errors"][found]
            print(name, "right" if abs(pull) < 4 else pull)
    before, after = (np.nanstd(file[name][()]) for name in ("entry/strain/exy", "entry/inclusions/residual_exy"))
    print("less is left", after < before)
END
