"""The peers as samplers: each of PEERS takes (instance, seed, n, in_flight) and runs n trials.

In flight: so many are asked before the first is told, then the oldest is told for every new one, as
bench_quality does with hopt's samplers. What a peer has for a level is an ordered integer:
hp.uniformint, suggest_int. Choices nest as hp.choice and define-by-run suggest_categorical do.
"""
import collections
import contextlib
import ctypes
import logging
import tempfile
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


def optuna_sampler(name, **options):
    def run(instance, seed, n, in_flight):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = getattr(optuna.samplers, name)(seed=seed, **options)
        ask_and_tell(optuna.create_study(sampler=sampler), lambda trial: trial, instance, n, in_flight)

    return run


def optuna_gp(instance, seed, n, in_flight):
    """With a torch older than 2.0 too (Debian's): there a device is no context, and the CPU is the only one anyway."""
    import optuna.samplers._gp.sampler as module
    import torch

    class Older:
        def __getattr__(self, name):
            return getattr(torch, name)

        def device(self, *_):
            return contextlib.nullcontext()

    torch.set_num_threads(1)
    if int(torch.__version__.partition(".")[0]) < 2:
        module.torch = Older()
    optuna_sampler("GPSampler")(instance, seed, n, in_flight)


def rustuna_tpe(instance, seed, n, in_flight):
    import rustuna

    sampler = rustuna.samplers.TPESampler(seed=seed, multivariate=True)
    ask_and_tell(rustuna.create_study(sampler=sampler), lambda trial: trial.number, instance, n, in_flight)


def smac_space(params, seed):
    import ConfigSpace

    space = ConfigSpace.ConfigurationSpace(seed=seed)

    def add(params, parent=None, option=None):
        for param in params:
            if param.kind == "real":
                made = ConfigSpace.UniformFloatHyperparameter(param.label, 0, 1)
            elif param.kind == "level":
                made = ConfigSpace.UniformIntegerHyperparameter(param.label, 0, param.levels - 1)
            else:
                made = ConfigSpace.CategoricalHyperparameter(param.label, list(range(param.levels)))
            space.add(made)
            if parent is not None:
                space.add(ConfigSpace.EqualsCondition(made, parent, option))
            for i, within in enumerate(param.options):
                add(within, made, i)

    add(params)
    return space


def smac_forest(instance, seed, n, in_flight):
    """SMAC3's facade for hyperparameters: a random forest over the conditional space, no repeated evaluations."""
    from smac import HyperparameterOptimizationFacade, Scenario
    from smac.runhistory.dataclasses import TrialValue

    if in_flight > 1:
        raise ValueError("SMAC3 is measured serially only")
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(smac_space(instance.problem.params, seed), deterministic=True, n_trials=n, seed=seed,
                            output_directory=folder)
        smac = HyperparameterOptimizationFacade(scenario, lambda config, seed=0: 0.0, overwrite=True,
                                                logging_level=logging.ERROR)
        for _ in range(n):
            asked = smac.ask()
            smac.tell(asked, TrialValue(cost=instance.evaluate(dict(asked.config))))


def hebo_parameters(params):
    """HEBO knows no conditions: it gets all parameters always, and those that are not active do nothing."""
    for param in params:
        if param.kind == "real":
            yield {"name": param.label, "type": "num", "lb": 0, "ub": 1}
        elif param.kind == "level":
            yield {"name": param.label, "type": "int", "lb": 0, "ub": param.levels - 1}
        else:
            yield {"name": param.label, "type": "cat", "categories": list(range(param.levels))}
        for option in param.options:
            yield from hebo_parameters(option)


def active(params, drawn):
    values = {}
    for param in params:
        values[param.label] = drawn[param.label]
        if param.options:
            values.update(active(param.options[int(drawn[param.label])], drawn))
    return values


def hebo(instance, seed, n, in_flight):
    import numpy
    import torch
    from hebo.design_space.design_space import DesignSpace
    from hebo.optimizers.hebo import HEBO

    if in_flight > 1:
        raise ValueError("HEBO is measured serially only")
    torch.set_num_threads(1)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    params = instance.problem.params
    optimizer = HEBO(DesignSpace().parse(list(hebo_parameters(params))), scramble_seed=seed)
    for _ in range(n):
        asked = optimizer.suggest()
        loss = instance.evaluate(active(params, asked.iloc[0].to_dict()))
        optimizer.observe(asked, numpy.array([[loss]]))


def own(name):
    """A sampler of hopt by way of the shared library, for the tasks that only Python can evaluate."""
    def run(instance, seed, n, in_flight):
        library, labels = instance.library, instance.problem.labels
        sampler = library.bench_sampler_open(name.encode(), instance.problem.space.encode(), seed)
        point = (ctypes.c_double * len(labels))()
        for _ in range(n):
            if not library.bench_sampler_suggest(sampler, point):
                break
            values = {label: value for label, value in zip(labels, point) if value == value}
            library.bench_sampler_add(sampler, point, ctypes.c_double(instance.evaluate(values)))
        library.bench_sampler_close(sampler)

    return run


OWN = {"hopt-" + name: own(name) for name in ("tpe", "gp", "random")}
PEERS = {
    "rustuna": rustuna_tpe,
    "optuna": optuna_sampler("TPESampler"),
    "optuna-group": optuna_sampler("TPESampler", multivariate=True, group=True),
    "hyperopt-py": hyperopt_tpe,
    "optuna-gp": optuna_gp,
    "optuna-cma": optuna_sampler("CmaEsSampler", warn_independent_sampling=False),
    "smac": smac_forest,
    "hebo": hebo,
}
# What run.sh installs apart, for their dependencies do not go together; they cost 50 to 1,000 ms a suggestion.
APART = {"optuna-gp", "optuna-cma", "smac", "hebo"}
# Where nothing is conditional, group=True is Optuna's default bit for bit: not run twice.
TREES_ONLY = {"optuna-group"}
# hyperopt is slow and hopt has a copy that draws the same: beyond this many trials the copy stands in.
SLOW, SLOW_LIMIT, COPY = "hyperopt-py", 100, "hopt-hyperopt"
