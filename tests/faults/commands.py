# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that faults.py tries, and the files that they read: small, so that a command takes a fraction of a second."""
import math
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy

CASES = Path(__file__).resolve().parent.parent / "cli"
ALLOY = "--composition Fe85.2Si0.5B9.5P4Cu0.8 --qmax 14"
RECIPE = """recording: scan.h5
strain: {reference: '0:6,0:5'}
report:
"""


class Command:
    """argv: {} is the folder; inputs are copied there for every run, outputs are looked at after it."""

    def __init__(self, argv, inputs, outputs):
        self.argv, self.inputs, self.outputs = argv, inputs, outputs


COMMANDS = {
    "simulate": Command("simulate two-phase --scan 3x4 --pattern 32x32 --electrons 1e5 -o {}/new.h5", [],
                        ["new.h5", "new_truth.h5"]),
    "info": Command("info {}/scan.h5", ["scan.h5"], []),
    "info-npy": Command("info {}/scan.npy", ["scan.npy"], []),
    "info-zarr": Command("info {}/scan.zip", ["scan.zip"], []),
    "calibrate": Command("calibrate {}/scan.h5 -o {}/calibration.txt", ["scan.h5"], ["calibration.txt"]),
    "convert-npy": Command("convert {}/scan.h5 {}/new.npy", ["scan.h5"], ["new.npy"]),
    "convert-emd": Command("convert {}/scan.npy {}/new.emd", ["scan.npy"], ["new.emd"]),
    "convert-tiff": Command("convert {}/scan.npy {}/new.tif --scan 1:2,2:3", ["scan.npy"], ["new.tif"]),
    "convert-blo": Command("convert {}/scan.zip {}/new.blo --to-type u8", ["scan.zip"], ["new.blo"]),
    "map": Command("map {}/scan.h5 -o {}/new.h5", ["scan.h5"], ["new.h5"]),
    "map-npy": Command("map {}/scan.npy -o {}/new.h5 --checkpoint 0.001", ["scan.npy"], ["new.h5"]),
    "map-once": Command("map {}/scan.npy -o {}/new.h5 --no-checkpoint", ["scan.npy"], ["new.h5"]),
    "strain": Command("strain {}/map.h5 --reference 0:6,0:5", ["map.h5"], ["map.h5"]),
    "pdf": Command(f"pdf {{}}/map.h5 {ALLOY}", ["map.h5"], ["map.h5"]),
    "pdf-text": Command("pdf {}/profile.csv --composition Fe80B20 -o {}/new", ["profile.csv"], ["new.csv", "new.json"]),
    "compare": Command("compare {}/pdf.h5 --csv {}/new.csv --curves {}/curves.csv --figure {}/new.png", ["pdf.h5"],
                       ["pdf.h5", "new.csv", "curves.csv", "new.png"]),
    "phases": Command("phases {}/pdf.h5 -k 2 --consensus 0", ["pdf.h5"], ["pdf.h5"]),
    "bands": Command("bands {}/band.h5 --csv {}/new.csv --points {}/points.csv", ["band.h5"],
                     ["band.h5", "new.csv", "points.csv"]),
    "energy": Command("energy {}/zone.h5 --young 90 --poisson 0.36 --csv {}/new.csv", ["zone.h5"], ["zone.h5", "new.csv"]),
    "inclusions": Command("inclusions {}/inclusion.h5 --radius 14.9:15.1 --csv {}/new.csv", ["inclusion.h5"],
                          ["inclusion.h5", "new.csv"]),
    "vortices": Command("vortices {}/inclusion.h5 --csv {}/new.csv", ["inclusion.h5"], ["inclusion.h5", "new.csv"]),
    "magnetic": Command("magnetic {}/beam.h5 --vacuum {}/vacuum.h5 --thickness 100", ["beam.h5", "vacuum.h5"], ["beam.h5"]),
    "series": Command("series {}/band.h5 {}/flat.h5 -o {}/new.h5 --figure {}/new.png", ["band.h5", "flat.h5"],
                      ["new.h5", "new.png"]),
    "fluctuation": Command("fluctuation {}/scan.npy --calibration {}/map.h5 -o {}/new.csv --figure {}/new.png --maps {}/new.tif",
                           ["scan.npy", "map.h5"], ["new.csv", "new.png", "new.tif"]),
    "structure": Command("structure {}/model.xyz --atoms {}/new.csv --curves {}/curves.csv --figure {}/new.png", ["model.xyz"],
                         ["new.csv", "curves.csv", "new.png"]),
    "thickness": Command("thickness {}/all.npy {}/zero.npy --mean-free-path 100 --counts-per-electron 4 --vacuum 0:20,0:5 -o {}/new.tif --figure {}/new.png",
                         ["all.npy", "zero.npy"], ["new.tif", "new.png"]),
    "scratch": Command("scratch {}/tracks.csv --csv {}/new.csv --tracks {}/found.csv --figure {}/new.png",
                       ["tracks.csv", "20.txt", "50.txt", "100.txt"], ["new.csv", "found.csv", "new.png"]),
    "plan": Command("plan rings --pattern 48x48 --electrons 1e5 --scan 3x4 --csv {}/new.csv --figure {}/new.png "
                    "--recipe {}/new.yaml", [], ["new.csv", "new.png", "new.yaml"]),
    "report": Command("report {}/map.h5 -o {}/new.html", ["map.h5"], ["new.html"]),
    "figure": Command("figure {}/map.h5 exx -o {}/new.png", ["map.h5"], ["new.png"]),
    "profile": Command("profile {}/map.h5 --line 0,0,4,4 --quantity exx -o {}/new.csv", ["map.h5"], ["new.csv"]),
    "export": Command("export {}/map.h5 exx -o {}/new.tif", ["map.h5"], ["new.tif"]),
    "view": Command("view {}/map.h5 {}/scan.npy --json", ["map.h5", "scan.npy"], []),
    "run": Command("run {}/recipe.yaml", ["scan.h5", "recipe.yaml"], ["scan-map.h5", "scan-report.html"]),
}


class Store:
    """Makes the inputs, each when it is first asked for."""

    def __init__(self, run, folder):
        self.run, self.folder = run, folder

    def get(self, name):
        path = self.folder / name
        if not path.exists():
            make = next(method for names, method in MAKERS.items() if name in names)
            make(self)
        return path

    def vitrail(self, *argv):
        done = self.run([str(self.get(one)) if one in ALL else one.replace("{}", str(self.folder)) for one in argv] + ["--quiet"])
        if done.returncode != 0:
            sys.exit(f"vitrail {' '.join(argv)}: {done.stderr.decode()}")

    def script(self, name, *argv):
        """One of the makers of the command-line cases."""
        subprocess.run([sys.executable, str(CASES / name), *argv], cwd=self.folder, check=True)

    def scan(self):
        self.vitrail("simulate", "two-phase", "--scan", "6x5", "--pattern", "96x96", "--electrons", "1e6", "-o", "{}/scan.h5")
        self.vitrail("convert", "scan.h5", "{}/scan.npy")

    def map(self):
        self.vitrail("map", "scan.h5", "-o", "{}/map.h5")
        self.vitrail("strain", "map.h5", "--reference", "0:6,0:5")

    def pdf(self):
        self.vitrail("simulate", "two-phase", "--scan", "12x12", "--pattern", "96x96", "--electrons", "1e6", "-o", "{}/large.h5")
        self.vitrail("map", "{}/large.h5", "-o", "{}/pdf.h5")
        self.vitrail("pdf", "{}/pdf.h5", *ALLOY.split(), "--density", "0.087", "--scale-from-window", "--peak", "1.6:3.4",
                     "--region", "left=0:12,0:6", "--region", "right=0:12,6:12")

    def texts(self):
        (self.folder / "recipe.yaml").write_text(RECIPE)
        q = numpy.linspace(0.5, 16, 400)
        rows = [f"{x:.4f},{1e4 * numpy.exp(-x / 3) * (1 + 0.5 * numpy.exp(-(x - 3.1) ** 2)):.3f}" for x in q]
        (self.folder / "profile.csv").write_text("q_inv_angstrom,intensity\n" + "\n".join(rows) + "\n")

    def cut(self, source, name, n_y, n_x):
        """The first rows and columns of a strain map."""
        with h5py.File(self.folder / source) as whole, h5py.File(self.folder / name, "w") as file:
            group = file.create_group("entry/strain")
            group.attrs.update(whole["entry/strain"].attrs)
            for key, item in whole["entry/strain"].items():
                group[key] = item[:n_y, :n_x] if item.ndim == 2 else item[: {"scan_y": n_y, "scan_x": n_x}[key]]
                group[key].attrs.update(item.attrs)

    def band(self):
        self.script("make_band_map.py", "whole.h5")
        self.cut("whole.h5", "band.h5", 48, 80)
        shutil.copy(self.folder / "band.h5", self.folder / "zone.h5")
        self.vitrail("bands", "{}/zone.h5")

    def flat(self):
        self.get("band.h5")
        self.cut("band.h5", "flat.h5", 40, 60)

    def inclusion(self):
        self.script("make_strain_map.py", "inclusions.h5")
        self.cut("inclusions.h5", "inclusion.h5", 26, 28)
        with h5py.File(self.folder / "inclusion.h5", "r+") as file:
            group = file["entry/strain"]
            c, s = (group["exx"][:] - group["eyy"][:]) / 2, group["exy"][:]
            group["deviatoric"] = numpy.hypot(c, s)
            group["angle"] = numpy.degrees(numpy.arctan2(s, c) / 2)
            group["angle"].attrs["units"] = "degrees"

    def beam(self):
        self.script("make_ring_map.py", "beam.h5", "12", "18")
        self.script("make_beam_map.py", "beam.h5", "12", "18", "30", "-60")
        self.script("make_beam_map.py", "vacuum.h5", "5", "9", "0", "0")

    def images(self):
        x = numpy.arange(30) + numpy.zeros((20, 1))
        numpy.save(self.folder / "all.npy", (8000 + 0 * x).astype("f4"))
        numpy.save(self.folder / "zero.npy", (8000 * numpy.exp(-numpy.where(x < 5, 0, x) / 100)).astype("f4"))

    def zarr(self):
        """In chunks that blosc has packed; the harness of that reader starts from the same file."""
        shutil.copy(CASES.parent / "fuzz" / "corpus" / "zarr" / "blosc-lz4.zip", self.folder / "scan.zip")

    def model(self):
        """Zr and Cu on the places of CsCl, moved a little."""
        places = [(x + shift, y + shift, z + shift, name) for shift, name in ((0, "Zr"), (0.5, "Cu"))
                  for x in range(4) for y in range(4) for z in range(4)]
        lines = [f"{name} {3 * x + 0.05 * math.sin(i):.4f} {3 * y:.4f} {3 * z + 0.05 * math.cos(3 * i):.4f}"
                 for i, (x, y, z, name) in enumerate(places)]
        head = [str(len(lines)), 'Lattice="12 0 0 0 12 0 0 0 12" Properties=species:S:1:pos:R:3']
        (self.folder / "model.xyz").write_text("\n".join([*head, *lines, ""]))

    def tracks(self):
        rows = ["file,material,width (um),width error (um),cross section (um^2),cross section error (um^2)"]
        for load in 20, 50, 100:
            lines = [f"{i};{load * (10 <= i < 360) / 1000};{0.2 * load * (10 <= i < 360) + 0.1 * math.sin(i):.6f}" for i in range(400)]
            (self.folder / f"{load}.txt").write_text("\n".join(["# mN and N", "distance (um);load (N);lateral force (mN)", *lines, ""]))
            width = math.sqrt(load)
            rows.append(f"{load}.txt,glass,{width:.6f},{0.02 * width:.6f},{0.01 * load:.6f},{0.0004 * load:.6f}")
        (self.folder / "tracks.csv").write_text("\n".join([*rows, ""]))


MAKERS = {("scan.h5", "scan.npy"): Store.scan, ("map.h5",): Store.map, ("pdf.h5",): Store.pdf,
          ("recipe.yaml", "profile.csv"): Store.texts, ("band.h5", "zone.h5"): Store.band, ("flat.h5",): Store.flat,
          ("inclusion.h5",): Store.inclusion, ("beam.h5", "vacuum.h5"): Store.beam, ("all.npy", "zero.npy"): Store.images,
          ("scan.zip",): Store.zarr, ("model.xyz",): Store.model,
          ("tracks.csv", "20.txt", "50.txt", "100.txt"): Store.tracks}
ALL = {name for names in MAKERS for name in names}
