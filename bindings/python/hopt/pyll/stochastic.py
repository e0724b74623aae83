"""Distributions as expressions, and draws from a space: hyperopt.pyll.stochastic's names.

A distribution that is a parameter (within `hyperopt_param`) is drawn by the sampler; here they are
drawn with numpy, for sample() and for noise that a space has of itself.
"""
from .base import as_apply, clone, dfs, np, rec_eval, scope

implicit_stochastic_symbols = set()


def implicit_stochastic(f):
    implicit_stochastic_symbols.add(f.__name__)
    return f


@scope.define
def rng_from_seed(seed):
    return np.random.default_rng(seed)


@implicit_stochastic
@scope.define
def uniform(low, high, rng=None, size=()):
    return rng.uniform(low, high, size=size)


@implicit_stochastic
@scope.define
def loguniform(low, high, rng=None, size=()):
    return np.exp(rng.uniform(low, high, size=size))


@implicit_stochastic
@scope.define
def quniform(low, high, q, rng=None, size=()):
    return np.round(rng.uniform(low, high, size=size) / q) * q


@implicit_stochastic
@scope.define
def qloguniform(low, high, q, rng=None, size=()):
    return np.round(np.exp(rng.uniform(low, high, size=size)) / q) * q


@implicit_stochastic
@scope.define
def normal(mu, sigma, rng=None, size=()):
    return rng.normal(mu, sigma, size=size)


@implicit_stochastic
@scope.define
def qnormal(mu, sigma, q, rng=None, size=()):
    return np.round(rng.normal(mu, sigma, size=size) / q) * q


@implicit_stochastic
@scope.define
def lognormal(mu, sigma, rng=None, size=()):
    return np.exp(rng.normal(mu, sigma, size=size))


@implicit_stochastic
@scope.define
def qlognormal(mu, sigma, q, rng=None, size=()):
    return np.round(np.exp(rng.normal(mu, sigma, size=size)) / q) * q


@implicit_stochastic
@scope.define
def randint(low, high=None, rng=None, size=()):
    return rng.integers(low, high, size)


@implicit_stochastic
@scope.define
def categorical(p, rng=None, size=()):
    """An index i with probability p[i]."""
    p = np.asarray(p)
    if size == ():
        return int(rng.multinomial(n=1, pvals=p).argmax())
    return rng.multinomial(n=1, pvals=p, size=size).argmax(axis=-1)


def one_of(*args):
    return scope.switch(scope.randint(len(args)), *args)


scope.one_of = one_of
scope.choice = lambda args: one_of(*args)


def recursive_set_rng_kwarg(expr, rng=None):
    """Let every distribution in `expr` draw from `rng`."""
    rng = as_apply(np.random.default_rng() if rng is None else rng)
    for node in dfs(expr):
        if node.name in implicit_stochastic_symbols:
            node.named_args = [pair for pair in node.named_args if pair[0] != "rng"]
            node.named_args.append(["rng", rng])
    return expr


def sample(expr, rng=None, **kwargs):
    """One value of `expr`, every parameter drawn from its distribution."""
    return rec_eval(recursive_set_rng_kwarg(clone(as_apply(expr)), rng), **kwargs)
