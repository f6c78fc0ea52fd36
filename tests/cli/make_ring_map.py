#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A map file with rings of known strain, written by h5py: make_ring_map.py FILE SCAN_Y SCAN_X [NOISE].

The left third is without strain; elsewhere exx = 0.01, eyy = -0.004, exy = 0.002 in the scan's frame, under a detector
turned by 30 degrees and mirrored, behind a lens that makes the ring of the unstrained glass an ellipse.
"""
import sys

import h5py
import numpy as np


def root(m):
    values, vectors = np.linalg.eigh(m)
    return (vectors * np.sqrt(values)) @ vectors.T


def main():
    path, n_y, n_x = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    noise = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    to_detector = np.array([[c, -s], [s, c]]) @ np.diag([1, -1])
    lens = np.array([[1.03, 0.012], [0.012, 0.97]])
    strain = to_detector @ np.array([[0.01, 0.002], [0.002, -0.004]]) @ to_detector.T
    ellipse = np.zeros((n_y, n_x, 5), "f4")
    for columns, e in ((slice(0, n_x // 3), 0 * strain), (slice(n_x // 3, None), strain)):
        stretch = np.eye(2) + e
        w = root(lens @ stretch @ stretch @ lens)
        ellipse[:, columns] = [64, 63, w[0, 0], w[1, 1], w[0, 1]]
    ellipse[..., 0] += 0.01 * np.arange(n_x)
    ellipse[..., 2:] += np.random.default_rng(1).normal(0, 1, ellipse[..., 2:].shape) * noise
    covariance = np.zeros((n_y, n_x, 15), "f4")
    covariance[..., [0, 5]] = 0.01**2
    covariance[..., [9, 12, 14]] = max(noise, 1e-4) ** 2
    flags = np.zeros((n_y, n_x), "u4")
    flags[0, n_x - 1] = 1 << 3
    ellipse[0, n_x - 1] = np.nan
    with h5py.File(path, "w") as file:
        ring = file.create_group("entry/ring")
        ring.attrs.update(radius=60.0, k0=0.41, scan_step_nm=[5.8, 5.8], scan_rotation=30.0, flip=1)
        ring["ellipse"], ring["covariance"], ring["flags"] = ellipse, covariance, flags
        ring["chi2"] = np.ones((n_y, n_x), "f4")


main()
