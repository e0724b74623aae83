"""What the adversary does and when: a list of events drawn in advance from a seed.

An event says what shall be hit by a number only (`pick`); which process that is, is decided when it
happens, among those that live then. So the schedule is the same for the same seed, kind of store
and number of events, whatever the programs do.
"""
import collections
import hashlib
import random

Event = collections.namedtuple("Event", "index at kind pick lasts extra")

# How often each is drawn.
EVERYWHERE = {
    "kill_worker": 14,
    "kill_master": 6,
    "kill_runner": 12,
    "kill_objective": 12,
    "stop_worker": 12,
    "stop_master": 5,
    "stop_runner": 5,
    "term_worker": 5,
}
SQLITE = {"lock_store": 5, "fill_disk": 5}
MONGO = {
    "kill_gateway": 3,
    "kill_database": 2,
    "net_drop": 8,
    "net_delay": 8,
    "net_hole": 8,
    "net_cut": 12,
    "net_swallow": 12,
}
WRITES = ["any", "any", "findAndModify", "findAndModify", "update", "insert", "find"]


def _lasts(rng, kind, lease_s):
    """How long it lasts, in seconds; 0: it is over at once."""
    if kind in ("stop_worker", "stop_runner"):
        return lease_s * rng.uniform(1.2, 2.5)
    if kind == "stop_master":  # beyond the leader's lease of 15 s now and then
        return rng.uniform(16, 19) if rng.random() < 0.2 else lease_s * rng.uniform(1, 2)
    if kind in ("lock_store", "fill_disk", "kill_gateway", "kill_database"):
        return rng.uniform(0.3, 2.5)
    if kind == "net_hole":
        return lease_s * rng.uniform(0.5, 2.5)
    if kind.startswith("net_"):
        return rng.uniform(0.5, 4)
    return 0.0


def _extra(rng, kind):
    if kind == "net_delay":
        return {"toxic": "delay", "ms": rng.choice([20, 100, 400, 1500])}
    if kind == "net_cut":
        way = rng.choice(["request", "reply"])
        return {"toxic": "cut", "n": rng.randint(1, 3), "aim": rng.choice(WRITES), "way": way}
    if kind == "net_swallow":
        hang = rng.random() < 0.25
        return {"toxic": "swallow", "n": rng.randint(1, 3), "aim": rng.choice(WRITES), "hang": hang}
    if kind.startswith("net_"):
        return {"toxic": kind[4:]}
    # How soon a dead one is started again.
    return {"again": rng.uniform(0.05, 1.0)}


def draw(seed, store, count, lease_s, without=()):
    """The schedule: `count` events for a `store` of "sqlite" or "mongo", without some kinds."""
    rng = random.Random(f"chaos {seed} {store} {count}")
    weights = dict(EVERYWHERE, **(SQLITE if store == "sqlite" else MONGO))
    kinds = [kind for kind in weights if kind not in without]
    at, events = 1.5, []
    for index in range(count):
        kind = rng.choices(kinds, [weights[one] for one in kinds])[0]
        at += rng.uniform(0.1, 0.9)
        pick = rng.randrange(1 << 30)
        events.append(Event(index, at, kind, pick, _lasts(rng, kind, lease_s), _extra(rng, kind)))
    return events


def digest(events):
    """A short name of a schedule, to see that two runs had the same."""
    return hashlib.sha256(repr(events).encode()).hexdigest()[:12]
