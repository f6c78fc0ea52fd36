# SPDX-License-Identifier: GPL-3.0-or-later
"""Analyses from Python: the same bits as the command line's, progress, Ctrl-C, what is refused."""
import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import warnings
from pathlib import Path
from unittest import mock

import h5py
import numpy as np
import vitrail
from vitrail._work import Work

PROGRAM = os.environ["VITRAIL_PROGRAM"]
COMPOSITION = "Zr46Cu38Al8Ag8"


def run(*arguments):
    subprocess.run([PROGRAM, *map(str, arguments), "--quiet"], check=True, stdout=subprocess.DEVNULL)


def numbers(path):
    """Every number of a map file but of how it was made."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu" and "/process/" not in f"/{name}":
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


class Analyses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = Path(cls._folder.name)
        cls.scan = cls.folder / "scan.h5"
        run("simulate", "zr-band", "--scan", "10x16", "--pattern", "96x96", "-o", cls.scan)

    def assert_same_file(self, mine, theirs):
        mine, theirs = numbers(mine), numbers(theirs)
        self.assertEqual(sorted(mine), sorted(theirs))
        self.assertGreater(len(mine), 20)
        for name, values in mine.items():
            np.testing.assert_array_equal(values, theirs[name], err_msg=name)

    def test_same_bits_as_the_command_line(self):
        mine, theirs = self.folder / "mine.h5", self.folder / "theirs.h5"
        recording = vitrail.open(self.scan)
        maps = vitrail.map(recording, mine, profile_step=2, virtual=["inner=10:20", "outer=25:40"], progress=False)
        vitrail.strain(maps, reference=((0, 4), (0, 16)), axis=30.0)
        vitrail.pdf_map(maps, composition=COMPOSITION, qmin=1.5, progress=False)
        run("map", self.scan, "-o", theirs, "--profile-step", 2, "--virtual", "inner=10:20", "--virtual", "outer=25:40")
        run("strain", theirs, "--reference", "0:4,0:16", "--axis", 30)
        run("pdf", theirs, "--composition", COMPOSITION, "--qmin", 1.5)
        self.assert_same_file(mine, theirs)
        exx = maps["exx"]
        with h5py.File(theirs) as file:
            np.testing.assert_array_equal(exx.values, file["entry/strain/exx"][()])
            np.testing.assert_array_equal(exx.errors, file["entry/strain/exx_errors"][()])
            np.testing.assert_array_equal(exx.y, file["entry/strain/scan_y"][()])
            np.testing.assert_array_equal(exx.x, file["entry/strain/scan_x"][()])
        with h5py.File(mine) as file:
            command = file["entry/process/strain/command"][()].decode()
        self.assertIn("vitrail.strain(", command)
        self.assertIn("axis=30.0", command)

    def test_pdfs_of_sectors_and_a_given_first_shell(self):
        mine, theirs = self.folder / "mine-sectors.h5", self.folder / "theirs-sectors.h5"
        maps = vitrail.map(vitrail.open(self.scan), mine, profile_step=2, sectors=6, progress=False)
        vitrail.pdf_map(maps, composition=COMPOSITION, peak=(2.0, 4.0), sectors=True, progress=False)
        run("map", self.scan, "-o", theirs, "--profile-step", 2, "--sectors", 6)
        run("pdf", theirs, "--composition", COMPOSITION, "--peak", "2:4", "--sectors")
        self.assert_same_file(mine, theirs)
        self.assertIn("pdf/strain/exx", maps)

    def test_a_calibration_is_made_once(self):
        recording = vitrail.open(self.scan)
        calibration = vitrail.calibrate(recording, progress=False)
        calibration.write(self.folder / "calibration.h5")
        again = vitrail.Calibration.read(self.folder / "calibration.h5")
        self.assertEqual(again.centre_px, calibration.centre_px)
        np.testing.assert_array_equal(again.mask, calibration.mask)
        np.testing.assert_allclose(again.mean, calibration.mean, rtol=1e-6)
        self.assertEqual(calibration.mean.shape, (96, 96))
        self.assertAlmostEqual(np.linalg.det(calibration.w), 1, places=12)
        vitrail.map(recording, self.folder / "given.h5", calibration=again, progress=False)
        run("map", self.scan, "-o", self.folder / "given_theirs.h5", "--calibration", self.folder / "calibration.h5")
        self.assert_same_file(self.folder / "given.h5", self.folder / "given_theirs.h5")

    def test_pdf_of_arrays_is_that_of_the_file(self):
        Q = np.arange(1, 18, 0.02)
        intensity = 1e4 * np.exp(-Q / 4) * (1 + 0.3 * np.sin(2.7 * Q) / Q)
        errors = np.sqrt(intensity)
        with open(self.folder / "profile.txt", "w") as file:
            for row in zip(Q, intensity, errors):
                file.write(" ".join(repr(float(v)) for v in row) + "\n")
        run("pdf", self.folder / "profile.txt", "--composition", COMPOSITION, "-o", self.folder / "out")
        rows = []
        for line in (self.folder / "out.gr").read_text().splitlines():
            try:
                rows.append([float(word) for word in line.split()])
            except ValueError:
                rows = []
        theirs = np.array([row for row in rows if len(row) == 4])
        mine = vitrail.pdf(Q, intensity, errors, composition=COMPOSITION)
        np.testing.assert_allclose(mine.G, theirs[:, 1], rtol=1e-5, atol=1e-5 * np.abs(mine.G).max())
        np.testing.assert_allclose(mine.G_errors, theirs[:, 3], rtol=1e-4, atol=1e-8)
        in_k = vitrail.pdf(Q / (2 * np.pi), intensity, errors, composition=COMPOSITION, axis="k-1/A")
        np.testing.assert_allclose(in_k.G, mine.G, rtol=1e-7, atol=1e-9)
        self.assertIsNone(vitrail.pdf(Q, intensity, composition=COMPOSITION).G_errors)
        with self.assertRaises(ValueError):
            vitrail.pdf(Q, intensity[1:], composition=COMPOSITION)
        with self.assertRaises(vitrail.errors.ArgumentError):
            vitrail.pdf(Q, intensity, composition="Xx3")

    def test_progress_and_warnings(self):
        seen = []
        recording = vitrail.open(self.scan)
        vitrail.map(recording, self.folder / "progress.h5", progress=lambda *report: seen.append(report))
        task, done, total, unit = seen[-1]
        self.assertEqual((done, total, unit), (160, 160, "patterns"))
        short = self.folder / "short.npy"
        array = recording[...]
        np.save(short, array)
        with open(short, "r+b") as file:
            file.truncate(short.stat().st_size - array[0].nbytes)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            maps = vitrail.map(vitrail.open(short), self.folder / "short.h5", progress=False)
        self.assertTrue(any("16" in str(w.message) for w in caught), [str(w.message) for w in caught])
        self.assertTrue(np.all(maps["ring/flags"].values[-1] & 1))

    def test_an_existing_file_and_a_wrong_setting_leave_everything(self):
        recording = vitrail.open(self.scan)
        taken = self.folder / "taken.h5"
        taken.write_bytes(b"mine")
        with self.assertRaises(FileExistsError):
            vitrail.map(recording, taken, progress=False)
        self.assertEqual(taken.read_bytes(), b"mine")
        with self.assertRaisesRegex(vitrail.errors.ArgumentError, "did you mean 'sectors'"):
            vitrail.map(recording, self.folder / "no.h5", sector=4)
        with self.assertRaises(vitrail.errors.ArgumentError):
            vitrail.map(recording, self.folder / "no.h5", profile_step=-1)
        self.assertFalse((self.folder / "no.h5").exists())

    def test_ctrl_c_ends_the_pass_and_leaves_no_file(self):
        recording = vitrail.open(self.scan)
        pressed = threading.Event()

        def report(*_):
            if not pressed.is_set():
                pressed.set()
                os.kill(os.getpid(), signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            vitrail.map(recording, self.folder / "stopped.h5", progress=report)
        self.assertFalse((self.folder / "stopped.h5").exists())

    def test_ctrl_c_at_any_moment_waits_for_the_library(self):
        is_alive = threading.Thread.is_alive
        interrupts, ended = [KeyboardInterrupt], []

        def between_two_waits(thread):
            if interrupts:
                raise interrupts.pop()
            return is_alive(thread)

        def library(*_):
            time.sleep(0.2)
            ended.append(True)
            return 0

        with mock.patch.object(threading.Thread, "is_alive", between_two_waits):
            with self.assertRaises(KeyboardInterrupt):
                Work(progress=False).call(library)
        self.assertTrue(ended)

    def test_names_of_maps(self):
        maps = vitrail.map(vitrail.open(self.scan), self.folder / "names.h5", progress=False)
        self.assertIn("ring/chi2", list(maps))
        self.assertIn("ring/chi2", maps)
        self.assertEqual(maps["chi2"].name, "ring/chi2")
        with self.assertRaisesRegex(LookupError, "ring/chi2"):
            maps["nothing"]
        self.assertEqual(maps["profile/intensity"].values.shape[:2], (10, 16))


if __name__ == "__main__":
    unittest.main()
