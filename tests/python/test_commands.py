# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the command line from Python: there, with the same bits, and what is refused."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import warnings
from pathlib import Path
from unittest import mock

import h5py
import numpy as np
import vitrail

PROGRAM = os.environ["VITRAIL_PROGRAM"]
REGIONS = ["left=0:12,0:6", "right=0:12,6:12"]


def run(*arguments):
    """What the command line prints as JSON, None where it prints none."""
    words = [PROGRAM, *map(str, arguments), "--json", "--quiet"]
    text = subprocess.run(words, check=True, capture_output=True, encoding="utf-8").stdout
    try:
        return json.loads(text)
    except ValueError:
        return None


def numbers(path):
    """Every number of a map file but of how it was made."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu" and "/process/" not in f"/{name}":
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = Path(cls._folder.name)
        cls.scan, cls.base = cls.folder / "scan.h5", cls.folder / "base.h5"
        vitrail.simulate("zr-band", cls.scan, scan="12x12", pattern="96x96", quiet=True)
        run("map", cls.scan, "-o", cls.base)
        run("strain", cls.base, "--reference", "0:3,0:12")
        run("pdf", cls.base, "--composition", "Zr46Cu38Al8Ag8", "--density", 0.057)

    def both(self, mine, *theirs, outputs=()):
        """The same command twice on files of the same names: what is printed and what is written."""
        maps = self.folder / "work.h5"
        results = []
        for call in (lambda: run(*theirs), lambda: mine(maps)):
            shutil.copy(self.base, maps)
            result = call()
            written = [(self.folder / name).read_bytes() for name in outputs]
            results.append((result, numbers(maps), written))
            for name in outputs:
                (self.folder / name).unlink()
        (line, line_numbers, line_written), (python, python_numbers, python_written) = results
        self.assertEqual(json.dumps(python), json.dumps(line))  # text, because NaN is no NaN
        self.assertEqual(sorted(python_numbers), sorted(line_numbers))
        for name, values in python_numbers.items():
            np.testing.assert_array_equal(values, line_numbers[name], err_msg=name)
        self.assertEqual(python_written, line_written)
        return python

    def test_every_command_is_there(self):
        text = subprocess.run([PROGRAM, "help"], check=True, capture_output=True, encoding="utf-8").stdout
        names = [line.split()[0] for line in text.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
        self.assertGreater(len(names), 20)
        for name in set(names) - {"completion", "view"}:  # of the shell, and of the browser
            self.assertTrue(callable(getattr(vitrail, name)), name)
            self.assertTrue(getattr(vitrail, name).__doc__, name)
        calling = [name for name in vitrail.__all__ if getattr(getattr(vitrail, name), "__module__", "") == "vitrail.commands"]
        self.assertEqual(set(calling) - {"command"} - set(names), set(), "a function of a command that is no more")
        for name in calling:
            said = " ".join(getattr(vitrail, name).__doc__.split())
            if name != "command":
                self.assertIn(f"``vitrail {name}``", said)

    def test_analyses_of_a_map_file(self):
        work = self.folder / "work.h5"
        moduli = {"young": 80, "poisson": 0.35}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.both(vitrail.bands, "bands", work)
            self.both(vitrail.vortices, "vortices", work)
            self.both(vitrail.inclusions, "inclusions", work)
            self.both(vitrail.magnetic, "magnetic", work)
            self.both(lambda m: vitrail.phases(m, k=2), "phases", work, "-k", 2)
            self.both(lambda m: vitrail.energy(m, **moduli), "energy", work, "--young", 80, "--poisson", 0.35)
            self.both(lambda m: vitrail.compare(m, region=REGIONS), "compare", work, "--region", REGIONS[0], "--region",
                      REGIONS[1])

    def test_files_that_are_written(self):
        work, out = self.folder / "work.h5", self.folder / "out.npy"
        self.both(lambda m: vitrail.export(m, out, "exx"), "export", work, "exx", "-o", out, outputs=["out.npy"])
        png = self.folder / "out.png"
        self.both(lambda m: vitrail.figure(vitrail.MapFile(m), png, "exx", "eyy"), "figure", work, "exx,eyy", "-o", png,
                  outputs=["out.png"])
        line = self.both(lambda m: vitrail.profile(m, line=(0, 0, 60, 40), quantity="exx"), "profile", work,
                         "--line", "0,0,60,40", "--quantity", "exx")
        self.assertEqual(line["curves"][0]["quantity"], "exx")
        self.both(lambda _: vitrail.convert(vitrail.open(self.scan), out, scan="0:2,0:3"), "convert", self.scan, out,
                  "--scan", "0:2,0:3", outputs=["out.npy"])
        page = self.folder / "page.html"
        self.assertGreater(vitrail.report(self.base, output=page)["maps"], 10)
        self.assertIn("exx", page.read_text(encoding="utf-8"))

    def test_recordings_and_plans(self):
        self.assertEqual(vitrail.info(self.scan), run("info", self.scan))
        self.assertEqual(vitrail.plan("zr-band", electrons=5e4), run("plan", "zr-band", "--electrons", 50000))
        again = self.folder / "again.h5"
        run("simulate", "zr-band", "--scan", "12x12", "--pattern", "96x96", "-o", again)
        np.testing.assert_array_equal(vitrail.open(again)[...], vitrail.open(self.scan)[...])

    def test_a_series_a_foil_and_a_recipe(self):
        with self.assertRaises(vitrail.VitrailError) as refused:
            vitrail.series(self.base, self.base)
        line = subprocess.run([PROGRAM, "series", self.base, self.base], capture_output=True, encoding="utf-8")
        self.assertEqual(line.stderr.strip(), f"vitrail series: {refused.exception}")
        images = [self.folder / "all.npy", self.folder / "zero.npy"]
        counts = np.random.default_rng(3).poisson(900.0, (24, 24)).astype("u2")
        np.save(images[0], counts)
        np.save(images[1], (counts * 0.6).astype("u2"))
        foil = {"mean_free_path": 120.0}
        self.assertEqual(json.dumps(vitrail.thickness(*images, **foil)),
                         json.dumps(run("thickness", *images, "--mean-free-path", 120.0)))
        with self.assertRaises(vitrail.VitrailError):
            vitrail.run(self.folder / "none.yaml")

    def test_what_is_refused(self):
        with self.assertRaisesRegex(vitrail.errors.ArgumentError, "false-alarm"):
            vitrail.bands(self.base, false_alarm=1)
        with self.assertRaisesRegex(vitrail.VitrailError, "nothing.h5"):
            vitrail.bands(self.folder / "nothing.h5")
        with self.assertRaises(FileExistsError):
            vitrail.export(self.base, self.scan)
        with self.assertRaises(FileExistsError):
            vitrail.convert(self.scan, self.base)
        before = os.environ.pop("VITRAIL_PROGRAM")
        path = os.environ.pop("PATH")
        try:
            elsewhere = mock.patch("vitrail.commands.__file__", str(self.folder / "commands.py"))  # an installed package has its own
            with elsewhere, self.assertRaisesRegex(LookupError, "VITRAIL_PROGRAM"):
                vitrail.bands(self.base)
        finally:
            os.environ["VITRAIL_PROGRAM"], os.environ["PATH"] = before, path


if __name__ == "__main__":
    unittest.main()
