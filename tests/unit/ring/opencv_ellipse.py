# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads points "x y" from standard input, prints OpenCV's direct ellipse: centre, semi-axes a >= b, angle of a in
degrees; exits with 77 where OpenCV is missing."""
import sys

try:
    import cv2
    import numpy as np
except ImportError:
    sys.exit(77)

points = np.array([line.split() for line in sys.stdin], dtype=np.float32)
(x, y), (width, height), angle = cv2.fitEllipseDirect(points.reshape(-1, 1, 2))
if width < height:
    width, height, angle = height, width, angle + 90
angle = (angle + 90) % 180 - 90
print(f"{x:.9g} {y:.9g} {width / 2:.9g} {height / 2:.9g} {angle:.9g}")
