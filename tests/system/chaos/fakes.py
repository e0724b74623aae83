"""Would the checker notice? Each fake is a fault made up in a copy of a good run's records; the
checker must find it."""
import copy

from checker import Checker


def _last_done(trials):
    return [t for t in trials if t.state == "done"][-1]


def _again(evaluation, **changes):
    other = copy.copy(evaluation)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def _a_slot_is_missing(trials, evaluations):
    trials.remove(trials[len(trials) // 2])


def _a_slot_is_doubled(trials, evaluations):
    trials.append(_again(trials[3], tid=1 << 40))


def _a_slot_beyond_the_limit(trials, evaluations):
    trials.append(_again(trials[3], num=len(trials), tid=1 << 40))


def _a_tid_is_doubled(trials, evaluations):
    trials[1].tid = trials[0].tid


def _a_trial_still_runs(trials, evaluations):
    _last_done(trials).state = "running"


def _it_ended_twice(trials, evaluations):
    _last_done(trials).version += 1


def _it_was_taken_back_after_its_end(trials, evaluations):
    _last_done(trials).version += 1000


def _the_result_of_a_lost_lease(trials, evaluations):
    trial = _last_done(trials)
    trial.lease, trial.version = trial.lease + 1, trial.version + 1001
    evaluations.append(_again(next(e for e in evaluations if e.num == trial.num), lease=trial.lease))


def _another_ones_result(trials, evaluations):
    trial = _last_done(trials)
    trial.result = dict(trial.result, pid=trial.result["pid"] + 1)


def _a_changed_loss(trials, evaluations):
    trial = _last_done(trials)
    trial.result = dict(trial.result, loss=trial.result["loss"] + 1e-9)


def _another_owner(trials, evaluations):
    _last_done(trials).owner = "host:1:00000000"


def _an_error_with_attempts_left(trials, evaluations):
    trial = _last_done(trials)
    trial.state, trial.version = "error", 1001 * trial.lease


def _an_acknowledged_end_is_gone(trials, evaluations):
    _last_done(trials).lease += 1


def _seen_twice(trials, evaluations):
    first = next(t for t in trials if t.saw)
    trials[-1].saw = trials[-1].saw + first.saw[:1]


def _seen_before_its_end(trials, evaluations):
    trials[0].saw = [trials[-1].num]


def _never_seen(trials, evaluations):
    next(t for t in trials if t.saw).saw = []


def _evaluated_twice_under_one_lease(trials, evaluations):
    evaluations.append(_again(evaluations[-1], pid=1))


def _two_at_once(trials, evaluations):
    one = evaluations[0]  # before the first event
    evaluations.append(_again(one, lease=one.lease + 1, start=one.start + 0.01, pid=1))


def _outlives_its_worker(trials, evaluations):
    one = evaluations[-1]
    evaluations.append(_again(one, num=-1, death=one.death + 1e6, last_alive=one.death + 1e6))


def _still_alive(trials, evaluations):
    evaluations[-1] = _again(evaluations[-1], death=None)


FAKES = {
    name.strip("_").replace("_", " "): made
    for name, made in list(globals().items())
    if name.startswith("_") and callable(made) and name not in ("_last_done", "_again")
}


def overlooked(run, trials, evaluations):
    """What the checker does not notice, as faults."""
    missed = []
    for name, fake in FAKES.items():
        if fake is _never_seen and run.clocks_apart:
            continue  # its check compares wall clocks
        some, others = [copy.copy(t) for t in trials], list(evaluations)
        fake(some, others)
        if not Checker(run, some, others).prove():
            missed.append(f"the checker overlooks a made-up fault: {name}")
    return missed
