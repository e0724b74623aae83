"""The peers as samplers: each of PEERS takes (instance, seed, n, in_flight) and runs n trials.

In flight: so many are asked before the first is told, then the oldest is told for every new one, as
bench_quality does with hopt's samplers. What a peer has for a level is an ordered integer:
hp.uniformint, suggest_int. Choices nest as hp.choice and define-by-run suggest_categorical do.
"""
import collections
import warnings

warnings.filterwarnings("ignore")


def hyperopt_space(params):
    from hyperopt import hp

    def node(param):
        if param.kind == "real":
            return hp.uniform(param.label, 0, 1)
        if param.kind == "level":
            return hp.uniformint(param.label, 0, param.levels - 1)
        return hp.choice(param.label, [{"index": i, "within": hyperopt_space(option)}
                                       for i, option in enumerate(param.options)])

    return {param.label: node(param) for param in params}


def flatten(drawn, values):
    for label, value in drawn.items():
        if isinstance(value, dict):
            values[label] = value["index"]
            flatten(value["within"], values)
        else:
            values[label] = value
    return values


def hyperopt_tpe(instance, seed, n, in_flight):
    import numpy
    from hyperopt import fmin, tpe

    if in_flight > 1:
        raise ValueError("hyperopt is measured serially only")
    fmin(lambda drawn: instance.evaluate(flatten(drawn, {})), hyperopt_space(instance.problem.params),
         algo=tpe.suggest, max_evals=n, rstate=numpy.random.default_rng(seed), show_progressbar=False,
         verbose=False)


def suggest(trial, params, values):
    for param in params:
        if param.kind == "real":
            values[param.label] = trial.suggest_float(param.label, 0, 1)
        elif param.kind == "level":
            values[param.label] = trial.suggest_int(param.label, 0, param.levels - 1)
        else:
            option = trial.suggest_categorical(param.label, list(range(param.levels)))
            values[param.label] = option
            suggest(trial, param.options[option], values)
    return values


def ask_and_tell(study, identity, instance, n, in_flight):
    waiting = collections.deque()
    for i in range(n + in_flight - 1):
        if i < n:
            trial = study.ask()
            waiting.append((trial, suggest(trial, instance.problem.params, {})))
        if i >= in_flight - 1:
            trial, values = waiting.popleft()
            study.tell(identity(trial), instance.evaluate(values))


def optuna_tpe(**options):
    def run(instance, seed, n, in_flight):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=seed, **options)
        ask_and_tell(optuna.create_study(sampler=sampler), lambda trial: trial, instance, n, in_flight)

    return run


def rustuna_tpe(instance, seed, n, in_flight):
    import rustuna

    sampler = rustuna.samplers.TPESampler(seed=seed, multivariate=True)
    ask_and_tell(rustuna.create_study(sampler=sampler), lambda trial: trial.number, instance, n, in_flight)


PEERS = {
    "rustuna": rustuna_tpe,
    "optuna": optuna_tpe(),
    "optuna-group": optuna_tpe(multivariate=True, group=True),
    "hyperopt-py": hyperopt_tpe,
}
# Where nothing is conditional, group=True is Optuna's default bit for bit: not run twice.
TREES_ONLY = {"optuna-group"}
# hyperopt is slow and hopt has a copy that draws the same: beyond this many trials the copy stands in.
SLOW, SLOW_LIMIT, COPY = "hyperopt-py", 100, "hopt-hyperopt"
