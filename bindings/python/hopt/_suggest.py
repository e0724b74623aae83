"""Algorithms: what fmin's `algo` may be.

`suggest(new_ids, domain, trials, seed)` gives documents of new trials, as hyperopt's does, so that ours
can be given to hyperopt's fmin, and hyperopt's (or anybody's) to ours. Ours is libhopt's sampler: it is
opened once for a domain and hears of each trial once.
"""
import functools
import json
import logging
import math
import weakref

from . import _library
from ._space import Space
from .exceptions import LibraryError
from .pyll.base import np

logger = logging.getLogger(__name__)

# hopt's own samplers; the others are copies of hyperopt's.
OWN = ("auto", "gp", "tpe")


class Algorithm:
    """A sampler of libhopt as an algorithm. `options` gives hyperopt's names of options ours."""

    def __init__(self, sampler, options, ignored=()):
        self.sampler = sampler
        self.options = options
        self.ignored = ignored
        self.__name__ = "suggest"
        self.__qualname__ = "%s.suggest" % sampler
        self._warned = set()

    def study_sampler(self, given):
        """The study's "sampler" for these keyword arguments."""
        sampler = {"name": self.sampler}
        for name, value in given.items():
            if name in self.options:
                sampler[self.options[name]] = _plain_number(value)
            elif name in self.ignored:
                if name not in self._warned and name != "verbose":
                    self._warned.add(name)
                    logger.warning("the sampler %s has no %s: ignored", self.sampler, name)
            else:
                raise TypeError("suggest() of %s got an unexpected keyword argument '%s'" % (
                    self.sampler, name))
        return sampler

    def __call__(self, new_ids, domain, trials, seed, **given):
        return Suggester.of(domain, self.study_sampler(given)).suggest(new_ids, domain, trials, seed)

    def __reduce__(self):
        return _named, (self.sampler,)

    def __repr__(self):
        return "<hopt's %s.suggest>" % self.sampler


def _named(sampler):
    import importlib

    module = {"random": "rand"}.get(sampler, sampler)
    return importlib.import_module("hopt." + module).suggest


def _plain_number(value):
    if hasattr(value, "item") and np is not None and isinstance(value, np.generic):
        return value.item()
    return value


def native(algo):
    """The study's "sampler" of an algorithm that libhopt has, else None: ours, hyperopt's own, and
    either with functools.partial around."""
    given = {}
    while isinstance(algo, functools.partial):
        if algo.args:
            return None
        given = dict(algo.keywords, **given)
        algo = algo.func
    if isinstance(algo, Algorithm):
        return algo.study_sampler(given)
    return None


def resolve(algo):
    """hyperopt's tpe, rand and anneal become ours, which propose the same; all else is left."""
    inner, given = algo, {}
    while isinstance(inner, functools.partial) and not inner.args:
        given = dict(inner.keywords, **given)
        inner = inner.func
    module = {"hyperopt.tpe": "hyperopt", "hyperopt.rand": "random",
              "hyperopt.anneal": "anneal"}.get(getattr(inner, "__module__", None))
    if module is None or getattr(inner, "__name__", None) != "suggest":
        return algo
    ours = _named(module)
    try:
        ours.study_sampler(given)
    except TypeError:
        return algo
    return functools.partial(ours, **given) if given else ours


def number_or_none(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def repeating(sampler):
    """The sampler, allowed to propose again what was tried."""
    return dict(sampler, repeat=True) if sampler["name"] in OWN else sampler


class Suggester:
    """A sampler with what it has heard of."""

    _of_domains = weakref.WeakKeyDictionary()

    @classmethod
    def of(cls, domain, sampler):
        """The one of a domain and a sampler."""
        mine = cls._of_domains.setdefault(domain, {})
        key = json.dumps(sampler, sort_keys=True)
        if key not in mine:
            mine[key] = cls(getattr(domain, "space", None) or Space(domain.expr), sampler)
        return mine[key]

    def __init__(self, space, sampler):
        self.space = space
        self._sampler = sampler
        self._own_seeds = sampler["name"] in OWN
        self._handle = None
        self._seed = None

    def _open(self, seed):
        self._close()
        handle = _library.new_handle()
        text = '{"name": "fmin", "space": %s, "sampler": %s}' % (
            self.space.text, json.dumps(self._sampler))
        _library.check("hopt_suggester_open", _library.byref(handle), text.encode(), seed)
        self._handle = handle
        self._ended, self._pending, self._refused = {}, set(), set()

    def _close(self):
        if getattr(self, "_handle", None):
            _library.plain("hopt_suggester_close", self._handle)
        self._handle = None

    __del__ = _close

    def _line(self, doc):
        """A trial as libhopt reads it."""
        misc, result, state = doc["misc"], doc["result"], doc["state"]
        line = {"num": doc["tid"], "state": min(int(state), 4),
                "vals": self.space.inner({label: [_plain_number(v) for v in values]
                                          for label, values in misc["vals"].items()})}
        if state == 2:
            loss = number_or_none(result.get("loss"))
            line["status"] = "ok" if result.get("status") == "ok" and loss is not None else "fail"
            if loss is not None:
                line["loss"] = loss
        if misc.get("from_tid") is not None:
            line["from_tid"] = misc["from_tid"]
        if doc.get("book_time") is not None and doc.get("refresh_time") is not None and state == 2:
            passed = (doc["refresh_time"] - doc["book_time"]).total_seconds()
            line["ms"] = max(0, math.ceil(1000 * passed))
        return json.dumps(line)

    def _is_news(self, docs):
        """Those of the documents that it must hear of; None when something that it has heard of is no
        more, or another: then it must start anew."""
        ended, pending, refused = self._ended, self._pending, self._refused
        news, known, still_pending = [], 0, 0
        for doc in docs:
            tid = doc["tid"]
            before = ended.get(tid)
            if before is not None:
                known += 1
                if before is not doc["result"] and before != doc["result"]:
                    return None
            elif tid in pending:
                still_pending += 1
                if doc["state"] not in (0, 1):
                    news.append(doc)
            elif tid not in refused:
                news.append(doc)
        return news if known == len(ended) and still_pending == len(pending) else None

    def _hear(self, docs):
        for doc in docs:
            tid = doc["tid"]
            try:
                _library.check("hopt_suggester_add", self._handle, self._line(doc).encode())
            except LibraryError as error:
                self._refused.add(tid)
                logger.warning("the sampler leaves trial %s out: %s", tid, error)
                continue
            if doc["state"] in (0, 1):
                self._pending.add(tid)
            else:
                self._ended[tid] = doc["result"]
                self._pending.discard(tid)

    def suggest(self, new_ids, domain, trials, seed):
        docs = trials.trials
        seed = int(seed)
        if self._handle is None:
            self._seed = getattr(domain, "study_seed", None)
            self._seed = seed if self._seed is None else self._seed
            self._open(self._seed)
        news = self._is_news(docs)
        if news is None:
            self._open(self._seed)
            news = docs
        self._hear(news)
        made = []
        for i, tid in enumerate(new_ids):
            vals = self._point(self._seed_of(domain, tid, seed + i), tid)
            if vals is None and "repeat" not in self._sampler:
                # Every point of a finite space was tried: fmin goes on to max_evals, and they may be
                # noisy.
                self._sampler = repeating(self._sampler)
                self._open(self._seed)
                self._hear(docs)
                self._hear(made)
                vals = self._point(self._seed_of(domain, tid, seed + i), tid)
            if vals is None:
                break
            doc = _new_doc(tid, vals, domain, trials)
            made.append(doc)
            if i + 1 < len(new_ids):  # the next one is to know of this one
                self._hear([doc])
        return made

    def _seed_of(self, domain, tid, seed):
        """hopt's own samplers take the seed that `hopt run --seed N` gives the trial, where N is known
        (fmin's rstate is new); so the two make the same trials."""
        if self._own_seeds and getattr(domain, "study_seed", None) is not None:
            return _library.plain("hopt_suggester_seed", self._handle, tid, 0)
        return seed

    def _point(self, seed, tid):
        text = _library.new_handle()
        if not _library.check("hopt_suggester_suggest", self._handle, seed, tid, _library.byref(text),
                              none_at=(_library.ENOTFOUND,)):
            return None
        return self.space.outer(json.loads(_library.taken_text(text)))


def _new_doc(tid, vals, domain, trials):
    misc = {"tid": tid, "cmd": domain.cmd, "workdir": domain.workdir,
            "idxs": {label: [tid] * len(value) for label, value in vals.items()}, "vals": vals}
    return trials.new_trial_docs([tid], [None], [domain.new_result()], [misc])[0]
