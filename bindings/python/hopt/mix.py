"""One of several algorithms for each trial, by chance:

    algo=functools.partial(mix.suggest, p_suggest=[(.1, rand.suggest), (.2, anneal.suggest),
                                                   (.7, hopt.hyperopt.suggest)])
"""
from .pyll.base import np


def suggest(new_ids, domain, trials, seed, p_suggest):
    """As hyperopt's: the seed decides whose turn it is, and what seed it gets."""
    if np is None:
        raise ImportError("mix.suggest needs numpy")
    rng = np.random.default_rng(seed)
    ps, suggests = zip(*p_suggest)
    if not np.isclose(sum(ps), 1.0):
        raise ValueError("Probabilities should sum to 1", ps)
    which = rng.multinomial(n=1, pvals=ps).argmax()
    return suggests[which](new_ids, domain, trials, seed=int(rng.integers(2**31)))
