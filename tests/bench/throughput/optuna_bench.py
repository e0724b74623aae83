"""Trials per second of Optuna with the same objective: optuna_bench.py journal|sqlite PROCESSES TRIALS FILE"""
import multiprocessing
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import optuna
from optuna.storages import JournalStorage, RDBStorage

try:
    from optuna.storages.journal import JournalFileBackend
except ImportError:  # before 4.0
    from optuna.storages import JournalFileStorage as JournalFileBackend

optuna.logging.set_verbosity(optuna.logging.WARNING)


def storage(kind, path):
    if kind == "journal":
        return JournalStorage(JournalFileBackend(path))
    return RDBStorage("sqlite:///" + path, engine_kwargs={"connect_args": {"timeout": 100}})


def objective(trial):
    return sum(trial.suggest_float("x%d" % i, -5, 5) ** 2 for i in range(5))


def work(kind, path, trials, seed, gate):
    study = optuna.load_study(study_name="bench", storage=storage(kind, path),
                              sampler=optuna.samplers.RandomSampler(seed=seed))
    gate.wait()  # imports and opening are not counted
    study.optimize(objective, n_trials=trials)


def main():
    kind, processes, trials, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    optuna.create_study(study_name="bench", storage=storage(kind, path))
    gate = multiprocessing.Barrier(processes + 1)
    each = trials // processes
    workers = [multiprocessing.Process(target=work, args=(kind, path, each, i, gate))
               for i in range(processes)]
    for worker in workers:
        worker.start()
    gate.wait()
    began = time.monotonic()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - began
    study = optuna.load_study(study_name="bench", storage=storage(kind, path))
    assert len(study.get_trials(deepcopy=False)) == each * processes
    print("%.1f" % (each * processes / seconds))


main()
