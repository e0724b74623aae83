"""Random search: the draws of hyperopt 0.3.0's rand.suggest."""
from ._suggest import Algorithm


class _Random(Algorithm):
    def study_sampler(self, given):
        # As hyperopt: a point may come again.
        return super().study_sampler(dict({"repeat": True}, **given))


suggest = _Random("random", {"repeat": "repeat"})
