# SPDX-License-Identifier: GPL-3.0-or-later
"""Pair distribution functions with error bars: of one profile, and of every position of a map file."""

from dataclasses import dataclass

import numpy as np

from . import mapfile
from ._library import call, ffi, lib, text
from ._settings import Settings, spread
from ._work import Work
from .mapfile import MapFile, command_text


@dataclass
class PDF:
    """Q in 1/angstrom, r in angstrom; S(Q), F(Q) = Q (S - 1) in 1/angstrom, G(r) = 4 pi r rho0 (g - 1) in 1/angstrom^2, R(r) in
    atoms/angstrom; errors are standard deviations, None without the profile's. density: atoms/angstrom^3, given or found."""

    Q: np.ndarray
    S: np.ndarray
    S_errors: "np.ndarray | None"
    F: np.ndarray
    F_errors: "np.ndarray | None"
    r: np.ndarray
    G: np.ndarray
    G_errors: "np.ndarray | None"
    R: np.ndarray
    R_errors: "np.ndarray | None"
    density: float
    density_error: float
    scale: float
    scale_error: float
    notes: list


def _array(pointer, n):
    return None if pointer == ffi.NULL else np.frombuffer(ffi.buffer(pointer, 8 * n), "f8").copy()


def _notes(bits):
    return [text(lib.vtr_pdf_note_text(1 << i)) for i in range(32) if bits >> i & 1]


def pdf(x, intensity, errors=None, *, axis="Q-1/A", **settings):
    """The PDF of one azimuthal mean.

    x: increasing, Q in 1/angstrom unless `axis` says "Q-1/nm", "k-1/A" or "k-1/nm" (k = 1/d); intensity, errors: as many.
    Settings as of ``vitrail pdf``: composition (needed), radiation, density, qmin, qmax, qmaxinst, background_order, ...
    Returns a :class:`PDF`.
    """
    params = Settings("vtr_pdf_params", lib.vtr_pdf_parameters, lib.vtr_pdf_default_params)
    spread(settings, params)
    x, intensity = (np.ascontiguousarray(a, "f8") for a in (x, intensity))
    variance = None if errors is None else np.ascontiguousarray(np.asarray(errors, "f8") ** 2)
    if x.ndim != 1 or intensity.shape != x.shape or (variance is not None and variance.shape != x.shape):
        raise ValueError("x, intensity and errors have to be of one dimension and one length")
    double = lambda a: ffi.NULL if a is None else ffi.from_buffer("double[]", a)
    kinds = ["Q-1/A", "Q-1/nm", "k-1/A", "k-1/nm"]
    profile = ffi.new("vtr_pdf_profile *", [len(x), double(x), double(intensity), double(variance), kinds.index(axis)])
    out = ffi.new("vtr_pdf *")
    call(lib.vtr_pdf_compute, out, profile, params.values)
    try:
        q = [_array(p, out.n_q) for p in (out.q, out.S, out.S_error, out.F, out.F_error)]
        r = [_array(p, out.n_r) for p in (out.r, out.G, out.G_error, out.R, out.R_error)]
        found = out.normalisation
        return PDF(
            *q, *r, found.density, found.density_error, found.scale, found.scale_error, _notes(found.notes)
        )
    finally:
        lib.vtr_pdf_release(out)


def pdf_map(maps, *, peak=None, threads=0, progress=None, **settings):
    """The PDF of every position of a map file, with maps of the first two shells, added to it as /entry/pdf.

    peak: (low, high) in angstrom, where the first shell is looked for. Settings as of ``vitrail pdf`` of a map file: composition
    (needed), density, qmin, qmax, ..., image, region. Returns the :class:`MapFile`: ``maps["pdf/nearest"]``, ``maps["pdf/G"]``,
    ``maps.array("pdf/r")``.
    """
    params = Settings("vtr_pdf_params", lib.vtr_pdf_parameters, lib.vtr_pdf_default_params)
    cube = Settings("vtr_pdf_cube_params", lib.vtr_pdf_cube_parameters, lib.vtr_pdf_cube_default_params)
    spread(settings, params, cube)
    if peak is not None:
        cube.values.first = peak
    maps = maps if isinstance(maps, MapFile) else MapFile(maps)
    work = Work(progress)
    with (target := mapfile.editing(maps)) as handle:
        work.call(lib.vtr_pdf_cube, handle, params.values, cube.values, threads, ffi.NULL, work.progress)
        if cube.values.with_sectors:
            _shell_strain(handle, params, cube, threads, progress)
        mapfile.note(handle, "pdf", command_text("pdf_map", [maps.path], settings), [params, cube])
        target.commit()
    return maps


def _shell_strain(handle, params, cube, threads, progress):
    """Strain of the first shell from the profiles of sectors, as /entry/pdf/strain."""
    found, work = ffi.new("vtr_pdf_strain_result *"), Work(progress)
    try:
        work.call(lib.vtr_pdf_strain, handle, params.values, cube.values, threads, found, work.progress)
    finally:
        lib.vtr_pdf_strain_result_release(found)
