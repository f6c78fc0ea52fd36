#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Python package hands to others: xarray's data sets, HyperSpy's signals, a bar of tqdm. Each is skipped where it is not
installed; ends with 77 where none is."""
import importlib.util
import io
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import vitrail
from vitrail import _work

OTHERS = {name: importlib.util.find_spec(name) is not None for name in ("xarray", "hyperspy", "tqdm")}
if not any(OTHERS.values()):
    print("skipped: neither xarray nor HyperSpy nor tqdm is there; make peers installs them")
    sys.exit(77)


def needs(name):
    return unittest.skipUnless(OTHERS[name], f"no {name}; make peers installs it")


class Others(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = Path(cls._folder.name)
        vitrail.simulate("zr-band", cls.folder / "scan.h5", scan="7x11", pattern="96x96", scan_step=4, quiet=True)
        cls.recording = vitrail.open(cls.folder / "scan.h5")
        cls.maps = vitrail.map(cls.recording, cls.folder / "map.h5", progress=False)
        vitrail.strain(cls.maps, reference=((0, 7), (0, 5)))
        cls.exx = cls.maps["exx"]

    @needs("xarray")
    def test_xarray_has_values_errors_units_and_places(self):
        data = self.exx.to_xarray()
        self.assertEqual((data["exx"].dims, data["exx"].shape), (("y", "x"), (7, 11)))
        np.testing.assert_array_equal(data["exx"].values, self.exx.values)
        np.testing.assert_array_equal(data["exx_errors"].values, self.exx.errors)
        self.assertEqual(data["exx"].attrs["units"], self.exx.unit)
        np.testing.assert_allclose(np.diff(data["x"]), 4)
        self.assertEqual(float(data["exx"].sel(y=data["y"][2], x=data["x"][9])), float(self.exx.values[2, 9]))
        self.assertNotIn("chi2_errors", self.maps["ring/chi2"].to_xarray())

    @needs("xarray")
    def test_xarray_of_more_dimensions(self):
        data = self.maps["profile/intensity"].to_xarray()
        self.assertEqual(data["intensity"].dims, ("y", "x", "axis_2"))
        np.testing.assert_array_equal(data["intensity"].values, self.maps["profile/intensity"].values)

    @needs("hyperspy")
    def test_hyperspy_has_calibrated_axes_and_its_variance(self):
        signal = self.exx.to_hyperspy()
        np.testing.assert_array_equal(signal.data, self.exx.values)
        x, y = signal.axes_manager.signal_axes
        self.assertEqual([(a.name, a.size, a.scale, a.units) for a in (x, y)], [("x", 11, 4, "nm"), ("y", 7, 4, "nm")])
        np.testing.assert_allclose(x.axis, self.exx.x)
        np.testing.assert_allclose(y.axis, self.exx.y)
        np.testing.assert_allclose(signal.get_noise_variance().data, self.exx.errors**2, rtol=1e-6)
        self.assertEqual(signal.metadata.General.title, "strain/exx")

    @needs("hyperspy")
    def test_hyperspy_navigates_what_is_a_curve_at_every_position(self):
        intensity = self.maps["profile/intensity"]
        signal = intensity.to_hyperspy()
        self.assertEqual([a.name for a in signal.axes_manager.navigation_axes], ["x", "y"])
        self.assertEqual([a.size for a in signal.axes_manager.navigation_axes], [11, 7])
        np.testing.assert_array_equal(signal.inav[9, 2].data, intensity.values[2, 9])

    @needs("tqdm")
    def test_a_bar_goes_to_the_end_and_is_closed(self):
        from tqdm import tqdm

        bars = []

        class Bar(tqdm):
            def __init__(self, *arguments, **settings):
                super().__init__(*arguments, **settings, file=io.StringIO())
                bars.append(self)

        with mock.patch.object(_work, "_bar", lambda: Bar):
            vitrail.map(self.recording, self.folder / "bar.h5", calibration=vitrail.Calibration.read(self.folder / "map.h5"))
        self.assertEqual([(bar.n, bar.total, bar.unit.strip()) for bar in bars][-1], (77, 77, "patterns"))
        self.assertTrue(all(bar.disable for bar in bars), "a bar is left open")

    @needs("tqdm")
    def test_no_bar_where_nobody_looks(self):
        with mock.patch.object(sys.stderr, "isatty", lambda: False):
            self.assertIsNone(_work._bar())
        with mock.patch.object(sys.stderr, "isatty", lambda: True):
            self.assertTrue(callable(_work._bar()))


if __name__ == "__main__":
    unittest.main()
