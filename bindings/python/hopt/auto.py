"""`gp` while a proposal costs little beside a trial, else `tpe`."""
from ._suggest import Algorithm

suggest = Algorithm("auto", {name: name for name in ("startup", "candidates", "repeat", "hand_over",
                                                     "share")})
