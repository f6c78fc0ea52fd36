#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds the direct beam to a map file of make_ring_map.py (or makes a file with the beam alone), written by h5py:
make_beam_map.py FILE SCAN_Y SCAN_X BTX BTY [K_STEP]

Right of the first third of the scan an induction times thickness of (BTX, BTY) T nm deflects it, under a detector turned by 30
degrees and mirrored; descan moves it by 2 px along x and -1 px along y over the scan, wherever the positions lie.
"""
import sys

import h5py
import numpy as np


def main():
    path, n_y, n_x = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    induction = np.array([float(sys.argv[4]), float(sys.argv[5])])
    k_step = float(sys.argv[6]) if len(sys.argv) > 6 else 1e-4
    charge, planck, wavelength = 1.602176634e-19, 6.62607015e-34, 0.0196875e-10
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    to_detector = np.array([[c, -s], [s, c]]) @ np.diag([1, -1])
    angle = charge * wavelength / planck * 1e-9 * np.array([induction[1], -induction[0]])
    px = to_detector @ angle / (k_step * 0.0196875)
    u, v = (np.arange(n_x) + 0.5) / n_x, (np.arange(n_y) + 0.5) / n_y
    inside = np.broadcast_to(u >= 1 / 3, (n_y, n_x))
    with h5py.File(path, "a") as file:
        beam = file.create_group("entry/beam")
        beam["x"] = (63 + 2 * u[None, :] + px[0] * inside + 0 * v[:, None]).astype("f4")
        beam["y"] = (62 - v[:, None] + px[1] * inside).astype("f4")
        beam["x_errors"] = beam["y_errors"] = np.full((n_y, n_x), 0.01, "f4")
        beam["flags"] = np.zeros((n_y, n_x), "u4")
        calibration = file.create_group("entry/calibration")
        calibration.attrs.update(wxx=1.0, wyy=1.0, wxy=0.0, k_step_inv_angstrom=k_step, beam_energy_kev=300.0)
        calibration.attrs.update(scan_step_nm=[5.8, 5.8])


main()
