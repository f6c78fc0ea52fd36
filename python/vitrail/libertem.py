# SPDX-License-Identifier: GPL-3.0-or-later
"""The pass as user-defined functions of LiberTEM, which must be installed: on its clusters, and while a camera delivers.

    import libertem.api as lt
    from vitrail.libertem import RingUDF
    calibration = vitrail.Calibration.read("calibration.h5")
    with lt.Context() as context:
        result = context.run_udf(context.load("auto", path="scan.mib"), RingUDF(calibration=calibration))
    wxx, error = result["ellipse"].data[..., 2], result["ellipse_errors"].data[..., 2]

The numbers are, to the bit, those that ``vitrail map`` with this calibration writes.
"""

import numpy as np
from libertem.udf import UDF

from .frames import COVARIANCE, ELLIPSE, Frames, samples

_MISSING = 1  # VTR_FLAG_MISSING
_DIAGONAL = [0, 5, 9, 12, 14]  # of the covariance's upper triangle, row by row


class RingUDF(UDF):
    """The ellipse of every position's ring, with its errors.

    calibration: a :class:`vitrail.Calibration`. Settings as of ``vitrail map``: fit, threshold, blur. Results over the scan,
    float32 as in a map file: ellipse [5] (cx, cy in px, Wxx, Wyy, Wxy: the ring is |W (x - c)| = radius), ellipse_errors [5]
    (standard deviations), covariance [15] (upper triangle, row by row), chi2 (reduced), flags (why there is no value). No data
    is NaN; positions that were not worked on, or not yet, are flagged as missing.
    """

    def __init__(self, calibration, **settings):
        super().__init__(calibration=calibration, **settings)

    def _settings(self):
        settings = {name: value for name, value in self._kwargs.items() if name != "calibration"}
        return {"no_profile": True, **settings}

    def get_preferred_input_dtype(self):
        """The recording's own numbers: what counts are is not lost."""
        return self.USE_NATIVE_DTYPE

    def get_result_buffers(self):
        return {
            "ellipse": self.buffer(kind="nav", extra_shape=(ELLIPSE,), dtype="float32"),
            "ellipse_errors": self.buffer(kind="nav", extra_shape=(ELLIPSE,), dtype="float32", use="result_only"),
            "covariance": self.buffer(kind="nav", extra_shape=(COVARIANCE,), dtype="float32"),
            "chi2": self.buffer(kind="nav", dtype="float32"),
            "flags": self.buffer(kind="nav", dtype="uint32"),
            "is_done": self.buffer(kind="nav", dtype="bool", use="private"),
        }

    def get_task_data(self):
        """Plans and fits of one worker."""
        scan = self.meta.dataset_shape.nav
        if len(scan) > 2:
            raise ValueError(f"a scan of {len(scan)} dimensions; it has to have one or two")
        shape = (1, *scan)[-2:]
        return {"frames": Frames(self.params.calibration, shape, self.meta.input_dtype, **self._settings())}

    def process_partition(self, partition):
        frames, shape = self.task_data.frames, self.task_data.frames.shape
        places = np.atleast_2d(self.meta.coordinates)
        positions = places[:, 0] if places.shape[1] == 1 else places[:, 0] * shape[1] + places[:, 1]
        # a region of interest leaves gaps
        for at in np.split(np.arange(len(positions)), np.flatnonzero(np.diff(positions) != 1) + 1):
            part = slice(at[0], at[-1] + 1)
            found = frames.compute(positions[at[0]], partition[part])
            for name in self._names():
                getattr(self.results, name)[part] = found[name]
            self.results.is_done[part] = True

    def _names(self):
        return ["ellipse", "covariance", "chi2", "flags"]

    def get_results(self):
        """Zeros of positions without a pattern are no results."""
        is_done = self.results.get_buffer("is_done").raw_data
        found = {}
        for name in self._names():
            values = self.results.get_buffer(name).raw_data.copy()
            values[~is_done] = _MISSING if name == "flags" else np.nan
            found[name] = values
        found["ellipse_errors"] = np.sqrt(found["covariance"][:, _DIAGONAL])
        return found


class ProfileUDF(RingUDF):
    """The radial profile of every position too, its own centre and ellipticity taken out.

    Settings as of :class:`RingUDF`, and profile_step (px). Results beside those: intensity [samples] at (j + 1/2)
    profile_step, recorded units per pixel; variance [samples] of it.
    """

    def _settings(self):
        return {**super()._settings(), "no_profile": False}

    def get_result_buffers(self):
        n = samples(self.params.calibration, **self._settings())
        row = {name: self.buffer(kind="nav", extra_shape=(n,), dtype="float32") for name in ("intensity", "variance")}
        return {**super().get_result_buffers(), **row}

    def _names(self):
        return [*super()._names(), "intensity", "variance"]
