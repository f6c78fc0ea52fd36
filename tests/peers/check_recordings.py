#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings that other programs write, read here, and the other way round: check_recordings.py VITRAIL

HyperSpy saves a simulated scan as .zspy, folder and zip file, in chunks of its own and of ours; tifffile as one tiled image a pattern;
HyperSpy opens the block file that is written here; LiberTEM and we open the same sparse recording. Numbers, steps, units and energy are the same. Ends with 77 where one is not installed.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import h5py
    import hyperspy.api as hyperspy
    import libertem.api as libertem
    import numpy as np
    import tifffile
    import zarr
except ImportError as missing:
    print(f"skipped: {missing}; make peers installs it")
    sys.exit(77)

SHAPE = (5, 7, 32, 32)
SPARSE = """[params]
filetype = "raw_csr"
nav_shape = [5, 7]
sig_shape = [32, 32]

[raw_csr]
indptr_file = "rowind.dat"
indptr_dtype = "<i4"
indices_file = "coord.dat"
indices_dtype = "<i4"
data_file = "value.dat"
data_dtype = "<u2"
"""


def main():
    vitrail = sys.argv[1]

    def run(*arguments):
        return subprocess.run([vitrail, *map(str, arguments)], check=True, stdout=subprocess.PIPE).stdout

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("simulate", "zr-band", "--scan", "5x7", "--pattern", "32x32", "--electrons", "5e3", "-o", folder / "scan.h5")
        run("convert", folder / "scan.h5", folder / "scan.hspy")
        with h5py.File(folder / "scan.h5") as file:
            counts = file["datacube_root/datacube/data"][()]
        assert counts.shape == SHAPE and counts.max() > 0
        ours = json.loads(run("info", "--json", folder / "scan.hspy"))

        def same(path, *arguments):
            run("convert", path, folder / "back.npy", "--force", *arguments)
            assert np.array_equal(np.load(folder / "back.npy"), counts), f"{path}: values differ"

        signal = hyperspy.load(folder / "scan.hspy")
        for i, options in enumerate(({}, {"chunks": (2, 3, 32, 32)}, {"chunks": (5, 1, 20, 7)}, {"compressor": None})):
            path = folder / f"{i}.zspy"
            signal.save(path, **options)
            same(path)
            theirs = json.loads(run("info", "--json", path))
            for key in ("shape", "scan_step_nm", "k_step_inv_angstrom", "beam_energy_kev"):
                assert theirs[key] == ours[key], (key, theirs[key], ours[key])
        with zarr.ZipStore(str(folder / "zip.zspy")) if hasattr(zarr, "ZipStore") else zarr.storage.ZipStore(folder / "zip.zspy", mode="w") as store:
            signal.save(store)
        same(folder / "zip.zspy")

        (folder / "images").mkdir()
        for y in range(SHAPE[0]):
            for x in range(SHAPE[1]):
                tifffile.imwrite(folder / "images" / f"scan_x{x}_y{y}.tif", counts[y, x], tile=(16, 16), compression="zlib")
        same(folder / "images")

        assert counts.max() < 256
        run("convert", folder / "scan.h5", folder / "scan.blo", "--to-type", "u8")
        same(folder / "scan.blo", "--to-type", "u16")
        block = hyperspy.load(folder / "scan.blo")
        assert np.array_equal(block.data, counts), "block file: values differ"
        axis = block.axes_manager.navigation_axes[0]
        assert axis.units == "nm" and abs(axis.scale - ours["scan_step_nm"][1]) < 1e-9, axis

        (folder / "scan.toml").write_text(SPARSE)
        frames = counts.reshape(35, 1024)
        np.concatenate([[0], np.cumsum((frames > 0).sum(axis=1))]).astype("<i4").tofile(folder / "rowind.dat")
        np.nonzero(frames)[1].astype("<i4").tofile(folder / "coord.dat")
        frames[frames > 0].astype("<u2").tofile(folder / "value.dat")
        same(folder / "scan.toml")
        with libertem.Context.make_with("inline") as context:
            sums = context.run(context.create_sum_analysis(context.load("raw_csr", path=str(folder / "scan.toml"))))
            assert np.array_equal(sums.intensity.raw_data, counts.sum(axis=(0, 1))), "sparse: LiberTEM's sum differs"
    print("HyperSpy, zarr, tifffile, LiberTEM: same values, steps, units and energy")


main()
