#!/usr/bin/env python3
"""hyperopt_to_jsonl.py: what hopt needs of an old hyperopt experiment and can't read itself.

Trials, from a pickle to the JSON lines that `hopt import` reads:

    python3 hyperopt_to_jsonl.py trials.pkl > trials.jsonl
    hopt import trials.jsonl --space study.json

The exact space, to a study file, of a space in your source, a pickle, or the Domain that fmin left
in MongoDB:

    python3 hyperopt_to_jsonl.py --domain train.py:space --name exp1 > study.json
    python3 hyperopt_to_jsonl.py --domain space.pkl > study.json
    python3 hyperopt_to_jsonl.py --domain mongo://HOST:PORT/DATABASE/jobs --exp-key exp1 > study.json

Run it with the Python, the modules and the folder that the experiment was run with: unpickling
runs their code, so give it nothing that you do not trust. What hopt's space can't say (arithmetic
around parameters, bounds that depend on parameters) is an error that names the place.
"""
import argparse
import datetime
import importlib
import importlib.util
import json
import math
import numbers
import os
import pickle
import sys


def note(text):
    print("hyperopt_to_jsonl.py: " + text, file=sys.stderr)


# ---- trials ----


def plain(value):
    """A value of a trial document as MongoDB's extended JSON; numpy's types become Python's."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value).__name__ in ("bool_", "bool8"):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, dict):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(member) for member in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, datetime.datetime):
        if value.tzinfo:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return {"$date": value.isoformat(timespec="milliseconds") + "Z"}
    if type(value).__name__ == "ObjectId":
        return {"$oid": str(value)}
    return str(value)


def load_trials(path):
    with open(path, "rb") as file:
        loaded = pickle.load(file)
    if isinstance(loaded, tuple) and loaded:  # some save (trials, something)
        loaded = loaded[0]
    # Trials.trials leaves out those in error.
    docs = getattr(loaded, "_dynamic_trials", None) or getattr(loaded, "trials", loaded)
    if not isinstance(docs, list) or not all(isinstance(d, dict) and "misc" in d for d in docs):
        sys.exit("%s holds no hyperopt Trials, but a %s" % (path, type(loaded).__name__))
    if any(str(key).startswith("ATTACH::") for key in getattr(loaded, "attachments", None) or {}):
        note("attachments of a pickled Trials are left out")
    return docs


def rename_labels(doc, dots):
    for field in ("idxs", "vals"):
        doc["misc"][field] = {
            label.replace(".", dots): value for label, value in doc["misc"].get(field, {}).items()
        }


def print_trials(path, exp_key, dots):
    for trial in load_trials(path):
        doc = plain(trial)
        if exp_key is not None and doc.get("exp_key") != exp_key:
            continue
        if dots:
            rename_labels(doc, dots)
        print(json.dumps(doc))


# ---- the space ----

# The arguments of pyll's distributions, in their order.
ARGUMENTS = {
    "randint": ["low", "high"],
    "categorical": ["p"],
    "uniform": ["low", "high"],
    "quniform": ["low", "high", "q"],
    "loguniform": ["low", "high"],
    "qloguniform": ["low", "high", "q"],
    "normal": ["mu", "sigma"],
    "qnormal": ["mu", "sigma", "q"],
    "lognormal": ["mu", "sigma"],
    "qlognormal": ["mu", "sigma", "q"],
}


class Problem(Exception):
    pass


def exp(logarithm):
    """The value of a bound that hyperopt has as a logarithm: 0.001 rather than 0.0010000000000000002
    where both have it."""
    value = math.exp(logarithm)
    plain_value = float("%.12g" % value)
    return plain_value if plain_value > 0 and math.log(plain_value) == logarithm else value


class Converter:
    """From hyperopt's graph (pyll) to hopt's space. `problems` says what can't be converted."""

    def __init__(self, dots=None):
        self.dots = dots
        self.problems = []
        self.notes = set()

    def problem(self, path, text):
        self.problems.append("%s: %s" % (path or "the space", text))

    # Constants.

    def literal(self, value, path):
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, numbers.Integral):
            return int(value)
        if isinstance(value, numbers.Real):
            if not math.isfinite(value):
                self.problem(path, "%r is no JSON number" % float(value))
            return float(value)
        if isinstance(value, dict):
            return self.members(value.items(), path, self.literal)
        if isinstance(value, (list, tuple)):
            return [self.literal(v, "%s/%d" % (path, i)) for i, v in enumerate(value)]
        if hasattr(value, "tolist"):
            return self.literal(value.tolist(), path)
        name = getattr(value, "__name__", None) or repr(value)
        self.notes.add("%s: %r becomes the text \"%s\"; the objective must look it up"
                       % (path, value, name))
        return name

    def members(self, items, path, convert):
        out = {}
        for key, value in items:
            if not isinstance(key, str):
                self.problem(path, "the key %r is no text" % (key,))
                key = str(key)
            if key in ("_type", "_value", "_label"):
                self.problem(path, "the key %s means something else in hopt" % key)
            out[key] = convert(value, "%s/%s" % (path, key) if path else key)
        return out

    # Parameters.

    def constant(self, node, path, what):
        if node.name == "literal":
            return node.obj
        if node.name == "pos_args":
            return [self.constant(n, path, what) for n in node.pos_args]
        raise Problem("%s is computed (%s), not a number" % (what, node.name))

    def arguments(self, dist, path):
        found = {}
        for name, node in zip(ARGUMENTS[dist.name], dist.pos_args):
            found[name] = self.constant(node, path, name)
        for name, node in dist.named_args:
            if name in ARGUMENTS[dist.name]:
                found[name] = self.constant(node, path, name)
        return found

    def label(self, node):
        label = self.literal(node.pos_args[0].obj if node.pos_args else node.arg["label"].obj, "")
        return label.replace(".", self.dots) if self.dots else label

    def parameter(self, node, as_int=False):
        """A hyperopt_param that is no choice. `as_int`: inside of scope.int()."""
        label, dist = self.label(node), node.pos_args[1]
        if dist.name not in ARGUMENTS or dist.name == "categorical":
            raise Problem("`%s` is drawn from %s" % (label, dist.name))
        given = self.arguments(dist, label)
        kind, q = dist.name, given.get("q")
        if kind == "randint":
            low, high = given["low"], given.get("high")
            value = [0, int(low)] if high is None else [int(low), int(high)]
            return {"_label": label, "_type": kind, "_value": value}
        whole = q is not None and float(q).is_integer()
        if as_int and not whole:
            raise Problem("`%s`: int() around a %s; draw it with a whole q" % (label, kind))
        if whole and not as_int:
            self.notes.add("`%s`: the objective gets whole numbers as 6, not as 6.0" % label)
        value = [self.literal(given[name], label) for name in ARGUMENTS[kind]]
        if kind in ("loguniform", "qloguniform"):
            value[:2] = [exp(value[0]), exp(value[1])]
        bounds_are_whole = all(float(v).is_integer() for v in value[:2])
        if kind == "quniform" and as_int and q == 1 and bounds_are_whole:
            kind, value = "uniformint", [int(v) for v in value[:2]]
        return {"_label": label, "_type": kind, "_value": value}

    def choice(self, node, path):
        index = node.pos_args[0]
        while index.name in ("int", "float"):
            index = index.pos_args[0]
        if index.name != "hyperopt_param":
            raise Problem("a switch whose index is no parameter (%s)" % index.name)
        label, dist = self.label(index), index.pos_args[1]
        options = [self.node(n, "%s[%d]" % (label, i)) for i, n in enumerate(node.pos_args[1:])]
        given = self.arguments(dist, label) if dist.name in ARGUMENTS else {}
        if dist.name == "categorical":
            weights = given["p"]
            if len(weights) == 1 and hasattr(weights[0], "__len__"):
                weights = weights[0]
            pairs = [[float(p), option] for p, option in zip(weights, options)]
            return {"_label": label, "_type": "pchoice", "_value": pairs}
        low, high = given.get("low", 0), given.get("high")
        if dist.name != "randint" or (low if high is None else high - low) != len(options):
            raise Problem("`%s`: its index is drawn from %s" % (label, dist.name))
        return {"_label": label, "_type": "choice", "_value": options}

    # The tree.

    def cast(self, node, path):
        """int() and float(), which hp.* puts around every parameter."""
        inner, as_int = node, False
        while inner.name in ("int", "float"):
            as_int = as_int or inner.name == "int"
            inner = inner.pos_args[0]
        if inner.name == "hyperopt_param":
            return self.parameter(inner, as_int)
        if inner.name == "literal":
            return self.literal(int(inner.obj) if as_int else float(inner.obj), path)
        raise Problem("%s() around %s" % (node.name, inner.name))

    def node(self, node, path):
        try:
            if node.name == "literal":
                return self.literal(node.obj, path)
            if node.name == "dict":
                if node.pos_args:
                    raise Problem("a dict whose keys are not all text")
                return self.members(node.named_args, path, self.node)
            if node.name == "pos_args":
                return [self.node(n, "%s/%d" % (path, i)) for i, n in enumerate(node.pos_args)]
            if node.name == "switch":
                return self.choice(node, path)
            if node.name in ("int", "float"):
                return self.cast(node, path)
            if node.name == "hyperopt_param":
                return self.parameter(node)
            if node.name == "call" and getattr(node.pos_args[0], "obj", None) is list:
                # A list as "hopt export --format hyperopt-space" writes it.
                return self.node(node.pos_args[1].pos_args[0], path)
            raise Problem("%s() is computed from parameters; compute it in the objective"
                          % node.name)
        except Problem as problem:
            self.problem(path, str(problem))
            return None


def load_from_source(source):
    """MODULE:NAME or FILE.py:NAME."""
    where, _, name = source.rpartition(":")
    sys.path.insert(0, os.path.dirname(os.path.abspath(where)) if where.endswith(".py") else "")
    if where.endswith(".py"):
        spec = importlib.util.spec_from_file_location(os.path.basename(where)[:-3], where)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(where)
    found = getattr(module, name)
    return found() if callable(found) and not hasattr(found, "pos_args") else found


def load_domain(source, exp_key):
    if source.startswith("mongo://"):
        from hyperopt.mongoexp import MongoTrials

        trials = MongoTrials(source, exp_key=exp_key, refresh=False)
        try:
            return pickle.loads(trials.attachments["FMinIter_Domain"])
        except KeyError:
            sys.exit("no FMinIter_Domain of experiment %s in the database" % exp_key)
    if os.path.exists(source):
        with open(source, "rb") as file:
            return pickle.load(file)
    return load_from_source(source)


def print_study(source, exp_key, name, dots):
    from hyperopt.pyll import as_apply

    domain = load_domain(source, exp_key)
    converter = Converter(dots)
    space = converter.node(as_apply(getattr(domain, "expr", domain)), "")
    for text in sorted(converter.notes):
        note(text)
    if converter.problems:
        for text in converter.problems:
            note("can't be converted: " + text)
        sys.exit(1)
    study = {"name": name or exp_key or "study", "space": space, "stop": {"max_trials": 100}}
    print(json.dumps(study, indent=2, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", nargs="?", help="a pickled Trials")
    parser.add_argument("--domain", metavar="SOURCE", help="print a study file instead")
    parser.add_argument("--exp-key", help="only this experiment")
    parser.add_argument("--name", help="of the study, for --domain")
    parser.add_argument("--dots", metavar="TEXT",
                        help="what becomes of a . in labels, which hopt's do not hold")
    given = parser.parse_args()
    if (given.trials is None) == (given.domain is None):
        parser.error("give a pickled Trials, or --domain SOURCE")
    sys.path.insert(0, "")  # the experiment's own modules
    if given.domain:
        print_study(given.domain, given.exp_key, given.name, given.dots)
    else:
        print_trials(given.trials, given.exp_key, given.dots)


if __name__ == "__main__":
    main()
