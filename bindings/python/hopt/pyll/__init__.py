"""Expressions: what `hp.*` builds, and arithmetic around it. See base.py."""
from .base import Apply, Literal, as_apply, clone, dfs, rec_eval, scope, toposort
from . import stochastic

__all__ = ["Apply", "Literal", "as_apply", "clone", "dfs", "rec_eval", "scope", "stochastic",
           "toposort"]
