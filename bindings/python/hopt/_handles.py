"""Thin classes over libhopt's handles: a study, an evaluation. JSON in and out; errors are raised as
LibraryError. store.py and study.py are made of them."""
import ctypes
import datetime
import json
import math

from . import _library
from ._library import byref, new_handle


def _bytes(text):
    return None if text is None else text.encode()


# ---- what JSON can hold ----


def storable(value, where="the result"):
    """`value` with numpy's types as Python's. TypeError, naming the place, for what a store can't
    keep."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value) if -2**63 <= value < 2**63 else float(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, dict):
        return {str(key): storable(member, "%s[%r]" % (where, key)) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(member, "%s[%d]" % (where, i)) for i, member in enumerate(value)]
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        raise TypeError("%s is bytes: give them as an attachment" % where)
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        return storable(value.tolist(), where)
    raise TypeError("%s is a %s, which a store can't keep: leave it out, or pickle it into an "
                    "attachment" % (where, type(value).__name__))


# ---- an evaluation ----


class Evaluation:
    """A trial that was asked for and is to be told."""

    def __init__(self, handle, study):
        self._handle = handle
        self._study = study  # must not be closed before
        self._logged = False
        self.num = _library.plain("hopt_eval_num", handle)
        self.seed = _library.plain("hopt_eval_seed", handle)
        self.attempt = _library.plain("hopt_eval_attempt", handle)
        self.vals = json.loads(_library.plain("hopt_eval_vals_json", handle))

    def report(self, step, loss):
        return bool(_library.plain("hopt_eval_report", self._handle, int(step), float(loss)))

    def should_stop(self):
        return bool(_library.plain("hopt_eval_should_stop", self._handle))

    def attach(self, name, data):
        if isinstance(data, str):
            data = data.encode()
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError("attachment %r is a %s: a store keeps bytes and text" % (
                name, type(data).__name__))
        data = bytes(data)
        if _library.plain("hopt_eval_attach", self._handle, _bytes(name), data, len(data)) != 0:
            raise ValueError("attachment %r can't be kept: a name has no / and at most 255 bytes, a "
                             "content at most 64 MB" % name)

    def log(self, text):
        for line in text.splitlines():
            _library.plain("hopt_eval_log", self._handle, _bytes(line.replace("\0", "?")))

    def _extras(self, result):
        for key, value in result.items():
            if key in ("loss", "status", "status_fail"):
                continue
            text = json.dumps(storable(value, "result[%r]" % (key,)))
            if _library.plain("hopt_eval_extra", self._handle, _bytes(str(key)), _bytes(text)) != 0:
                raise ValueError("result[%r] can't be kept" % (key,))

    def tell(self, result):
        """A result as an objective returns it, {"status": "ok", "loss": ...}."""
        loss = result.get("loss")
        self._extras(result)
        if result.get("status") == "ok":
            loss = float(loss)
            _library.check("hopt_tell", self._handle, loss if math.isfinite(loss) else math.nan)
        else:
            reason = result.get("status_fail")
            _library.check("hopt_tell_fail", self._handle,
                           _bytes(None if reason is None else str(reason)))

    def tell_error(self, kind, message, log=""):
        if not self._logged:  # it may be told again
            self.log(log)
            self._logged = True
        _library.check("hopt_tell_error", self._handle, _bytes(kind.replace("\0", "?")),
                       _bytes(message.replace("\0", "?")))

    def pruned(self):
        _library.check("hopt_tell_pruned", self._handle)

    def release(self):
        _library.check("hopt_tell_release", self._handle)

    def close(self):
        if self._handle is not None:
            _library.plain("hopt_eval_free", self._handle)
            self._handle = None

    def __del__(self):
        self.close()


# ---- a study ----


class StudyHandle:
    """A study that is open."""

    def __init__(self, handle):
        self._handle = handle
        self.name = _library.plain("hopt_study_name", handle).decode()
        self.seed = _library.plain("hopt_study_seed", handle)
        self.maximizes = bool(_library.plain("hopt_study_maximizes", handle))

    @staticmethod
    def _options(store, name, sampler=None, seed=None, maximize=False, points=None, settings=None,
                 lease=True):
        options = _library.StudyOptions(size=ctypes.sizeof(_library.StudyOptions))
        options.store, options.name = _bytes(store), _bytes(name)
        options.sampler = _bytes(None if sampler is None else json.dumps(sampler))
        if seed is not None:
            options.has_seed, options.seed = 1, seed
        options.maximize = int(maximize)
        options.points_vals = _bytes(json.dumps(storable(points, "points")) if points else None)
        options.settings = _bytes(json.dumps(settings) if settings else None)
        options.lease_asked = int(lease)
        return options

    @classmethod
    def open(cls, text, **options):
        """The study of a text: a new one, or the stored one of that name and space."""
        handle = new_handle()
        _library.check("hopt_study_from_text", byref(handle), _bytes(text),
                       byref(cls._options(**options)))
        return cls(handle)

    @classmethod
    def load(cls, store, name=None):
        """A study that is in a store already; None when there is none."""
        handle = new_handle()
        found = _library.check("hopt_study_load", byref(handle), byref(cls._options(store, name)),
                               none_at=(_library.ENOTFOUND,))
        return cls(handle) if found else None

    def ask(self, vals=None):
        """An Evaluation, at {label: value} where that is given; None when the space is used up.
        LibraryError with ECONFLICT: the study has its trials, is paused or done."""
        handle = new_handle()
        if vals is None:
            got = _library.check("hopt_ask", self._handle, byref(handle),
                                 none_at=(_library.ENOTFOUND,))
        else:
            point = json.dumps(storable(vals, "the point"))
            got = _library.check("hopt_ask_at", self._handle, _bytes(point), byref(handle))
        return Evaluation(handle, self) if got else None

    @staticmethod
    def _line(info):
        line = json.loads(_library.plain("hopt_info_json", info))
        _library.plain("hopt_info_free", info)
        return line

    def trials(self, states=0):
        """The records of all trials, or of those in some states (bits), as `hopt export` has them."""
        iterator, info = new_handle(), new_handle()
        _library.check("hopt_study_trials", self._handle, states, byref(iterator))
        try:
            while _library.check("hopt_iterator_next", iterator, byref(info),
                                 none_at=(_library.ENOTFOUND,)):
                yield self._line(info)
                info = new_handle()
        finally:
            _library.plain("hopt_iterator_free", iterator)

    def trial(self, num):
        info = new_handle()
        _library.check("hopt_study_trial", self._handle, num, byref(info))
        return self._line(info)

    def best(self):
        info = new_handle()
        found = _library.check("hopt_study_best", self._handle, byref(info),
                               none_at=(_library.ENOTFOUND,))
        return self._line(info) if found else None

    def counts(self):
        """How many trials are new, running, done, in error, cancelled."""
        counts = (ctypes.c_int64 * 5)()
        _library.check("hopt_study_counts", self._handle, counts)
        return list(counts)

    def attachments(self, num):
        text = new_handle()
        _library.check("hopt_study_attachments", self._handle, num, byref(text))
        return json.loads(_library.taken_text(text))

    def attachment(self, num, name):
        data, size = new_handle(), ctypes.c_size_t()
        if not _library.check("hopt_study_attachment", self._handle, num, _bytes(name), byref(data),
                              byref(size), none_at=(_library.ENOTFOUND,)):
            raise KeyError(name)
        content = ctypes.string_at(data, size.value)
        _library.plain("hopt_free", data)
        return content

    def log(self, num):
        text = new_handle()
        _library.check("hopt_study_log", self._handle, num, byref(text))
        return _library.taken_text(text) or ""

    def text(self):
        return _library.taken_text(_library.plain("hopt_study_text", self._handle))

    def close(self):
        if self._handle is not None:
            _library.plain("hopt_study_close", self._handle)
            self._handle = None
