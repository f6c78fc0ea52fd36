#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small recording as .npy: make_recording.py FILE SCAN_Y SCAN_X DET_Y DET_X [uint16|uint8|float32].

Each frame is a ring about the middle of the detector, its radius a quarter of the detector, on a falling background;
the numbers are the same on every machine.
"""
import sys

import numpy as np


def main():
    path = sys.argv[1]
    scan_y, scan_x, det_y, det_x = (int(text) for text in sys.argv[2:6])
    kind = np.dtype(sys.argv[6] if len(sys.argv) > 6 else "uint16")
    y, x = np.mgrid[:det_y, :det_x]
    radius = np.hypot(y - (det_y - 1) / 2, x - (det_x - 1) / 2)
    ring = det_x / 4
    mean = 20 * np.exp(-(((radius - ring) / (0.12 * ring)) ** 2)) + 40 * np.exp(-radius / ring)
    counts = np.random.default_rng(1).poisson(mean, (scan_y, scan_x, det_y, det_x))
    np.save(path, np.clip(counts, 0, 255).astype(kind))


main()
