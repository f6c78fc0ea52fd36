#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vitrail export writes, read by the programs it is for: check_exports.py VITRAIL

Simulates a small specimen, maps it, exports its maps, and compares values, errors, axes and units as HyperSpy, emdfile
(py4DSTEM), tifffile (ImageJ) and gsffile (Gwyddion) see them with the map file. Ends with 77 where one is not installed.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import emdfile
    import gsffile
    import h5py
    import hyperspy.api as hyperspy
    import numpy as np
    import tifffile
except ImportError as missing:
    print(f"skipped: {missing}; make peers installs it")
    sys.exit(77)


def same(found, expected):
    assert np.array_equal(found, expected, equal_nan=True), "values differ"


def check_tifffile(path, exx, errors, step):
    with tifffile.TiffFile(path) as file:
        assert file.is_imagej and file.imagej_metadata["unit"] == "nm"
        assert file.imagej_metadata["Labels"][:2] == ["strain/exx", "strain/exx error"], file.imagej_metadata
        numerator, denominator = file.pages[0].tags["XResolution"].value
        assert abs(denominator / numerator - step) < 1e-6 * step
        same(file.pages[0].asarray(), exx)
        same(file.pages[1].asarray(), errors)


def check_gsf(path, exx, step):
    values, metadata = gsffile.read_gsf(path)
    same(values, exx)
    assert metadata["XYUnits"] == "m" and abs(metadata["XReal"] - 1e-9 * step * exx.shape[1]) < 1e-15


def check_emd(path, exx, errors, step):
    root = emdfile.read(path)
    array = root.tree("strain_exx")
    same(array.data, exx)
    same(root.tree("strain_exx_errors").data, errors)
    assert np.allclose(array.dims[1], step * np.arange(exx.shape[1])) and array.dim_units[1] == "nm"
    assert list(array.dim_names) == ["y", "x"]


def check_hyperspy(path, exx, errors, step):
    signal = hyperspy.load(path)
    same(signal.data, exx)
    assert np.allclose(signal.get_noise_variance().data, errors**2, equal_nan=True)
    for axis, name in zip(signal.axes_manager.signal_axes, ("x", "y")):
        assert axis.name == name and axis.units == "nm" and abs(axis.scale - step) < 1e-12


def check_curves(path, file):
    signal = hyperspy.load(path)
    same(signal.data, file["entry/profile/intensity"][()])
    k = file["entry/profile/k"][()]
    axis = signal.axes_manager.signal_axes[0]
    assert np.allclose(axis.axis, k) and signal.axes_manager.navigation_shape == signal.data.shape[1::-1]


def check_recording(path, original):
    signal = hyperspy.load(path)
    with h5py.File(original) as file:
        cube = file["datacube_root/datacube"]
        same(signal.data, cube["data"][()])
        scan, k = (float(np.diff(cube[name][()])[0]) for name in ("dim1", "dim3"))
    x, kx = signal.axes_manager.navigation_axes[0], signal.axes_manager.signal_axes[0]
    assert x.units == "nm" and abs(x.scale - scan) < 1e-12, x
    assert kx.units == "1/angstrom" and abs(kx.scale - k) < 1e-12 and kx.axis[kx.size // 2] == 0, kx
    assert signal.metadata.Acquisition_instrument.TEM.beam_energy == 300


def main():
    vitrail = sys.argv[1]

    def run(*arguments):
        subprocess.run([vitrail, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("simulate", "zr-band", "--scan", "12x20", "--pattern", "64x64", "-o", folder / "scan.h5")
        run("map", folder / "scan.h5", "-o", folder / "map.h5")
        run("strain", folder / "map.h5")
        for ending in ("tif", "gsf", "emd", "hspy"):
            run("export", folder / "map.h5", "exx", "--errors", "-o", folder / f"exx.{ending}")
        run("export", folder / "map.h5", "profile/intensity", "-o", folder / "profile.hspy")
        run("convert", folder / "scan.h5", folder / "scan.hspy")
        check_recording(folder / "scan.hspy", folder / "scan.h5")
        with h5py.File(folder / "map.h5") as file:
            exx, errors = file["entry/strain/exx"][()], file["entry/strain/exx_errors"][()]
            step = float(np.diff(file["entry/strain/scan_x"][:2])[0])
            check_tifffile(folder / "exx.tif", exx, errors, step)
            check_gsf(folder / "exx.gsf", exx, step)
            check_emd(folder / "exx.emd", exx, errors, step)
            check_hyperspy(folder / "exx.hspy", exx, errors, step)
            check_curves(folder / "profile.hspy", file)
    print("tifffile, gsffile, emdfile, HyperSpy: same values, errors, axes and units")


main()
