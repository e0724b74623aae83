"""A Gaussian process that ranks tpe's candidates: fewer trials, some milliseconds a proposal."""
from ._suggest import Algorithm

suggest = Algorithm("gp", {name: name for name in ("startup", "candidates", "repeat", "hand_over")})
