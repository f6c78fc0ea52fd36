#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pass within LiberTEM gives what `vitrail map` gives: whole recordings, in partitions, of a region of interest.

Ends with 77 where LiberTEM is not installed.
"""
import pickle
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import libertem.api as lt
except ImportError as missing:
    print(f"skipped: {missing}; make peers installs it")
    sys.exit(77)

import numpy as np
import vitrail
from vitrail.libertem import ProfileUDF, RingUDF

RING = ("ellipse", "covariance", "chi2", "flags")
MISSING = 1


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        folder = Path(cls._folder.name)
        vitrail.simulate("zr-band", folder / "scan.npy", scan="13x33", pattern="96x96", quiet=True)
        recording = vitrail.open(folder / "scan.npy")
        cls.calibration = vitrail.calibrate(recording, progress=False)
        cls.maps = vitrail.map(recording, folder / "map.h5", calibration=cls.calibration, profile_step=2, progress=False)
        cls.array = recording[...]
        cls.context = lt.Context.make_with("inline")
        cls.addClassCleanup(cls.context.close)
        cls.whole = cls.context.load("npy", path=str(folder / "scan.npy"))

    def parts(self, data):
        """Partitions that begin within sixteens and within lines."""
        return self.context.load("memory", data=data, sig_dims=2, num_partitions=5)

    def assert_rings(self, result, where=...):
        for name in RING:
            np.testing.assert_array_equal(result[name].data[where], self.maps.array(f"ring/{name}")[where], err_msg=name)

    def test_rings_are_the_same_to_the_bit(self):
        for dataset in (self.whole, self.parts(self.array)):
            result = self.context.run_udf(dataset, RingUDF(calibration=self.calibration))
            self.assert_rings(result)
            variances = result["covariance"].data[..., [0, 5, 9, 12, 14]]
            np.testing.assert_array_equal(result["ellipse_errors"].data, np.sqrt(variances))
            self.assertGreater(np.isfinite(variances).mean(), 0.9)

    def test_profiles_are_the_same(self):
        function = ProfileUDF(calibration=self.calibration, profile_step=2)
        result = self.context.run_udf(self.whole, function)
        self.assert_rings(result)
        for name in ("intensity", "variance"):
            expected = self.maps.array(f"profile/{name}")
            np.testing.assert_array_equal(result[name].data, expected, err_msg=name)
            rounded = self.context.run_udf(self.parts(self.array), function)[name].data
            np.testing.assert_allclose(rounded, expected, rtol=0, atol=1e-5 * np.nanmax(expected), err_msg=name)

    def test_other_fits(self):
        maps = vitrail.map(
            vitrail.open(Path(self._folder.name) / "scan.npy"), Path(self._folder.name) / "sectors.h5",
            calibration=self.calibration, fit="sectors", no_profile=True, progress=False,
        )
        result = self.context.run_udf(self.parts(self.array), RingUDF(calibration=self.calibration, fit="sectors"))
        for name in RING:
            np.testing.assert_array_equal(result[name].data, maps.array(f"ring/{name}"), err_msg=name)

    def test_a_region_of_interest(self):
        region = np.zeros(self.array.shape[:2], bool)
        region[3:9, 5:20], region[11, ::3] = True, True
        result = self.context.run_udf(self.parts(self.array), RingUDF(calibration=self.calibration), roi=region)
        self.assert_rings(result, region)
        self.assertTrue(np.isnan(result["ellipse"].data[~region]).all())

    def test_results_on_the_way(self):
        """What a live display shows before all of the recording is there."""
        first = next(iter(self.context.run_udf_iter(self.parts(self.array), RingUDF(calibration=self.calibration))))
        done = first.damage.data
        self.assertTrue(0 < done.sum() < done.size)
        self.assert_rings(first.buffers[0], done)
        self.assertTrue(np.all(first.buffers[0]["flags"].data[~done] == MISSING))
        self.assertTrue(np.isnan(first.buffers[0]["chi2"].data[~done]).all())

    def test_a_calibration_goes_to_other_processes(self):
        again = pickle.loads(pickle.dumps(self.calibration))
        result = self.context.run_udf(self.whole, RingUDF(calibration=again))
        self.assert_rings(result)

    def test_what_does_not_fit_is_refused(self):
        with self.assertRaisesRegex(Exception, "the calibration is for"):
            self.context.run_udf(self.parts(self.array[..., :90]), RingUDF(calibration=self.calibration))
        with self.assertRaisesRegex(Exception, "there is no setting 'fitt'"):
            self.context.run_udf(self.whole, RingUDF(calibration=self.calibration, fitt="sectors"))
        with self.assertRaisesRegex(Exception, "complex64"):
            self.context.run_udf(self.parts(self.array.astype("c8")), RingUDF(calibration=self.calibration))


if __name__ == "__main__":
    unittest.main()
