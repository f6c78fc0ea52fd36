# SPDX-License-Identifier: GPL-3.0-or-later
"""One exception class a family of failures; each is also the Python exception that one would expect."""


class VitrailError(Exception):
    """What the library reports: what, where, what to do."""


class ArgumentError(VitrailError, ValueError):
    """An argument, shape, type or range that does not fit."""


class InputError(VitrailError, OSError):
    """A file that cannot be read or written, or whose format is not understood."""


class ExistsError(InputError, FileExistsError):
    """A file of this name is there; say force=True to replace it."""


class NotFoundError(VitrailError, LookupError):
    """A file, group, map or name that is not there."""


class NoDataError(VitrailError):
    """Nothing that could be used."""


class NumericError(VitrailError, ArithmeticError):
    """A computation that failed."""


class MemoryShortError(VitrailError, MemoryError):
    """Memory is short, or the ceiling is reached."""


class InterruptedWork(VitrailError):
    """The work was cancelled."""


# In the order of vtr_status (include/vitrail/error.h), whose codes are never renumbered.
_CLASSES = [
    VitrailError,
    ArgumentError,
    MemoryShortError,
    InputError,
    InputError,
    ArgumentError,
    ArgumentError,
    ArgumentError,
    NoDataError,
    NotFoundError,
    ExistsError,
    NumericError,
    InterruptedWork,
]


def error_class(status):
    """The class of a status; codes of a newer library are plain VitrailErrors."""
    return _CLASSES[status] if 0 <= status < len(_CLASSES) else VitrailError
