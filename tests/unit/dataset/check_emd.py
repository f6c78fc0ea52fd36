#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails unless FILE has the structure that emdfile and py4DSTEM look for when they open an EMD 1.0 file.

usage: check_emd.py VITRAIL FOLDER
"""
import subprocess
import sys
import uuid
from pathlib import Path

try:
    import h5py
    import numpy as np
except ImportError:
    sys.exit(77)


def check_header(attributes):
    assert attributes["emd_group_type"] == "file"  # a str, as emdfile compares
    assert attributes["version_major"] == 1 and attributes["version_minor"] == 0
    assert attributes["authoring_program"] == "vitrail"
    uuid.UUID(attributes["UUID"])


def check_axes(cube):
    steps = [("Rx", "nm", 5.8), ("Ry", "nm", 5.8), ("Qx", "A^-1", 0.0125), ("Qy", "A^-1", 0.0125)]
    for i, (name, unit, step) in enumerate(steps):
        axis = cube[f"dim{i}"]
        assert axis.attrs["name"] == name and axis.attrs["units"] == unit
        assert np.allclose(axis[:2], [0, step], rtol=1e-12, atol=0)


def check_calibration(group):
    assert group.attrs["emd_group_type"] == "metadata" and group.attrs["python_class"] == "Calibration"
    assert group["Q_pixel_size"][()] == 0.0125 and group["Q_pixel_size"].attrs["type"] == "number"
    assert group["Q_pixel_units"][()] == b"A^-1" and group["Q_pixel_units"].attrs["type"] == "string"
    assert group["R_pixel_size"][()] == 5.8 and group["R_pixel_units"][()] == b"nm"
    targets = group["_target_paths"]
    assert targets.attrs["type"] == "list_of_strings" and targets.attrs["length"] == 1
    assert targets["0"][()] == b"/datacube"


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(1).poisson(300, (3, 4, 16, 20)).astype(np.uint16)
    np.save(folder / "in.npy", values)
    options = ["--k-step", "0.0125", "--scan-step", "5.8", "--energy", "300", "--force", "--quiet"]
    subprocess.run([program, "convert", *options, folder / "in.npy", folder / "out.h5"], check=True)
    with h5py.File(folder / "out.h5") as file:
        check_header(file.attrs)
        (root,) = file.values()
        assert root.attrs["emd_group_type"] == "root" and root.attrs["python_class"] == "Root"
        cube = root["datacube"]
        assert cube.attrs["emd_group_type"] == "array" and cube.attrs["python_class"] == "DataCube"
        assert cube["data"].chunks == (1, 1, 16, 20) and cube["data"].shuffle and cube["data"].compression == "gzip"
        assert cube["data"].attrs["units"] == "pixel intensity"
        assert (cube["data"][()] == values).all()
        check_axes(cube)
        check_calibration(root["metadatabundle/calibration"])


main()
