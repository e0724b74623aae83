"""Distributions as expressions, and draws from a space: hyperopt.pyll.stochastic's names.

A distribution that is a parameter (within `hyperopt_param`) is drawn by the sampler; here they are
drawn with numpy, for sample() and for noise that a space has of itself.
"""
from .base import as_apply, clone, dfs, np, rec_eval, scope

# What draws: recursive_set_rng_kwarg() gives these their generator.
implicit_stochastic_symbols = set()


def implicit_stochastic(f):
    """Decorator: `f` takes `rng`."""
    implicit_stochastic_symbols.add(f.__name__)
    return f


def _distribution(name, draw):
    draw.__name__ = draw.__qualname__ = name
    return implicit_stochastic(scope.define(draw))


def _on_grid(value, q):
    return np.round(value / q) * q


def _index(p, rng, size):
    drawn = rng.multinomial(n=1, pvals=np.asarray(p), size=None if size == () else size).argmax(axis=-1)
    return int(drawn) if size == () else drawn


@scope.define
def rng_from_seed(seed):
    return np.random.default_rng(seed)


uniform = _distribution(
    "uniform", lambda low, high, rng=None, size=(): rng.uniform(low, high, size=size))
normal = _distribution(
    "normal", lambda mu, sigma, rng=None, size=(): rng.normal(mu, sigma, size=size))
randint = _distribution(
    "randint", lambda low, high=None, rng=None, size=(): rng.integers(low, high, size))
categorical = _distribution(
    "categorical", lambda p, rng=None, size=(): _index(p, rng, size))
loguniform = _distribution(
    "loguniform", lambda low, high, rng=None, size=(): np.exp(uniform(low, high, rng, size)))
lognormal = _distribution(
    "lognormal", lambda mu, sigma, rng=None, size=(): np.exp(normal(mu, sigma, rng, size)))
quniform = _distribution(
    "quniform", lambda low, high, q, rng=None, size=(): _on_grid(uniform(low, high, rng, size), q))
qnormal = _distribution(
    "qnormal", lambda mu, sigma, q, rng=None, size=(): _on_grid(normal(mu, sigma, rng, size), q))
qloguniform = _distribution(
    "qloguniform",
    lambda low, high, q, rng=None, size=(): _on_grid(loguniform(low, high, rng, size), q))
qlognormal = _distribution(
    "qlognormal",
    lambda mu, sigma, q, rng=None, size=(): _on_grid(lognormal(mu, sigma, rng, size), q))


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
