"""The problems of problems.c for Python: the same instances, numbers and noise as hopt's own samplers get.

A problem's space is a tree of Param, a point a dictionary label -> value (a choice: the index of its
option) that has the active ones only.
"""
import ctypes
import json
import math
import os


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
        self.params = read_space(json.loads(ctypes.cast(text, ctypes.c_char_p).value))
        library.bench_free(text)
        self.labels = [param.label for param in in_order(self.params)]
        self.expect = library.bench_problem_expect(number)[:3]  # q25, median, q75 of tpe's prototype at N = 100
        self.is_tree = any(option for param in self.params for option in param.options)


class Instance:
    """One instance while one sampler works on it; keeps the incumbent."""

    def __init__(self, problem, number, at):
        self.problem, self.at = problem, set(at)
        self.handle = problem.library.bench_run_open(problem.number, number)
        self.point = (ctypes.c_double * len(problem.labels))()
        self.seen = ctypes.c_double()
        self.ended, self.best, self.regret = 0, math.inf, math.inf
        self.record = {}  # trials -> regret of the incumbent

    def evaluate(self, values):
        """The loss that the sampler is told."""
        for i, label in enumerate(self.problem.labels):
            self.point[i] = values.get(label, math.nan)
        regret = self.problem.library.bench_run_evaluate(self.handle, self.point, ctypes.byref(self.seen))
        if self.seen.value < self.best:
            self.best, self.regret = self.seen.value, regret
        self.ended += 1
        if self.ended in self.at:
            self.record[self.ended] = self.regret
        return self.seen.value

    def close(self):
        self.problem.library.bench_free(self.handle)


def load(folder):
    """All problems, by the library that the build left in this folder."""
    library = ctypes.CDLL(os.path.join(folder, "libbench_problems.so"))
    library.bench_problem_name.restype = ctypes.c_char_p
    library.bench_problem_space.restype = ctypes.c_void_p
    library.bench_problem_expect.restype = ctypes.POINTER(ctypes.c_double)
    library.bench_run_open.restype = ctypes.c_void_p
    library.bench_run_evaluate.restype = ctypes.c_double
    library.bench_run_evaluate.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.bench_free.argtypes = [ctypes.c_void_p]
    problems = []
    while (name := library.bench_problem_name(len(problems))) is not None:
        problems.append(Problem(library, len(problems), name.decode()))
    return problems
