#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Voronoi cells of vitrail structure against freud's (Voro++): check_structure.py VITRAIL

Of a model of a metallic glass: volumes, faces and indices, atom by atom. freud keeps positions as single-precision numbers, so corners
that nearly meet may come apart the other way: in less than one cell of a hundred. Ends with 77 where something is missing.
"""
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import freud
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}; make peers installs it")
    sys.exit(77)

MODEL = Path(os.environ.get("VITRAIL_TEST_DATA", "../shared/data")) / "structures/init_config_Cu64.5Zr35.5_1.0e+10.lammps"
if not MODEL.exists():
    print(f"skipped: {MODEL} is not there")
    sys.exit(77)


def read_cell(path):
    """Lower and upper edges of an orthogonal LAMMPS cell."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return np.array([[float(v) for v in line[:2]] for line in lines if len(line) == 4 and line[3] in ("xhi", "yhi", "zhi")])


def index_of(corners, vectors):
    """<n3, n4, n5, n6>: a face across d holds the corners x with x.d = d.d/2."""
    edges = [int((np.abs(corners @ d - d @ d / 2) < 2e-4 * (d @ d)).sum()) for d in vectors]
    return [edges.count(k) for k in (3, 4, 5, 6)]


def main(vitrail):
    with tempfile.TemporaryDirectory() as folder:
        atoms = Path(folder) / "atoms.csv"
        subprocess.run([vitrail, "structure", MODEL, "--elements", "Cu,Zr", "--atoms", atoms, "--quiet"], check=True)
        with open(atoms, newline="") as file:
            rows = list(csv.DictReader(file))
    cell = read_cell(MODEL)
    box = freud.box.Box(*(cell[:, 1] - cell[:, 0]))
    places = np.array([[float(row[f"{axis}_angstrom"]) for axis in "xyz"] for row in rows])
    places = box.wrap(places - cell.mean(axis=1))
    voronoi = freud.locality.Voronoi()
    voronoi.compute((box, places))
    volumes = np.array([float(row["volume_angstrom3"]) for row in rows])
    off = np.abs(volumes / voronoi.volumes - 1).max()
    assert off < 1e-4, f"volumes differ by {off}"
    faces = np.bincount(voronoi.nlist.query_point_indices, minlength=len(rows))
    n_faces = sum(int(row["faces"]) != n for row, n in zip(rows, faces))
    assert n_faces <= len(rows) // 100, f"faces of {n_faces} cells differ"
    n_indices, looked_at = 0, range(0, len(rows), 25)
    for i in looked_at:
        row = rows[i]
        vectors = voronoi.nlist.vectors[voronoi.nlist.query_point_indices == i]
        found = [int(row[f"n{k}"]) for k in (3, 4, 5, 6)]
        n_indices += index_of(voronoi.polytopes[i] - places[i], vectors) != found
    assert n_indices <= len(looked_at) // 50, f"indices of {n_indices} of {len(looked_at)} cells differ"
    print(f"{len(rows)} cells: volumes within {off:.1e}, {n_faces} with another number of faces, {n_indices} of {len(looked_at)} with another index")


main(sys.argv[1])
