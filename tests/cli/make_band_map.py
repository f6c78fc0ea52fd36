#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A map file with strain of one shear band, written by h5py: make_band_map.py FILE [flat]

80 x 110 positions in steps of 5 nm, errors of 0.001; the band at -62 degrees through (200, 270) nm (y, x): step 0.004 of
exx + eyy and 0.002 of the shear strain, width 9 nm, decay lengths 40 and 60 nm. flat: noise alone.
"""
import sys

import h5py
import numpy as np

STEP = 5.0


def main():
    path, kind = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    y, x = np.mgrid[0:80, 0:110] * STEP
    exx, eyy, exy = np.random.default_rng(4).normal(0, 0.001, (3,) + y.shape)
    if kind != "flat":
        a = np.radians(-62)
        d = (y - 200) * np.cos(a) - (x - 270) * np.sin(a)
        step = np.tanh(d / 9) * np.exp(-np.abs(d) / np.where(d > 0, 60, 40))
        exx += step * (0.002 - 0.002 * np.sin(2 * a))
        eyy += step * (0.002 + 0.002 * np.sin(2 * a))
        exy += step * 0.002 * np.cos(2 * a)
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/strain")
        group.attrs.update(axis=0.0, mean=0.0)
        for name, values in (("exx", exx), ("eyy", eyy), ("exy", exy), ("volumetric", exx + eyy)):
            group[name] = values.astype("f4")
            group[name + "_errors"] = np.full(y.shape, 0.001 * (np.sqrt(2) if name == "volumetric" else 1), "f4")
        group["scan_y"], group["scan_x"] = y[:, 0], x[0]
        for axis in ("scan_y", "scan_x"):
            group[axis].attrs["units"] = "nm"


main()
