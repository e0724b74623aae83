"""From an expression (pyll graph) to a study's space, in JSON.

libhopt draws the values of parameters and never sees the rest: what the objective gets is computed here
from the expression itself, with the user's own objects. So the JSON holds every parameter in its place
among the choices, exactly, and of all else only what a person would want to read in a store: constants
as far as JSON has them, functions and classes by their names, arithmetic as a list of what it uses.

Labels that hopt does not allow ("a.b") get another name inside, in the same order: samplers draw in it.
"""
import json
import math
import numbers

from .exceptions import BadSearchSpace, DuplicateLabel
from .pyll.base import as_apply, dfs, is_node, rec_eval

# The arguments of the distributions, in their order.
ARGUMENTS = {
    "randint": ("low", "high"),
    "categorical": ("p",),
    "uniform": ("low", "high"),
    "quniform": ("low", "high", "q"),
    "loguniform": ("low", "high"),
    "qloguniform": ("low", "high", "q"),
    "normal": ("mu", "sigma"),
    "qnormal": ("mu", "sigma", "q"),
    "lognormal": ("mu", "sigma"),
    "qlognormal": ("mu", "sigma", "q"),
}
LABEL_BYTES_MAX = 255
CONSTANT_DEPTH_MAX = 12


def exact_exp(logarithm):
    """The double whose logarithm is exactly this one, where there is one: 0.001 rather than
    0.0010000000000000002 where both are. Else the nearest; then |logarithm| is below 1 and the
    sampler's bounds differ from hyperopt's in the last bit."""
    value = math.exp(logarithm)
    below, above = math.nextafter(value, 0), math.nextafter(value, math.inf)
    for candidate in (float("%.12g" % value), value, below, above,
                      math.nextafter(below, 0), math.nextafter(above, math.inf)):
        if candidate > 0 and math.log(candidate) == logarithm:
            return candidate
    return value


# ---- constants ----


def _object_name(value):
    """A text for an object that JSON has not, the same in every process."""
    name = getattr(value, "__qualname__", None)
    if name:
        return "%s.%s" % (getattr(value, "__module__", None) or "", name)
    text = repr(value)
    if len(text) <= 200 and " at 0x" not in text:
        return text
    return "%s.%s object" % (type(value).__module__, type(value).__qualname__)


def constant(value, depth=0):
    """`value` in JSON, for people to read."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    if isinstance(value, numbers.Integral):
        value = int(value)
        return value if -2**53 <= value <= 2**53 else str(value)
    if isinstance(value, numbers.Real):
        value = float(value)
        return value if math.isfinite(value) else repr(value)
    if depth < CONSTANT_DEPTH_MAX and isinstance(value, dict):
        return {_key(key): constant(member, depth + 1) for key, member in value.items()}
    if depth < CONSTANT_DEPTH_MAX and isinstance(value, (list, tuple)):
        return [constant(member, depth + 1) for member in value]
    return _object_name(value)


def _key(key):
    """A key of a dict. Those that begin with _ mean something to hopt."""
    key = key if isinstance(key, str) else repr(key)
    return "'%s'" % key if key.startswith("_") else key


# ---- labels ----


def _label_allowed(label):
    return (0 < len(label.encode()) <= LABEL_BYTES_MAX and label[0] not in "$/" and label[-1] != "/"
            and "//" not in label and "." not in label
            and all(c >= " " and c != "\x7f" for c in label))


def _same_order(labels, names):
    return len(set(names)) == len(names) and sorted(
        range(len(names)), key=lambda i: names[i].encode()) == sorted(
        range(len(labels)), key=lambda i: labels[i].encode())


def inner_labels(labels):
    """{label: the name that hopt knows it by}: the label itself where it may be."""
    if all(map(_label_allowed, labels)):
        return {label: label for label in labels}
    for instead in ("/", "-"):
        names = [label.replace(".", instead) for label in labels]
        if all(map(_label_allowed, names)) and _same_order(labels, names):
            return dict(zip(labels, names))
    ranks = {label: i for i, label in enumerate(sorted(labels, key=str.encode))}
    return {label: "p%04d" % ranks[label] for label in labels}


# ---- parameters ----


def without_casts(node):
    """What int() and float() are around, which hp.* puts around every parameter."""
    while node.name in ("int", "float") and len(node.pos_args) == 1:
        node = node.pos_args[0]
    return node


def _argument(node, name):
    """An argument by its position or name; None where it is missing."""
    names = ("label", "obj") if node.name == "hyperopt_param" else ARGUMENTS[node.name]
    position = names.index(name)
    if position < len(node.pos_args):
        return node.pos_args[position]
    return dict(node.named_args).get(name)


def label_of(node):
    label = rec_eval(_argument(node, "label"))
    return label.decode() if isinstance(label, bytes) else str(label)


class Parameter:
    """A hyperopt_param: its label, node, and distribution (`kind` with its `arguments`)."""

    def __init__(self, node):
        self.node = node
        self.label = label_of(node)
        self.inner = self.label
        self.is_choice = False
        distribution = _argument(node, "obj")
        self.kind = distribution.name
        if self.kind not in ARGUMENTS:
            raise BadSearchSpace("`%s`: its distribution is %s(), which is none of %s" % (
                self.label, self.kind, ", ".join(ARGUMENTS)))
        self.arguments = {name: self._constant(_argument(distribution, name), name)
                          for name in ARGUMENTS[self.kind]
                          if _argument(distribution, name) is not None}

    def _constant(self, node, name):
        for inside in dfs(node):
            if inside.name == "hyperopt_param":
                raise BadSearchSpace(
                    "`%s`: its %s depends on another parameter, `%s`; give a constant, and compute "
                    "with both in the objective" % (self.label, name, label_of(inside)))
        return rec_eval(node)

    def _number(self, name):
        try:
            return float(self.arguments[name])
        except (KeyError, TypeError, ValueError):
            raise BadSearchSpace("`%s`: %s of %s is %r, not a number" % (
                self.label, name, self.kind, self.arguments.get(name))) from None

    def integers(self):
        """[low, high) of a randint."""
        low, high = self.arguments.get("low"), self.arguments.get("high")
        return (0, int(low)) if high is None else (int(low or 0), int(high))

    def json(self, options):
        """The parameter as hopt has it; `options` where it is a choice's index."""
        if self.kind == "categorical":
            weights = [float(p) for p in self.arguments["p"]]
            if not self.is_choice:
                options = list(range(len(weights)))
            return self._json("pchoice", [[p, option] for p, option in zip(weights, options)])
        if self.is_choice:
            return self._json("choice", options)
        if self.kind == "randint":
            return self._json("randint", list(self.integers()))
        values = [self._number(name) for name in ARGUMENTS[self.kind]]
        if self.kind in ("loguniform", "qloguniform"):
            values[:2] = map(exact_exp, values[:2])
        return self._json(self.kind, values)

    def _json(self, kind, value):
        return {"_type": kind, "_value": value, "_label": self.inner}


# ---- the walk ----


class Space:
    """The space of an expression.

    expr        the expression
    parameters  {label: Parameter}
    text        the space as JSON
    """

    def __init__(self, expr):
        self.expr = as_apply(expr)
        self.parameters = {}
        self._by_node = {}
        self._switch = {}  # label of a choice: its node
        nodes = dfs(self.expr)
        for node in nodes:
            if node.name == "literal" and is_node(node.obj):
                raise BadSearchSpace("an expression of hopt inside one of hyperopt: build the space "
                                     "with one of the two")
            if node.name == "hyperopt_param":
                parameter = Parameter(node)
                if parameter.label in self.parameters:
                    raise DuplicateLabel(parameter.label)
                self.parameters[parameter.label] = self._by_node[node] = parameter
        self._has_parameter = {}
        for node in nodes:  # inputs come first
            self._has_parameter[node] = node in self._by_node or any(
                self._has_parameter[arg] for arg in node.inputs())
            if node.name == "switch":
                self._note_choice(node)
        names = inner_labels(list(self.parameters))
        self._outer = {inner: label for label, inner in names.items()}
        for label, parameter in self.parameters.items():
            parameter.inner = names[label]
        self._done = {}
        root = self._convert(self.expr)
        if not isinstance(root, dict) or "_type" in root:
            root = {"space": root}
        self.text = json.dumps(root, ensure_ascii=False, allow_nan=False)

    def _note_choice(self, node):
        index = self._by_node.get(without_casts(node.pos_args[0]))
        if index is None:
            if self._has_parameter[node.pos_args[0]]:
                raise BadSearchSpace("a switch whose index is computed from parameters: use "
                                     "hp.choice, or choose in the objective")
            return
        options = len(node.pos_args) - 1
        if index.kind == "randint":
            low, high = index.integers()
            size = high if low == 0 else None
        else:
            size = len(index.arguments["p"]) if index.kind == "categorical" else None
        if size != options:
            raise BadSearchSpace("`%s`: a choice of %d options whose index is drawn from %s(%s)" % (
                index.label, options, index.kind,
                ", ".join("%s=%r" % item for item in index.arguments.items())))
        index.is_choice = True
        self._switch[index.label] = node

    def _convert(self, node):
        """The JSON of a node; None for what computes without parameters."""
        if node not in self._done:
            self._done[node] = self._convert_new(node)
        return self._done[node]

    def _convert_new(self, node):
        if node.name == "literal":
            return constant(node.obj)
        if node.name == "hyperopt_param":
            parameter = self._by_node[node]
            if parameter.is_choice:  # its index is used as a number, too
                return self._convert(self._switch[parameter.label])
            return parameter.json(None)
        if node.name == "switch" and self._has_parameter[node.pos_args[0]]:
            index = self._by_node[without_casts(node.pos_args[0])]
            return index.json([self._convert(option) for option in node.pos_args[1:]])
        if node.name == "dict" and not node.pos_args:
            return {_key(key): self._convert(value) for key, value in node.named_args}
        if node.name == "pos_args":
            return [self._convert(arg) for arg in node.pos_args]
        used = [self._convert(arg) for arg in node.inputs() if self._has_parameter[arg]]
        return used[0] if len(used) == 1 else used or None

    # The values of a trial, between hopt's labels and the user's.

    def outer(self, vals):
        """hopt's {inner label: [] or [value]} by the user's labels, in hyperopt's order."""
        return dict(sorted((self._outer.get(inner, inner), value) for inner, value in vals.items()))

    def inner(self, vals):
        """The other way; labels that the space has not are left out."""
        return {self.parameters[label].inner: value for label, value in vals.items()
                if label in self.parameters}
