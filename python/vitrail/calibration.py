# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of a recording before the pass: mask, camera, centre, distortion, ring, speckle."""

import tempfile
from pathlib import Path

import numpy as np

from . import mapfile
from ._library import call, ffi, lib
from ._settings import Settings, spread
from ._work import Work


class Calibration:
    """Made by :func:`calibrate` or :meth:`read`.

    centre_px: (y, x); w: symmetric 2 x 2 matrix, u = W (x - c) makes the mean ring round, in (x, y), det 1;
    k_step: 1/angstrom a pixel, k = 1/d, NaN where not known; electrons: mean in the ring's annulus of a pattern;
    mask: [det_y][det_x], 0 = used; mean: [det_y][det_x] of the sample, recorded units; chi2: of the sample's fits.
    """

    def __init__(self, pointer):
        self._handle = ffi.gc(pointer, lib.vtr_calibration_free)
        c = self._handle
        self.centre_px = (c.centre_y_px, c.centre_x_px)
        self.w = np.array([[c.wxx, c.wxy], [c.wxy, c.wyy]])
        self.k_step = c.k_step_inv_angstrom
        self.electrons, self.chi2 = c.electrons, c.chi2
        self.n_sampled, self.n_fitted = int(c.n_sampled), int(c.n_fitted)

    def __repr__(self):
        y, x = self.centre_px
        return f"<Calibration: centre ({x:.2f}, {y:.2f}) px, {self.electrons:.4g} electrons in the ring>"

    def _image(self, pointer, kind):
        shape = (self._handle.det_y, self._handle.det_x)
        size = shape[0] * shape[1] * np.dtype(kind).itemsize
        return np.frombuffer(ffi.buffer(pointer, size), kind).reshape(shape).copy()

    @property
    def mask(self):
        return self._image(self._handle.mask, "u1")

    @property
    def mean(self):
        return self._image(self._handle.mean, "f8")

    @classmethod
    def read(cls, path):
        """A stored calibration, or that of a map file."""
        out = ffi.new("vtr_calibration **")
        with mapfile._Open(lib.vtr_mapfile_open, path) as handle:
            call(lib.vtr_calibration_read, out, handle)
        return cls(out[0])

    def write(self, path, force=False):
        """Stores it as a file, as ``vitrail calibrate -o`` does."""
        with (target := mapfile.creating(path, force)) as handle:
            call(lib.vtr_calibration_write, self._handle, handle)
            target.commit()

    def __reduce__(self):
        """To other processes and machines as the bytes of the file, which keep every bit."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "calibration.h5"
            self.write(path)
            return _from_bytes, (path.read_bytes(),)


def _from_bytes(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calibration.h5"
        path.write_bytes(content)
        return Calibration.read(path)


def calibrate(recording, *, threads=0, progress=None, **settings):
    """Samples patterns over the whole scan and measures what the pass needs. Settings as of ``vitrail calibrate``:
    centre_x, centre_y, ring, mask, noise, ring_k, k_scale, sample, ... Returns a :class:`Calibration`."""
    params = Settings("vtr_calibrate_params", lib.vtr_calibrate_parameters)
    spread(settings, params)
    return measure(recording, params, threads, progress)


def measure(recording, params, threads, progress):
    out, work = ffi.new("vtr_calibration **"), Work(progress)
    work.call(lib.vtr_calibrate, out, recording._handle, params.values, threads, work.progress)
    return Calibration(out[0])
