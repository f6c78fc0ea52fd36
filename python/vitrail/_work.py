# SPDX-License-Identifier: GPL-3.0-or-later
"""Long calls: they show how far they are, and Ctrl-C ends them as it ends the command line's."""

import sys
import threading
import warnings

from ._library import check, ffi, text


def _bar():
    """A bar of tqdm where it is installed and somebody looks, else nothing."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    is_notebook = "ipykernel" in sys.modules
    return tqdm if is_notebook or sys.stderr.isatty() else None


class Work:
    """Progress, warnings and cancelling of one call of the library.

    progress: None shows a bar of tqdm where it is installed; False shows nothing; a function is called with (task, done,
    total, unit).
    """

    def __init__(self, progress=None):
        self._stop = threading.Event()
        self._report = progress if callable(progress) else None
        self._bar_class = _bar() if progress is None or progress is True else None
        self._bar, self._task, self._warnings = None, None, []
        self._callbacks = (
            ffi.callback("void(void *, const char *, double, double, const char *)", self._on_report),
            ffi.callback("void(void *, const char *)", self._on_warning),
            ffi.callback("bool(void *)", lambda _user: self._stop.is_set()),
        )
        self.progress = ffi.new("vtr_progress *")
        self.progress.report, self.progress.warn, self.progress.cancelled = self._callbacks

    def _on_report(self, _user, task, done, total, unit):
        task, unit = text(task), text(unit)
        if self._report is not None:
            self._report(task, done, total, unit)
        if self._bar_class is None:
            return
        if task != self._task:
            self._close_bar()
            self._task, self._bar = task, self._bar_class(total=total, desc=task, unit=f" {unit}", unit_scale=True)
        self._bar.update(done - self._bar.n)

    def _on_warning(self, _user, sentence):
        self._warnings.append(text(sentence))

    def _close_bar(self):
        if self._bar is not None:
            self._bar.close()

    def _wait(self, thread):
        """Runs a thread to its end, whenever Ctrl-C comes: what it works on must outlive it. Returns the interrupt."""
        interrupt, begin = None, thread.start
        while True:
            try:
                begin()
                while thread.is_alive():
                    thread.join(0.05)
                return interrupt
            except KeyboardInterrupt as caught:
                interrupt, begin = caught, lambda: None
                self._stop.set()

    def call(self, function, *arguments):
        """As _library.call, in a thread of its own, so that Ctrl-C reaches Python while the library works."""
        error = ffi.new("vtr_error *")
        outcome = []
        thread = threading.Thread(target=lambda: outcome.append(function(*arguments, error)))
        interrupt = self._wait(thread)
        self._close_bar()
        for sentence in self._warnings:
            warnings.warn(sentence, stacklevel=3)
        if interrupt is not None:
            raise interrupt
        check(outcome[0], error)
