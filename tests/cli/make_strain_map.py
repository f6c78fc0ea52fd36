#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A map file with strain of three inclusions along a line, written by h5py: make_strain_map.py FILE [bare|flat|holes]

72 x 90 positions in steps of 5 nm; radius 15 nm, shear 0.010 at 80 degrees, dilation 0.004, Poisson's ratio 0.3, at (80, 90),
(180, 190) and (280, 290) nm (y, x). Errors of 0.001. bare: without errors; flat: noise alone; holes: positions without strain.
"""
import sys

import h5py
import numpy as np

STEP, RADIUS, NU = 5.0, 15.0, 0.3


def elastic_strain(x, y):
    """Of the displacement, by differences: none of the program's formulas."""
    angle = np.radians(80)
    xx, xy, d = 0.010 * np.cos(2 * angle), 0.010 * np.sin(2 * angle), 0.004

    def displacement(x, y, inside):
        ex, ey, r2 = xx * x + xy * y, xy * x - xx * y, x * x + y * y
        t = RADIUS**2 / np.maximum(r2, 1e-9)
        q = (x * ex + y * ey) / np.maximum(r2, 1e-9)
        along = np.where(inside, (3 - 4 * NU), t * (2 * (1 - 2 * NU) + t)) / (4 * (1 - NU))
        radial = np.where(inside, 2 * d, t * (2 * (1 - t) * q + 2 * d)) / (4 * (1 - NU))
        return along * ex + radial * x, along * ey + radial * y

    inside, h = x * x + y * y <= RADIUS**2, 1e-4
    right, left = displacement(x + h, y, inside), displacement(x - h, y, inside)
    down, up = displacement(x, y + h, inside), displacement(x, y - h, inside)
    exx, eyy = (right[0] - left[0]) / (2 * h), (down[1] - up[1]) / (2 * h)
    exy = (right[1] - left[1] + down[0] - up[0]) / (4 * h)
    return exx - inside * (xx + d), eyy - inside * (d - xx), exy - inside * xy


def main():
    path, kind = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    y, x = np.mgrid[0:72, 0:90] * STEP
    strain = np.random.default_rng(2).normal(0, 0.001, (3,) + y.shape)
    for cy, cx in () if kind == "flat" else ((80, 90), (180, 190), (280, 290)):
        strain += elastic_strain(x - cx, y - cy)
    if kind == "holes":
        strain[:, 20:24, :] = np.nan
        strain[:, :, 40:42] = np.nan
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/strain")
        group.attrs.update(axis=0.0, mean=0.0, poisson=NU)
        for name, values in zip(("exx", "eyy", "exy"), strain):
            group[name] = values.astype("f4")
            group[name + "_errors"] = np.full(y.shape, np.nan if kind == "bare" else 0.001, "f4")
        group["volumetric_errors"] = np.full(y.shape, 0.001 * np.sqrt(2), "f4")
        group["scan_y"], group["scan_x"] = y[:, 0], x[0]
        for axis in ("scan_y", "scan_x"):
            group[axis].attrs["units"] = "nm"


main()
