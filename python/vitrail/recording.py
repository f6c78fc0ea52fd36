# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: opened by the bytes of the file, read frame by frame into NumPy arrays."""

import math

import numpy as np

from ._library import call, ffi, lib, path_bytes, text
from ._settings import Settings, spread

_TYPES = ["u1", "u2", "u4", "i1", "i2", "i4", "f4", "f8"]


def _number(value):
    return None if math.isnan(value) else value


class Recording:
    """A recording [scan_y][scan_x][det_y][det_x], opened by :func:`open`. Indexing reads: ``recording[y, x]`` is one
    pattern, ``recording[y]`` a row of the scan, ``recording[2:10, ::4]`` a part of it.

    shape: (scan_y, scan_x, det_y, det_x); dtype: NumPy type of the numbers; n_frames: positions whose frame is there.
    scan_step_nm: (y, x); k_step: (y, x) in 1/angstrom, k = 1/d without 2 pi; beam_energy_kev: all None where not known.
    format, note: what the file is, and what one should know of it.
    """

    def __init__(self, path, settings):
        out = ffi.new("vtr_dataset **")
        call(lib.vtr_dataset_open, out, path_bytes(path), settings.values)
        self.settings = settings
        self._handle = ffi.gc(out[0], _close)
        info = lib.vtr_dataset_get_info(self._handle)
        self.path = path
        self.shape = tuple(info.shape)
        self.dtype = np.dtype(_TYPES[info.type])
        self.n_frames = int(info.n_frames)
        self.format, self.dataset, self.note = text(info.format), text(info.dataset), text(info.note)
        self.scan_step_nm = tuple(_number(v) for v in info.scan_step_nm)
        self.k_step = tuple(_number(v) for v in info.k_step_inv_angstrom)
        self.beam_energy_kev = _number(info.beam_energy_kev)

    ndim = 4

    def __len__(self):
        return self.shape[0]

    def __repr__(self):
        return f"<Recording {self.path}: {self.format}, {' x '.join(map(str, self.shape))}, {self.dtype}>"

    def read(self, first, n, out=None):
        """Frames of the positions first ... first + n - 1 in scan order, [n][det_y][det_x]; into `out` where given."""
        shape = (n, *self.shape[2:])
        if out is None:
            out = np.empty(shape, self.dtype)
        if out.shape != shape or out.dtype != self.dtype or not out.flags.c_contiguous:
            raise ValueError(f"out has to be a C-contiguous array {shape} of {self.dtype}")
        call(lib.vtr_dataset_read, self._handle, first, n, ffi.from_buffer("char[]", out, require_writable=True))
        return out

    def __getitem__(self, key):
        key = key if isinstance(key, tuple) else (key,)
        if Ellipsis in key:
            at = key.index(Ellipsis)
            key = key[:at] + (slice(None),) * (4 - len(key) + 1) + key[at + 1 :]
        key += (slice(None),) * (4 - len(key))
        ys, xs = (np.arange(n)[k] for n, k in zip(self.shape[:2], key[:2]))
        rows, columns = np.atleast_1d(ys), np.atleast_1d(xs)
        result = np.empty((len(rows), len(columns), *self.shape[2:]), self.dtype)
        is_run = len(columns) > 0 and np.array_equal(columns, np.arange(columns[0], columns[0] + len(columns)))
        for i, y in enumerate(rows):
            start = int(y) * self.shape[1]
            if is_run:
                self.read(start + int(columns[0]), len(columns), result[i])
                continue
            for j, x in enumerate(columns):
                self.read(start + int(x), 1, result[i, j : j + 1])
        picked = result[(slice(None), slice(None), *key[2:])]
        return picked.reshape(ys.shape + xs.shape + picked.shape[2:])

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[...], dtype)


def _close(pointer):
    holder = ffi.new("vtr_dataset **", pointer)
    lib.vtr_dataset_close(holder)


def open(path, **settings):
    """Opens a recording; reads its header only.

    Settings, as of the command line (``vitrail info --help``): shape, type, scan_shape, skip_frames, flyback, snake,
    dataset, k_step, scan_step, energy, ... Returns a :class:`Recording`.
    """
    params = Settings("vtr_dataset_params", lib.vtr_dataset_parameters)
    spread(settings, params)
    return Recording(path, params)
