"""The algorithm of hyperopt 0.3.0's tpe.suggest: the same proposals for the same seeds and trials."""
from ._suggest import Algorithm

_default_prior_weight = 1.0
_default_n_EI_candidates = 24
_default_gamma = 0.25
_default_n_startup_jobs = 20

_names = ("prior_weight", "n_startup_jobs", "n_EI_candidates", "gamma")
suggest = Algorithm("hyperopt", {name: name for name in _names}, ignored=("verbose",))
