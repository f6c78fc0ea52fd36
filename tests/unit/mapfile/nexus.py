# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a map file made by the test beside it as a NeXus viewer does: from the root along `default` to the signal."""
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], "r") as file:
    assert file.attrs["NX_class"] == "NXroot"
    entry = file[file.attrs["default"]]
    assert entry.attrs["NX_class"] == "NXentry"
    data = entry[entry.attrs["default"]]
    assert data.name == "/entry/strain", data.name
    assert data.attrs["NX_class"] == "NXdata"
    assert data.attrs["signal"] == "exx"
    assert list(data.attrs["auxiliary_signals"]) == ["eyy", "flags"]
    assert list(data.attrs["axes"]) == ["scan_y", "scan_x"]
    assert data.attrs["scan_x_indices"] == 1
    signal = data["exx"]
    assert signal.dtype == np.float32 and signal.shape == (6, 5)
    assert np.isnan(signal[0, 3]) and signal[3, 2] == 17 / 8
    assert data["eyy_errors"].shape == data["eyy"].shape
    for axis, n in zip(data.attrs["axes"], signal.shape):
        assert data[axis].shape == (n,) and data[axis].attrs["units"] == "nm"
    assert data["scan_y"][2] == 5 and data["scan_x"][1] == 3.5
    assert list(data.attrs["reference"]) == [0, 4, 1, 3] and signal.attrs["scale"] == 4
    assert data["flags"].dtype == np.uint32
    assert entry["virtual"].attrs["NX_class"] == "NXcollection"
    assert entry["virtual"][entry["virtual"].attrs["default"]].attrs["signal"] == "exx"
    large = entry["large/map"]
    assert large.shuffle and large.compression == "gzip" and large.compression_opts == 1
    assert abs(large[...].std() - 1) < 0.01
    process = entry["process/map"]
    assert process.attrs["NX_class"] == "NXprocess"
    assert process["command"][()] == b"vitrail map" and process["program"][()] == b"vitrail"
    assert process["sequence_index"][()] == 1 and len(process["input_checksum"][()]) == 64
