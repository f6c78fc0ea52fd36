# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared library, and what its headers declare.

The declarations are the public headers themselves, run through the preprocessor when the library is built
(``vitrail_api.h``), so that no signature stands here a second time.
"""

import os
import re
from pathlib import Path

import cffi

from .errors import error_class

_HERE = Path(__file__).resolve().parent


def _find(variable, names):
    """The first of `names` beside this file, or what the environment variable says."""
    if variable in os.environ:
        return Path(os.environ[variable])
    for name in names:
        for path in sorted(_HERE.glob(name)):
            return path
    raise ImportError(f"vitrail: no {names[0]} beside {_HERE}; install the package with pip, or set {variable}")


def _declarations():
    """cffi takes constant globals for numbers; the parameter tables are structs."""
    header = _find("VITRAIL_API", ["vitrail_api.h"]).read_text(encoding="utf-8")
    return re.sub(r"\bextern const (\w+ \w+;)", r"extern \1", header)


ffi = cffi.FFI()
ffi.cdef(_declarations())
lib = ffi.dlopen(str(_find("VITRAIL_LIBRARY", ["libvitrail.so*", "libvitrail.dylib", "vitrail.dll"])))

__version__ = "0.1.0"
if text := ffi.string(lib.vtr_version()).decode():
    if text.split(".")[:2] != __version__.split(".")[:2]:
        raise ImportError(f"vitrail {__version__} for Python needs that version of the library, and found {text}")


def text(pointer):
    """A C string as str; "" for NULL."""
    return "" if pointer == ffi.NULL else ffi.string(pointer).decode("utf-8", "replace")


def check(status, error):
    """Raises what a failed call says."""
    if status != lib.VTR_OK:
        message = text(error.message) or text(lib.vtr_status_text(status))
        raise error_class(int(status))(message)


def call(function, *arguments):
    """Calls a function whose last argument is a vtr_error, and raises what it reports."""
    error = ffi.new("vtr_error *")
    check(function(*arguments, error), error)


def path_bytes(path):
    """A path as the library takes it."""
    return os.fsencode(os.fspath(path))
