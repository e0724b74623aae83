"""Simulated annealing: the proposals of hyperopt 0.3.0's anneal.suggest."""
from ._suggest import Algorithm

suggest = Algorithm("anneal", {"avg_best_idx": "avg_best_idx", "shrink_coef": "shrink_coef"})
