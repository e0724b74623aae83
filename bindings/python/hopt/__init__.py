"""hopt for Python: hyperopt's fmin over libhopt. docs/python.md says how to use it.

    from hopt import fmin, hp, tpe

    best = fmin(lambda x: (x - 3) ** 2, hp.uniform("x", -5, 5), algo=tpe.suggest, max_evals=100)
"""
from . import anneal, early_stop, exceptions, gp, hp, hyperopt, mix, progress, pyll, rand, tpe
from . import auto  # noqa: F401
from .base import (JOB_STATE_CANCEL, JOB_STATE_DONE, JOB_STATE_ERROR, JOB_STATE_NEW,
                   JOB_STATE_RUNNING, JOB_STATES, STATUS_FAIL, STATUS_NEW, STATUS_OK,
                   STATUS_RUNNING, STATUS_STRINGS, STATUS_SUSPENDED, Ctrl, Domain, Trials,
                   spec_from_misc, trials_from_docs)
from .fmin import FMinIter, fmin, fmin_pass_expr_memo_ctrl, partial, space_eval

__version__ = "0.1.0"

# What needs more than fmin does is loaded when it is asked for.
_LATER = {"SparkTrials": "spark", "StoreTrials": "store", "Study": "study", "Trial": "study"}


def __getattr__(name):
    if name in _LATER:
        import importlib

        return getattr(importlib.import_module("hopt." + _LATER[name]), name)
    raise AttributeError("module 'hopt' has no attribute '%s'" % name)
