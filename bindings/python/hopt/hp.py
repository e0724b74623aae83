"""Parameters of a search space, with hyperopt's names and meaning.

    space = {"lr": hp.loguniform("lr", -7, 0), "model": hp.choice("model", [
        {"kind": "tree", "depth": hp.randint("depth", 1, 12)},
        {"kind": "line"}])}

Bounds of the logarithmic kinds are logarithms. A label names one parameter; the same object may be
used in several places, where it has one value.
"""
from functools import wraps

from .pyll import stochastic  # noqa: F401  (defines the distributions)
from .pyll.base import Literal, scope


def _checked(ranged):
    """Decorator: the label must be text; `ranged`: low < high, as far as hyperopt looks."""

    def decorate(f):
        @wraps(f)
        def wrapper(label, *args, **kwargs):
            text = label.obj if isinstance(label, Literal) else label
            if not isinstance(text, (str, bytes)):
                raise TypeError("require string label")
            if ranged:
                low = args[0] if len(args) > 0 else kwargs.get("low")
                high = args[1] if len(args) > 1 else kwargs.get("high")
                if low and high and not low < high:
                    raise ValueError("low should be less than high: %s is not smaller than %s"
                                     % (low, high))
            return f(label, *args, **kwargs)

        return wrapper

    return decorate


def _real(name, ranged):
    """hp.`name`: a real number of that distribution."""

    @_checked(ranged)
    def parameter(label, *args, **kwargs):
        distribution = getattr(scope, name)(*args, **kwargs)
        return scope.float(scope.hyperopt_param(label, distribution))

    parameter.__name__ = parameter.__qualname__ = name
    parameter.__doc__ = "A real number drawn from %s%s." % (
        name, " (low, high)" if ranged else " (mu, sigma)")
    return parameter


uniform = _real("uniform", True)
quniform = _real("quniform", True)
loguniform = _real("loguniform", True)
qloguniform = _real("qloguniform", True)
normal = _real("normal", False)
qnormal = _real("qnormal", False)
lognormal = _real("lognormal", False)
qlognormal = _real("qlognormal", False)


@_checked(False)
def choice(label, options):
    """One of `options`, which may hold parameters of their own."""
    options = list(options)
    index = scope.hyperopt_param(label, scope.randint(len(options)))
    return scope.switch(index, *options)


@_checked(False)
def pchoice(label, p_options):
    """One of the options of [(probability, option), ...]."""
    p, options = zip(*p_options)
    return scope.switch(scope.hyperopt_param(label, scope.categorical(p)), *options)


@_checked(False)
def randint(label, *args, **kwargs):
    """An integer: randint(label, high) from 0, randint(label, low, high) from low; high excluded."""
    return scope.int(scope.hyperopt_param(label, scope.randint(*args, **kwargs)))


@_checked(False)
def uniformint(label, *args, **kwargs):
    """An integer of low .. high, both included."""
    kwargs["q"] = 1.0
    return scope.int(quniform(label, *args, **kwargs))
