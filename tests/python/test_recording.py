# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings as NumPy arrays: indexing as of the array itself, for every type; errors; arrays without copies."""
import tempfile
import unittest
from pathlib import Path

import numpy as np
import vitrail


class Recordings(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name)

    def save(self, array, name="scan.npy"):
        np.save(self.folder / name, array)
        return self.folder / name

    def test_indexing_is_numpys(self):
        for kind in ("u1", "u2", "i4", "f4", "f8"):
            array = np.arange(5 * 7 * 3 * 4).reshape(5, 7, 3, 4).astype(kind)
            recording = vitrail.open(self.save(array))
            self.assertEqual((recording.shape, recording.dtype), (array.shape, array.dtype))
            for key in np.s_[
                2, (1, 3), (slice(1, 4), slice(None, None, 3)), (slice(None, None, -1), 5), (..., 2), (0, 0, 1, 2),
                (-1, -2), (slice(0, 0), 1), (2, [0, 3, 6]), (slice(None), slice(2, 5), 1, slice(1, 3)), ...,
            ]:
                np.testing.assert_array_equal(recording[key], array[key], err_msg=str(key))
        with self.assertRaises(IndexError):
            recording[5]
        np.testing.assert_array_equal(np.asarray(recording), array)

    def test_arithmetic_stays_as_it_was(self):
        """HDF5 loads plug-ins, of which some would have subnormal numbers taken for zero from then on."""
        vitrail.simulate("rings", self.folder / "scan.h5", scan="2x2", pattern="32x32")
        vitrail.open(self.folder / "scan.h5")
        self.assertNotEqual(float(np.array([1e-310])[0] * 0.5), 0)

    def test_reads_into_the_callers_array(self):
        array = np.arange(2 * 3 * 4 * 5, dtype="u2").reshape(2, 3, 4, 5)
        recording = vitrail.open(self.save(array))
        buffer = np.zeros((4, 4, 5), "u2")
        self.assertIs(recording.read(1, 4, buffer), buffer)
        np.testing.assert_array_equal(buffer, array.reshape(6, 4, 5)[1:5])
        for wrong in (np.zeros((4, 4, 5), "u4"), np.zeros((3, 4, 5), "u2"), np.zeros((4, 5, 4), "u2").swapaxes(1, 2)):
            with self.assertRaises(ValueError):
                recording.read(1, 4, wrong)
        with self.assertRaises(vitrail.errors.ArgumentError):
            recording.read(4, 3)

    def test_settings(self):
        raw = np.arange(6 * 4 * 5, dtype=">u2")
        (self.folder / "scan.raw").write_bytes(raw.tobytes())
        settings = {"shape": (2, 3, 4, 5), "type": "u16", "k_step": 0.02, "scan_step": 1.5}
        recording = vitrail.open(self.folder / "scan.raw", byte_order="big", **settings)
        np.testing.assert_array_equal(recording[...], raw.reshape(2, 3, 4, 5))
        self.assertEqual(recording.k_step, (0.02, 0.02))
        self.assertEqual(recording.scan_step_nm, (1.5, 1.5))
        self.assertIsNone(recording.beam_energy_kev)
        with self.assertRaisesRegex(vitrail.errors.ArgumentError, "did you mean 'byte_order'"):
            vitrail.open(self.folder / "scan.raw", byteorder="big")
        with self.assertRaises(vitrail.errors.ArgumentError):
            vitrail.open(self.folder / "scan.raw", k_step=-1)

    def test_failures_are_exceptions_that_one_expects(self):
        with self.assertRaisesRegex(LookupError, "nothing.h5"):
            vitrail.open(self.folder / "nothing.h5")
        (self.folder / "text.txt").write_text("no recording")
        with self.assertRaisesRegex(OSError, "text.txt"):
            vitrail.open(self.folder / "text.txt")
        with self.assertRaises(vitrail.VitrailError):
            vitrail.MapFile(self.folder / "text.txt")


if __name__ == "__main__":
    unittest.main()
