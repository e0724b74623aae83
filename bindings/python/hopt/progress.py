"""Progress of fmin: context managers that take `initial` and `total` and yield something with update(n)
and an attribute `postfix`, as hyperopt's. With tqdm installed it is tqdm's bar."""
import contextlib
import sys
import time

try:
    from tqdm import tqdm
except ImportError:
    tqdm = None

WIDTH = 30


@contextlib.contextmanager
def tqdm_progress_callback(initial, total):
    with tqdm(total=total if total < sys.maxsize else None, postfix={"best loss": "?"},
              dynamic_ncols=True, unit="trial", initial=initial) as bar:
        yield bar


class _Line:
    """One line on standard error, on a terminal only."""

    def __init__(self, initial, total):
        self.done, self.total, self.postfix = initial, total, "best loss: ?"
        self._began = time.monotonic()
        self._shown = 0.0
        self._terminal = sys.stderr.isatty()

    def update(self, n):
        self.done += n
        if self._terminal and (time.monotonic() - self._shown > 0.1 or self.done >= self.total):
            self._shown = time.monotonic()
            self.show()

    def show(self):
        share = min(1.0, self.done / self.total) if 0 < self.total < sys.maxsize else 0
        bar = "#" * int(WIDTH * share) + "." * (WIDTH - int(WIDTH * share))
        total = "/%d" % self.total if self.total < sys.maxsize else ""
        sys.stderr.write("\r%s %d%s trials, %.0f s, %s " % (
            bar, self.done, total, self._shown - self._began, self.postfix))
        sys.stderr.flush()

    def end(self):
        if self._terminal and self._shown:
            sys.stderr.write("\n")


@contextlib.contextmanager
def line_progress_callback(initial, total):
    line = _Line(initial, total)
    try:
        yield line
    finally:
        line.end()


@contextlib.contextmanager
def no_progress_callback(initial, total):
    class NoProgressContext:
        postfix = None

        def update(self, n):
            pass

    yield NoProgressContext()


default_callback = tqdm_progress_callback if tqdm is not None else line_progress_callback


def chosen(wanted):
    """The context manager for fmin's show_progressbar: True, False or one's own."""
    if wanted is True:
        return default_callback
    return wanted or no_progress_callback
