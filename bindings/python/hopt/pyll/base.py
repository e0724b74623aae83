"""Expressions that are evaluated later: a search space is one.

The same names and meaning as hyperopt.pyll.base, so that a space written for hyperopt is built here
unchanged. A node is anything with `name`, `pos_args` and `named_args`: hyperopt's own nodes are taken
too, also within ours, and each is evaluated by the functions of the module that made it. numpy is used
where it is installed, as hyperopt does; else the functions of `math` are.
"""
import math
import operator
import sys

try:
    import numpy as np
except ImportError:
    np = None


class MissingArgument:
    """Stands for an argument that was not given."""


class GarbageCollected:
    """Stands for the value of a parameter that the trial does not have."""


class PyllImportError(ImportError):
    """A symbol was not defined in the scope."""


def is_node(obj):
    """Whether `obj` is an expression: ours or hyperopt's."""
    return isinstance(obj, Apply) or (
        hasattr(obj, "pos_args") and hasattr(obj, "named_args") and hasattr(obj, "inputs"))


def is_literal(node):
    return node.name == "literal"


class SymbolTable:
    """`scope.add(a, b)` makes the node that `scope._impls["add"]` evaluates."""

    def __init__(self):
        self._impls = {"list": list, "dict": dict, "range": range, "len": len, "int": int,
                       "float": float, "map": map, "max": max, "min": min, "getattr": getattr}

    def _new_apply(self, name, args, kwargs, o_len=None, pure=False):
        named = sorted((key, as_apply(value)) for key, value in kwargs.items())
        return Apply(name, [as_apply(arg) for arg in args], named, o_len, pure)

    def dict(self, *args, **kwargs):
        return self._new_apply("dict", args, kwargs, pure=True)

    def int(self, arg):
        return self._new_apply("int", [arg], {}, pure=True)

    def float(self, arg):
        return self._new_apply("float", [arg], {}, pure=True)

    def len(self, obj):
        return self._new_apply("len", [obj], {}, pure=True)

    def list(self, init):
        return self._new_apply("list", [init], {}, pure=True)

    def map(self, fn, seq, pure=False):
        return self._new_apply("map", [fn, seq], {}, pure=pure)

    def range(self, *args):
        return self._new_apply("range", args, {}, pure=True)

    def max(self, *args):
        return self._new_apply("max", args, {}, pure=True)

    def min(self, *args):
        return self._new_apply("min", args, {}, pure=True)

    def getattr(self, obj, attr, *args):
        return self._new_apply("getattr", [obj, attr, *args], {}, pure=True)

    def _define(self, f, o_len, pure):
        name = f.__name__
        setattr(self, name, SymbolTableEntry(self, name, o_len, pure))
        self._impls[name] = f
        return f

    def define(self, f, o_len=None, pure=False):
        """Decorator: `f` becomes a function of expressions."""
        if hasattr(self, f.__name__):
            raise ValueError("Cannot override existing symbol", f.__name__)
        return self._define(f, o_len, pure)

    def define_if_new(self, f, o_len=None, pure=False):
        if hasattr(self, f.__name__) and self._impls[f.__name__] is not f:
            raise ValueError("Cannot redefine existing symbol", f.__name__)
        return self._define(f, o_len, pure)

    def define_pure(self, f):
        return self.define(f, pure=True)

    def define_info(self, o_len=None, pure=False):
        return lambda f: self.define(f, o_len, pure)

    def undefine(self, f):
        name = f if isinstance(f, str) else f.__name__
        del self._impls[name]
        delattr(self, name)

    def inject(self, *args, **kwargs):
        wanted = dict({name: name for name in args}, **kwargs)
        try:
            return {name: getattr(self, origin) for name, origin in wanted.items()}
        except AttributeError as error:
            raise PyllImportError(str(error)) from None

    def import_(self, _globals, *args, **kwargs):
        _globals.update(self.inject(*args, **kwargs))


class SymbolTableEntry:
    def __init__(self, symbol_table, apply_name, o_len, pure):
        self.symbol_table = symbol_table
        self.apply_name = apply_name
        self.o_len = o_len
        self.pure = pure

    def __call__(self, *args, **kwargs):
        return self.symbol_table._new_apply(self.apply_name, args, kwargs, self.o_len, self.pure)


scope = SymbolTable()


class Apply:
    """A function of the scope, by name, applied to nodes."""

    def __init__(self, name, pos_args, named_args, o_len=None, pure=False):
        self.name = name
        self.pos_args = list(pos_args)
        self.named_args = [[key, arg] for key, arg in named_args]
        self.o_len = o_len
        self.pure = pure

    def inputs(self):
        return self.pos_args + [arg for _, arg in self.named_args]

    @property
    def arg(self):
        """The arguments by the names of the function's parameters."""
        code = scope._impls[self.name].__code__
        names = code.co_varnames[:code.co_argcount]
        found = {name: MissingArgument for name in names}
        found.update(zip(names, self.pos_args))
        found.update(dict(self.named_args))
        return found

    def eval(self, memo=None):
        return rec_eval(self, memo={k: v for k, v in (memo or {}).items() if is_node(k)})

    def clone_from_inputs(self, inputs, o_len="same"):
        n = len(self.pos_args)
        named = [[key, inputs[n + i]] for i, (key, _) in enumerate(self.named_args)]
        return Apply(self.name, inputs[:n], named, self.o_len if o_len == "same" else o_len,
                     self.pure)

    def __str__(self):
        if len(self.inputs()) == 0:
            return self.name + "()"
        parts = [str(arg) for arg in self.pos_args]
        parts += ["%s=%s" % (key, arg) for key, arg in self.named_args]
        return "%s(%s)" % (self.name, ", ".join(parts))

    __repr__ = __str__

    def __getitem__(self, idx):
        # The IndexError ends tuple unpacking.
        if self.o_len is not None and isinstance(idx, int) and idx >= self.o_len:
            raise IndexError()
        return scope.getitem(self, idx)

    def __len__(self):
        if self.o_len is None:
            raise TypeError("len of pyll.Apply either undefined or unknown")
        return self.o_len

    def __call__(self, *args, **kwargs):
        return scope.call(self, args, kwargs)


def _give_operators():
    """Arithmetic and comparisons of nodes are nodes of the functions of the same names."""
    def operator(name, swapped=False):
        def apply(self, *other):
            function = getattr(scope, name)
            return function(*other, self) if swapped else function(self, *other)
        return apply

    for name in ("add", "sub", "mul", "truediv", "floordiv", "pow"):
        setattr(Apply, "__%s__" % name, operator(name))
        setattr(Apply, "__r%s__" % name, operator(name, swapped=True))
    for name in ("neg", "gt", "ge", "lt", "le"):
        setattr(Apply, "__%s__" % name, operator(name))


_give_operators()


class Literal(Apply):
    """A constant: any Python object, which is passed on as it is."""

    def __init__(self, obj=None):
        try:
            o_len = len(obj)
        except (AttributeError, TypeError):
            o_len = None
        super().__init__("literal", [], [], o_len, pure=True)
        self._obj = obj

    @property
    def obj(self):
        return self._obj

    @property
    def arg(self):
        return {}

    def clone_from_inputs(self, inputs, o_len="same"):
        return Literal(self._obj)

    def __str__(self):
        return "Literal{%s}" % (self._obj,)

    __repr__ = __str__


def _sorted_items(obj):
    try:
        return sorted(obj.items(), key=lambda item: item[0])
    except TypeError:  # keys of several types
        return list(obj.items())


def as_apply(obj):
    """An expression of `obj`: lists, tuples and dicts are walked, all else is a constant."""
    if is_node(obj):
        return obj
    if isinstance(obj, (tuple, list)):
        return Apply("pos_args", [as_apply(member) for member in obj], [],
                     len(obj) if isinstance(obj, tuple) else None)
    if isinstance(obj, dict):
        items = _sorted_items(obj)
        if all(isinstance(key, str) for key in obj):
            return Apply("dict", [], [(key, as_apply(value)) for key, value in items], len(items))
        return Apply("dict", [as_apply([(key, as_apply(value)) for key, value in items])], [])
    return Literal(obj)


def dfs(expr):
    """Every node of `expr` once, inputs before the nodes that use them."""
    seen, order, stack = set(), [], [(expr, False)]
    while stack:
        node, left = stack.pop()
        if left:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.inputs()))
    return order


def toposort(expr):
    return dfs(expr)


def clone(expr, memo=None):
    memo = {} if memo is None else memo
    for node in dfs(expr):
        if node not in memo:
            memo[node] = node.clone_from_inputs([memo[arg] for arg in node.inputs()])
    return memo[expr]


def implementation(node):
    """The function that evaluates `node`: of hyperopt for its own nodes."""
    if not isinstance(node, Apply):
        theirs = sys.modules.get("hyperopt.pyll.base")
        if theirs is not None and node.name in theirs.scope._impls:
            return theirs.scope._impls[node.name]
    return scope._impls[node.name]


def _chosen(node, index):
    """The branch of a switch."""
    if np is not None and isinstance(index, np.ndarray):
        index = index.item()
    try:
        index = operator.index(index)
    except TypeError:
        raise TypeError("switch argument was", index) from None
    if index < 0:
        raise ValueError("switch pos must be positive int", index)
    return node.pos_args[index + 1]


def rec_eval(expr, deepcopy_inputs=False, memo=None, max_program_len=None, memo_gc=True,
             print_trace=False, print_node_on_error=False):
    """The value of `expr`; `memo` has the values of some nodes. Of a switch only the branch that is
    taken is evaluated. (The other arguments are hyperopt's, and have no effect.)"""
    memo = dict(memo) if memo else {}
    top = as_apply(expr)
    stack = [top]
    while stack:
        node = stack[-1]
        if node in memo:
            stack.pop()
            continue
        if node.name == "literal":
            memo[node] = node.obj
            continue
        if node.name == "switch":
            needed = [node.pos_args[0]]
            if needed[0] in memo:
                needed = [_chosen(node, memo[needed[0]])]
                if needed[0] in memo:
                    memo[node] = memo[needed[0]]
                    continue
        else:
            needed = node.inputs()
        missing = [arg for arg in needed if arg not in memo]
        if missing:
            stack.extend(missing)
            continue
        args = [memo[arg] for arg in node.pos_args]
        kwargs = {key: memo[arg] for key, arg in node.named_args}
        if any(arg is GarbageCollected for arg in args):
            raise ValueError("a parameter that this trial does not have is needed", str(node))
        value = implementation(node)(*args, **kwargs)
        memo[node] = rec_eval(value, memo=memo) if is_node(value) else value
    return memo[top]


# ---- the functions of the scope ----


@scope.define_pure
def pos_args(*args):
    return args


@scope.define_pure
def identity(obj):
    return obj


@scope.define_pure
def switch(pos, *args):
    return args[pos]


def _kwswitch(kw, **kwargs):
    """The argument of the name `kw`."""
    keys, values = zip(*sorted(kwargs.items(), key=lambda item: item[0]))
    return scope.switch(scope.call_method_pure(keys, "index", kw), *values)


scope.kwswitch = _kwswitch


@scope.define
def call(fn, args=(), kwargs=None):
    return fn(*args, **(kwargs or {}))


@scope.define
def call_method(obj, methodname, *args, **kwargs):
    return getattr(obj, methodname)(*args, **kwargs)


@scope.define_pure
def call_method_pure(obj, methodname, *args, **kwargs):
    return getattr(obj, methodname)(*args, **kwargs)


@scope.define_pure
def str_join(s, seq):
    return s.join(seq)


@scope.define_pure
def repeat(n_times, obj):
    return [obj] * n_times


@scope.define
def hyperopt_param(label, obj):
    """A parameter: `label` names it, `obj` is its distribution."""
    return obj


for _function in (operator.getitem, operator.add, operator.sub, operator.mul, operator.truediv,
                  operator.floordiv, operator.neg, operator.eq, operator.lt, operator.le,
                  operator.gt, operator.ge):
    scope.define_pure(_function)


@scope.define_pure
def pow(a, b):
    return a**b


def _mathematics(name):
    """A function of numpy, else of `math`."""
    f = getattr(np if np is not None else math, name)

    def function(a):
        return f(a)

    function.__name__ = name
    scope.define_pure(function)


for _name in ("exp", "log", "sin", "cos", "tan", "sqrt"):
    _mathematics(_name)


@scope.define_pure
def sum(x, axis=None):
    return np.sum(x, axis=axis) if np is not None else math.fsum(x)


@scope.define_pure
def minimum(x, y):
    return np.minimum(x, y) if np is not None else min(x, y)


@scope.define_pure
def maximum(x, y):
    return np.maximum(x, y) if np is not None else max(x, y)


@scope.define_pure
def asarray(a, dtype=None):
    return np.asarray(a) if dtype is None else np.asarray(a, dtype=dtype)
