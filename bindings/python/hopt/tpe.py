"""hopt's own tree-structured Parzen estimator, of all parameters together.

    fmin(..., algo=tpe.suggest)
    fmin(..., algo=functools.partial(tpe.suggest, n_startup_jobs=10, n_EI_candidates=24))

It needs fewer trials than hyperopt's; for the very proposals of hyperopt take hopt.hyperopt.suggest.
"""
from ._suggest import Algorithm

_default_prior_weight = 1.0
_default_n_EI_candidates = 24
_default_gamma = 0.25
_default_n_startup_jobs = 20

suggest = Algorithm("tpe", {"n_startup_jobs": "startup", "n_EI_candidates": "candidates",
                            "startup": "startup", "candidates": "candidates", "repeat": "repeat"},
                    ignored=("prior_weight", "gamma", "verbose", "linear_forgetting"))
