# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns in memory: what Frames finds of them is what the pass finds, whatever they are handed over in; what is refused."""
import tempfile
import threading
import unittest
from pathlib import Path

import numpy as np
import vitrail

SHAPE = (5, 13)
RING = ("ellipse", "covariance", "chi2", "flags")


class Patterns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        folder = Path(cls._folder.name)
        vitrail.simulate("zr-band", folder / "scan.npy", scan="5x13", pattern="96x96", quiet=True)
        recording = vitrail.open(folder / "scan.npy")
        cls.calibration = vitrail.calibrate(recording, progress=False)
        cls.maps = vitrail.map(recording, folder / "map.h5", calibration=cls.calibration, profile_step=2, progress=False)
        cls.patterns = recording[...].reshape(-1, 96, 96)

    def frames(self, dtype="u2", **settings):
        return vitrail.Frames(self.calibration, SHAPE, dtype, **{"profile_step": 2, **settings})

    def expected(self, name):
        group = "ring" if name in RING else "profile"
        values = self.maps.array(f"{group}/{name}")
        return values.reshape(-1, *values.shape[2:])

    def assert_same(self, found, name, part=slice(None)):
        """The bits of the map file, which keeps single-precision numbers."""
        expected = self.expected(name)[part]
        np.testing.assert_array_equal(found.astype(expected.dtype), expected, err_msg=f"{name} {part}")

    def test_all_at_once_is_the_map(self):
        frames = self.frames()
        found = frames.compute(0, self.patterns)
        self.assertEqual(found["ellipse"].shape, (65, 5))
        self.assertEqual(found["intensity"].shape, (65, frames.samples))
        for name, values in found.items():
            self.assert_same(values, name)
        self.assertGreater(np.isfinite(found["chi2"]).mean(), 0.9)

    def test_rings_of_parts_are_those_of_the_map(self):
        frames = self.frames()
        for first, last in ((0, 1), (3, 21), (64, 65), (20, 65)):
            found = frames.compute(first, self.patterns[first:last])
            for name in RING:
                self.assert_same(found[name], name, slice(first, last))
        self.assertEqual([len(values) for values in frames.compute(7, self.patterns[:0]).values()], [0] * 6)

    def test_views_and_byte_orders_of_numpy(self):
        apart = np.zeros((65, 96, 192), "u2")[..., ::2]
        apart[...] = self.patterns
        for patterns in (apart, self.patterns.astype(">u2"), np.asfortranarray(self.patterns)):
            found = self.frames(patterns.dtype).compute(0, patterns)
            self.assert_same(found["ellipse"], "ellipse")
        found = self.frames("f4").compute(0, self.patterns.astype("f4"))
        np.testing.assert_allclose(found["ellipse"], self.expected("ellipse"), rtol=1e-6)

    def test_one_a_thread(self):
        found = [None] * 4

        def work(i):
            found[i] = self.frames().compute(16 * i, self.patterns[16 * i : 16 * i + 16])["ellipse"]

        threads = [threading.Thread(target=work, args=[i]) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assert_same(np.concatenate(found), "ellipse", slice(0, 64))

    def test_without_profiles(self):
        frames = self.frames(no_profile=True)
        self.assertEqual(frames.samples, 0)
        found = frames.compute(0, self.patterns)
        self.assertEqual(found["intensity"].shape, (65, 0))
        self.assert_same(found["ellipse"], "ellipse")

    def test_what_is_refused(self):
        frames = self.frames()
        with self.assertRaisesRegex(ValueError, r"\(n, 96, 96\)"):
            frames.compute(0, self.patterns[:, :90])
        with self.assertRaisesRegex(ValueError, r"\(n, 96, 96\)"):
            frames.compute(0, self.patterns[0])
        with self.assertRaisesRegex(TypeError, "float32"):
            frames.compute(0, self.patterns.astype("f4"))
        with self.assertRaisesRegex(TypeError, "complex64"):
            self.frames("c8")
        with self.assertRaises(vitrail.errors.ArgumentError):
            frames.compute(60, self.patterns)
        with self.assertRaises(OverflowError):
            frames.compute(-1, self.patterns[:4])
        with self.assertRaisesRegex(vitrail.errors.ArgumentError, "did you mean 'profile_step'"):
            self.frames(profil_step=3)


if __name__ == "__main__":
    unittest.main()
