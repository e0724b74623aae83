"""Spaces: what hp.* makes, what libhopt gets of it, what the objective gets back."""
import functools
import json
import math
import unittest

import hopt
from hopt import hp, space_eval
from hopt._space import Space, exact_exp, inner_labels
from hopt.exceptions import BadSearchSpace, DuplicateLabel
from hopt.pyll import as_apply, scope
from support import has_numpy, libhopt_takes, np


def json_of(space):
    return json.loads(Space(space).text)


class Model:
    """A class among the options."""


def function(x):
    return x


class Conversion(unittest.TestCase):
    def test_every_distribution(self):
        space = {
            "a": hp.uniform("a", -1, 2), "b": hp.quniform("b", 0, 10, 2),
            "c": hp.loguniform("c", math.log(0.001), 0), "d": hp.qloguniform("d", 0, 3, 2),
            "e": hp.normal("e", 4, 7), "f": hp.qnormal("f", 0, 10, 2),
            "g": hp.lognormal("g", -2, 2), "h": hp.qlognormal("h", 0, 2, 1),
            "i": hp.randint("i", 10), "j": hp.randint("j", 12, 25), "k": hp.uniformint("k", 1, 8),
            "l": hp.pchoice("l", [(0.1, "x"), (0.9, "y")]), "m": hp.choice("m", [1, None, True]),
            "n": scope.int(hp.quniform("n", 1, 5, 1)), "o": hp.uniform("o", low=0, high=1),
            "p": hp.randint("p", low=3, high=9)}
        found = {key: (value["_type"], value["_value"]) for key, value in json_of(space).items()}
        self.assertEqual(found, {
            "a": ("uniform", [-1, 2]), "b": ("quniform", [0, 10, 2]),
            "c": ("loguniform", [0.001, 1]),
            "d": ("qloguniform", [1, exact_exp(3), 2]), "e": ("normal", [4, 7]),
            "f": ("qnormal", [0, 10, 2]), "g": ("lognormal", [-2, 2]),
            "h": ("qlognormal", [0, 2, 1]), "i": ("randint", [0, 10]), "j": ("randint", [12, 25]),
            "k": ("quniform", [1, 8, 1]), "l": ("pchoice", [[0.1, "x"], [0.9, "y"]]),
            "m": ("choice", [1, None, True]), "n": ("quniform", [1, 5, 1]),
            "o": ("uniform", [0, 1]), "p": ("randint", [3, 9])})
        libhopt_takes(self, Space(space))

    def test_logarithms_of_bounds_are_exact(self):
        for logarithm in (-7, -2, 0, 1, 3, 2.5, -4.75, math.log(1e-5), math.log(0.3)):
            self.assertEqual(math.log(exact_exp(logarithm)), logarithm)
        self.assertEqual(exact_exp(math.log(1e-3)), 1e-3)

    def test_nested_and_shared(self):
        width = hp.uniform("width", 0, 8)
        space = [hp.choice("model", [
            {"kind": "a", "w": width, "inner": hp.choice("inner", [1, (2, hp.normal("n", 0, 1))])},
            {"kind": "b", "w": width}]), 5]
        inner = Space(space)
        model = json.loads(inner.text)["space"][0]
        self.assertEqual(model["_value"][0]["w"], model["_value"][1]["w"])
        self.assertEqual(set(inner.parameters), {"model", "width", "inner", "n"})
        libhopt_takes(self, inner)
        self.assertEqual(space_eval(space, {"model": 1, "width": 2.5}), ({"kind": "b", "w": 2.5}, 5))

    def test_two_parameters_of_one_label(self):
        with self.assertRaises(DuplicateLabel):
            Space([hp.uniform("x", 0, 1), hp.uniform("x", 0, 1)])

    def test_constants_stay_what_they_are(self):
        data = object()
        partial = functools.partial(function, 3)
        space = {"f": function, "data": data, "C": hp.choice("C", [Model, function, partial]),
                 "text": "é", "nan": math.nan, "_hidden": {"_type": "mine"}}
        libhopt_takes(self, Space(space))
        got = space_eval(space, {"C": 2})
        self.assertIs(got["data"], data)
        self.assertIs(got["f"], function)
        self.assertIs(got["C"], partial)
        self.assertEqual(got["_hidden"], {"_type": "mine"})
        self.assertTrue(math.isnan(got["nan"]))
        # Names of objects are the same in every process: the study goes on.
        self.assertEqual(Space(space).text, Space(dict(space, data=object())).text)
        self.assertNotIn(" at 0x", Space(space).text)

    @unittest.skipUnless(has_numpy, "numpy is not here")
    def test_numpy_constants(self):
        array = np.arange(3)
        space = {"a": array, "c": hp.choice("c", [np.float64(0.5), np.int32(7), array])}
        libhopt_takes(self, Space(space))
        self.assertIs(space_eval(space, {"c": 2})["c"], array)

    def test_arithmetic(self):
        x, k = hp.uniform("x", 0, 4), hp.choice("k", [1, 2])
        space = {"y": (x - 1) ** 2 + k * 3 - x / 2, "z": scope.int(x) // 2, "e": scope.exp(-x)}
        libhopt_takes(self, Space(space))
        got = space_eval(space, {"x": 3.0, "k": 1})
        self.assertAlmostEqual(got.pop("e"), math.exp(-3))
        self.assertEqual(got, {"y": 4 + 6 - 1.5, "z": 1})

    def test_lists_become_tuples_and_dicts_are_sorted_as_in_hyperopt(self):
        got = space_eval({"b": [1, [hp.uniform("x", 0, 1)]], "a": ()}, {"x": 0.5})
        self.assertEqual(got, {"b": (1, (0.5,)), "a": ()})
        self.assertEqual(list(got), ["a", "b"])

    def test_types_of_values(self):
        space = {"u": hp.quniform("u", 0, 9, 1), "i": hp.uniformint("i", 0, 9),
                 "r": hp.randint("r", 5)}
        got = space_eval(space, {"u": 6.0, "i": 6.0, "r": 3})
        self.assertEqual([type(got[k]) for k in "uir"], [float, int, int])

    def test_one_branch_is_evaluated(self):
        calls = []
        space = hp.choice("c", [scope.call(calls.append, ["a"]), scope.call(calls.append, ["b"])])
        space_eval(space, {"c": 1})
        self.assertEqual(calls, ["b"])

    def test_labels_that_hopt_has_not(self):
        for labels in (["a.b", "a-b", "c"], ["a.b", "a/b"], ["$x", "x"], ["", "x"], ["/a/", "b"],
                       ["x" * 300, "x" * 299], ["new\nline", "z"]):
            names = inner_labels(labels)
            self.assertEqual(len(set(names.values())), len(labels))
            self.assertEqual(sorted(labels, key=str.encode),
                             sorted(labels, key=lambda label: names[label].encode()))
            libhopt_takes(self, Space([hp.uniform(label, 0, 1) for label in labels]))
        self.assertEqual(inner_labels(["m.lr", "m.depth"]), {"m.lr": "m/lr", "m.depth": "m/depth"})

    def test_mistakes(self):
        with self.assertRaisesRegex(TypeError, "require string label"):
            hp.uniform(1, 0, 1)
        with self.assertRaisesRegex(ValueError, "low should be less than high"):
            hp.uniform("x", 3, 1)
        with self.assertRaisesRegex(BadSearchSpace, "`y`: its high depends on another parameter, `x`"):
            Space(hp.uniform("y", 0, hp.uniform("x", 1, 2)))
        with self.assertRaisesRegex(BadSearchSpace, "computed from parameters"):
            Space(scope.switch(scope.int(hp.uniform("x", 0, 2)) + 0, 1, 2))
        with self.assertRaisesRegex(hopt.exceptions.LibraryError, "`x`: sigma must be above 0"):
            hopt.fmin(lambda x: x, hp.normal("x", 0, 0), max_evals=1, verbose=False)
        with self.assertRaisesRegex(hopt.exceptions.LibraryError, "add up to 0.9"):
            hopt.fmin(lambda x: x, hp.pchoice("x", [(0.4, 1), (0.5, 2)]), max_evals=1, verbose=False)

    def test_a_choice_that_is_used_twice(self):
        k = hp.choice("k", [1, {"x": hp.uniform("x", 0, 1)}])
        space = {"one": k, "two": k, "index": as_apply([k])}
        libhopt_takes(self, Space(space))
        got = space_eval(space, {"k": 1, "x": 0.25})
        self.assertEqual(got["one"], got["two"])


if __name__ == "__main__":
    unittest.main()
