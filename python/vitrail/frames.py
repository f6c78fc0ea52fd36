# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns in memory: what the pass finds of each, for programs that read recordings themselves or take them from a camera."""

import numpy as np

from ._library import call, ffi, lib
from ._settings import Settings, spread
from .recording import _TYPES

ELLIPSE, COVARIANCE = 5, 15


def map_settings(settings):
    """The library's parameters of a pass from keyword arguments."""
    params = Settings("vtr_map_params", lib.vtr_map_parameters)
    spread(settings, params)
    return params


def samples(calibration, **settings):
    """How many samples the radial profiles of :class:`Frames` have, 0 with no_profile=True."""
    return int(lib.vtr_frames_samples(calibration._handle, map_settings(settings).values))


def _number_type(dtype):
    dtype = np.dtype(dtype)
    name = f"{dtype.kind}{dtype.itemsize}"
    if name not in _TYPES:
        raise TypeError(f"patterns of {dtype}; the library takes {', '.join(np.dtype(t).name for t in _TYPES)}")
    return _TYPES.index(name)


class Frames:
    """Fits rings, and takes profiles, of patterns that are given as arrays; one a thread.

    calibration: a :class:`Calibration`; scan_shape: (scan_y, scan_x); dtype: of the patterns. Settings as of
    ``vitrail map``: fit, threshold, blur, profile_step, no_profile.
    """

    def __init__(self, calibration, scan_shape, dtype, **settings):
        self._calibration, self._params = calibration, map_settings(settings)
        self._dtype = np.dtype(dtype).newbyteorder("=")
        self.shape = tuple(int(n) for n in scan_shape)
        self.samples = samples(calibration, **settings)
        out = ffi.new("vtr_frames **")
        call(
            lib.vtr_frames_create, out, calibration._handle, self._params.values, *self.shape, _number_type(dtype)
        )
        self._handle = ffi.gc(out[0], _free)

    def compute(self, first, patterns):
        """What is found of the patterns [n][det_y][det_x] of positions first ... first + n - 1 in scan order.

        A dictionary of arrays [n], as in a map file: ellipse [n][5] (cx, cy in px, Wxx, Wyy, Wxy: the ring is
        |W (x - c)| = radius), covariance [n][15], chi2, flags; intensity and variance [n][samples], of which there are
        none with no_profile. Rounded to single precision, as the file keeps them, the bits are those of ``vitrail map``.
        """
        calibration = self._calibration._handle
        if patterns.ndim != 3 or patterns.shape[1:] != (calibration.det_y, calibration.det_x):
            raise ValueError(
                f"patterns of shape {patterns.shape}; the calibration is for (n, {calibration.det_y}, {calibration.det_x})"
            )
        if patterns.dtype.newbyteorder("=") != self._dtype:
            raise TypeError(f"patterns of {patterns.dtype} where {self._dtype} was said")
        patterns = np.ascontiguousarray(patterns, self._dtype)
        n = len(patterns)
        found = {
            "ellipse": np.empty((n, ELLIPSE)),
            "covariance": np.empty((n, COVARIANCE)),
            "chi2": np.empty(n),
            "flags": np.empty(n, "u4"),
            "intensity": np.empty((n, self.samples), "f4"),
            "variance": np.empty((n, self.samples), "f4"),
        }
        if n == 0:
            return found
        results, kept = ffi.new("vtr_frames_results *"), []
        for name, array in found.items():
            if array.size:
                kind = ffi.typeof(getattr(results, name)).item.cname
                kept.append(ffi.from_buffer(f"{kind}[]", array, require_writable=True))
                setattr(results, name, kept[-1])
        call(lib.vtr_frames_compute, self._handle, int(first), n, ffi.from_buffer("char[]", patterns), results)
        return found


def _free(pointer):
    lib.vtr_frames_free(ffi.new("vtr_frames **", pointer))
