"""libhopt's shared library by ctypes: found, loaded once, its functions with their types.

It is looked for where HOPT_LIBRARY says (a file, or a folder that has it), beside this package, in the
lib folder of this Python's prefix and of /usr/local, then by the system's loader.
"""
import ctypes
import ctypes.util
import os
import re
import sys
import threading
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint64, c_void_p

from .exceptions import LibraryError, LibraryNotFound

NAMES = ("libhopt.so.0", "libhopt.so", "libhopt.0.dylib", "libhopt.dylib")

OK, EINVAL, ENOTFOUND, ECONFLICT, ESTORE, EUNAVAILABLE, EFAILED, ESTOPPED = range(8)


class Failure(ctypes.Structure):
    _fields_ = [("code", c_int), ("line", c_int), ("column", c_int), ("message", ctypes.c_char * 2036)]

    def text(self):
        # Positions are those of a text that we made and nobody saw.
        return re.sub(r"(?m)^\d+:\d+: ", "", self.message.decode("utf-8", "replace"))


class StudyOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("store", c_char_p), ("sampler", c_char_p),
                ("has_seed", c_int), ("seed", c_uint64), ("maximize", c_int), ("max_trials", c_int64),
                ("points", c_char_p), ("points_vals", c_char_p), ("settings", c_char_p),
                ("lease_asked", c_int)]


_HANDLE, _OUT, _WHY = c_void_p, POINTER(c_void_p), POINTER(Failure)

# name: (result, arguments). A result of "check" is a code: anything but OK is raised.
FUNCTIONS = {
    "hopt_version": (c_char_p, []),
    "hopt_free": (None, [c_void_p]),
    "hopt_suggester_open": ("check", [_OUT, c_char_p, c_uint64, _WHY]),
    "hopt_suggester_add": ("check", [_HANDLE, c_char_p, _WHY]),
    "hopt_suggester_seed": (c_uint64, [_HANDLE, c_int64, c_int64]),
    "hopt_suggester_suggest": ("check", [_HANDLE, c_uint64, c_int64, _OUT, _WHY]),
    "hopt_suggester_close": (None, [_HANDLE]),
    "hopt_study_from_text": ("check", [_OUT, c_char_p, POINTER(StudyOptions), _WHY]),
    "hopt_study_load": ("check", [_OUT, POINTER(StudyOptions), _WHY]),
    "hopt_study_close": (None, [_HANDLE]),
    "hopt_study_name": (c_char_p, [_HANDLE]),
    "hopt_study_seed": (c_uint64, [_HANDLE]),
    "hopt_study_maximizes": (c_int, [_HANDLE]),
    "hopt_study_text": (c_void_p, [_HANDLE]),
    "hopt_space_eval": ("check", [_HANDLE, c_char_p, _OUT, _WHY]),
    "hopt_ask": ("check", [_HANDLE, _OUT, _WHY]),
    "hopt_ask_at": ("check", [_HANDLE, c_char_p, _OUT, _WHY]),
    "hopt_eval_params_json": (c_char_p, [_HANDLE]),
    "hopt_eval_vals_json": (c_char_p, [_HANDLE]),
    "hopt_eval_num": (c_int64, [_HANDLE]),
    "hopt_eval_seed": (c_uint64, [_HANDLE]),
    "hopt_eval_attempt": (c_int, [_HANDLE]),
    "hopt_eval_report": (c_int, [_HANDLE, c_int64, c_double]),
    "hopt_eval_should_stop": (c_int, [_HANDLE]),
    "hopt_eval_attach": (c_int, [_HANDLE, c_char_p, c_char_p, c_size_t]),
    "hopt_eval_extra": (c_int, [_HANDLE, c_char_p, c_char_p]),
    "hopt_eval_log": (None, [_HANDLE, c_char_p]),
    "hopt_eval_because": (None, [_HANDLE, c_char_p, c_char_p]),
    "hopt_tell": ("check", [_HANDLE, c_double, _WHY]),
    "hopt_tell_fail": ("check", [_HANDLE, c_char_p, _WHY]),
    "hopt_tell_error": ("check", [_HANDLE, c_char_p, c_char_p, _WHY]),
    "hopt_tell_pruned": ("check", [_HANDLE, _WHY]),
    "hopt_tell_release": ("check", [_HANDLE, _WHY]),
    "hopt_eval_free": (None, [_HANDLE]),
    "hopt_info_json": (c_char_p, [_HANDLE]),
    "hopt_info_free": (None, [_HANDLE]),
    "hopt_study_best": ("check", [_HANDLE, _OUT, _WHY]),
    "hopt_study_trial": ("check", [_HANDLE, c_int64, _OUT, _WHY]),
    "hopt_study_counts": ("check", [_HANDLE, POINTER(c_int64), _WHY]),
    "hopt_study_trials": ("check", [_HANDLE, ctypes.c_uint, _OUT, _WHY]),
    "hopt_iterator_next": ("check", [_HANDLE, _OUT, _WHY]),
    "hopt_iterator_free": (None, [_HANDLE]),
    "hopt_study_attachments": ("check", [_HANDLE, c_int64, _OUT, _WHY]),
    "hopt_study_attachment": ("check", [_HANDLE, c_int64, c_char_p, _OUT, POINTER(c_size_t), _WHY]),
    "hopt_study_log": ("check", [_HANDLE, c_int64, _OUT, _WHY]),
}

_loaded = None
_lock = threading.Lock()


def candidates():
    """Where the library may be, in the order of preference."""
    given = os.environ.get("HOPT_LIBRARY")
    if given:
        if not os.path.isdir(given):
            return [given]
        return [os.path.join(given, name) for name in NAMES]
    here = os.path.dirname(os.path.abspath(__file__))
    folders = [here, os.path.join(sys.prefix, "lib"), "/usr/local/lib"]
    found = [path for folder in folders for path in (os.path.join(folder, name) for name in NAMES)
             if os.path.exists(path)]
    return found + list(NAMES)


def _load():
    reasons = []
    for path in candidates():
        try:
            return ctypes.CDLL(path)
        except OSError as error:
            reasons.append(str(error))
    raise LibraryNotFound(
        "hopt needs libhopt's shared library and can't load it: %s. Install it (make install in hopt's "
        "source), or set HOPT_LIBRARY to the file libhopt.so." % "; ".join(dict.fromkeys(reasons)))


def _typed(library):
    """Give every function its types. One that is missing, of an older library, fails when called."""
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name, None)
        if function is not None:
            function.restype = c_int if result == "check" else result
            function.argtypes = arguments
    return library


def library():
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _typed(_load())
    return _loaded


def plain(name, *arguments):
    """Call a function that can't fail."""
    return getattr(library(), name)(*arguments)


def check(name, *arguments, none_at=()):
    """Call a function whose last argument is the failure, which is added here. A code among `none_at`
    gives False, OK True; another one is raised."""
    why = Failure()
    try:
        function = getattr(library(), name)
    except AttributeError:
        raise LibraryNotFound("%s has no %s(): it is older than this package"
                              % (library()._name, name)) from None
    code = function(*arguments, byref(why))
    if code == OK:
        return True
    if code in none_at:
        return False
    raise LibraryError(why.text() or "libhopt: error %d" % code, code)


def new_handle():
    return c_void_p()


def taken_text(pointer):
    """A text that the library gave out, which is freed."""
    if not pointer:
        return None
    text = ctypes.string_at(pointer).decode("utf-8")
    plain("hopt_free", pointer)
    return text


def version():
    return plain("hopt_version").decode()
