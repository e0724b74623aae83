"""The problems of problems.c for Python: the same instances, numbers and noise as hopt's own samplers get.

A problem's space is a tree of Param, a point a dictionary label -> value (a choice: the index of its
option) that has the active ones only.
"""
import ctypes
import json
import math
import os
import time


class Param:
    def __init__(self, label, definition):
        self.label = label
        self.kind = {"uniform": "real", "uniformint": "level", "choice": "category"}[definition["_type"]]
        self.levels = 0  # of a level or a category
        self.options = []  # category: the parameters within each option
        value = definition["_value"]
        if self.kind == "level":
            self.levels = value[1] + 1
        elif self.kind == "category":
            self.levels = len(value)
            self.options = [read_space(option) if isinstance(option, dict) else [] for option in value]


def read_space(tree):
    return [Param(label, definition) for label, definition in tree.items() if label != "_name"]


def in_order(params):
    """Every parameter, parents first: the order of a point's numbers."""
    for param in params:
        yield param
        for option in param.options:
            yield from in_order(option)


class Problem:
    def __init__(self, library, number, name):
        self.library, self.number, self.name = library, number, name
        text = library.bench_problem_space(number)
        self.space = ctypes.cast(text, ctypes.c_char_p).value.decode()
        self.params = read_space(json.loads(self.space))
        library.bench_free(text)
        self.is_large = bool(library.bench_problem_is_large(number))
        self.labels = [param.label for param in in_order(self.params)]
        self.expect = library.bench_problem_expect(number)[:3]  # q25, median, q75 of tpe's prototype at N = 100
        self.is_tree = any(option for param in self.params for option in param.options)


class Instance:
    """One instance while one sampler works on it; keeps the incumbent, and the time that the sampler takes."""

    def __init__(self, problem, number, at):
        self.problem, self.library, self.at = problem, problem.library, set(at)
        self.handle = problem.library.bench_run_open(problem.number, number)
        self.point = (ctypes.c_double * len(problem.labels))()
        self.seen = ctypes.c_double()
        self.begin()

    def begin(self):
        self.ended, self.best, self.regret = 0, math.inf, math.inf
        self.record = {}  # trials -> regret of the incumbent
        self.times = {}  # trials -> CPU milliseconds of the sampler until then
        self.began, self.evaluating = time.process_time(), 0.0

    def evaluate(self, values):
        """The loss that the sampler is told."""
        return self.note(self.measure, values)

    def measure(self, values):
        for i, label in enumerate(self.problem.labels):
            self.point[i] = values.get(label, math.nan)
        self.true = self.problem.library.bench_run_evaluate(self.handle, self.point, ctypes.byref(self.seen))
        return self.seen.value

    def note(self, measure, values):
        asked = time.process_time()
        seen = measure(values)
        if seen < self.best:
            self.best, self.regret = seen, getattr(self, "true", seen)
        self.ended += 1
        if self.ended in self.at:
            self.record[self.ended] = self.regret
            self.times[self.ended] = (asked - self.began - self.evaluating) * 1e3
        self.evaluating += time.process_time() - asked
        return seen

    def close(self):
        self.problem.library.bench_free(self.handle)


def open_library(folder):
    """What the build left in this folder."""
    library = ctypes.CDLL(os.path.join(folder, "libbench_problems.so"))
    library.bench_problem_name.restype = ctypes.c_char_p
    library.bench_problem_space.restype = ctypes.c_void_p
    library.bench_problem_expect.restype = ctypes.POINTER(ctypes.c_double)
    library.bench_run_open.restype = ctypes.c_void_p
    library.bench_run_evaluate.restype = ctypes.c_double
    library.bench_run_evaluate.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.bench_free.argtypes = [ctypes.c_void_p]
    library.bench_sampler_open.restype = ctypes.c_void_p
    library.bench_sampler_open.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64]
    library.bench_sampler_suggest.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.bench_sampler_add.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double]
    library.bench_sampler_close.argtypes = [ctypes.c_void_p]
    return library


def load(folder, large=False):
    """The 29 problems, or those of 20 to 60 parameters."""
    library = open_library(folder)
    problems = []
    while (name := library.bench_problem_name(len(problems))) is not None:
        problems.append(Problem(library, len(problems), name.decode()))
    return [problem for problem in problems if problem.is_large == large]
