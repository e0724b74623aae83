"""What spark.sh runs in a driver: a cancelled job of hopt_spark while its application lives on, and
hopt.SparkTrials. spark_driver.py FOLDER PROGRAMS; prints a line for each thing that was seen."""
import os
import pickle
import signal
import sys
import threading
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, "../../deploy/spark"), os.path.join(here, "../../bindings/python")]
import hopt  # noqa: E402
import hopt_spark  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

folder, programs = sys.argv[1:]
session = SparkSession.builder.appName("hopt tests").getOrCreate()
context = session.sparkContext
context.setLogLevel("ERROR")


def wait_until(what, condition, seconds=600):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit("not within %d s: %s" % (seconds, what))
        time.sleep(0.05)


def check(what, condition):
    if not condition:
        sys.exit("FAILED: " + what)
    print("ok: " + what, flush=True)


def path(name):
    return os.path.join(folder, name)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def pids(prefix):
    """What objectives wrote: the process that each was in."""
    found = {}
    for name in os.listdir(folder):
        if name.startswith(prefix):
            with open(path(name)) as file:
                text = file.read()
            if text.endswith("\n"):
                found[name] = int(text)
    return found


# ---- a job of workers is cancelled, and nothing else ----

with open(path("store.uri")) as file:
    store = file.readline().strip()
for name in (path("cancel.json"), path("obj"), programs + "/hopt-worker", programs + "/hopt-runner"):
    context.addFile(name)
context.addPyFile(hopt_spark.__file__)
job = hopt_spark.Job(context, 2, (None, "cancel.json", ["--grace", "1s", "--allow-root"], store))
job.start()
wait_until("two trials are held", lambda: len(pids("slows.")) == 2)
objectives = list(pids("slows.").values())
job.cancel()
check("the cancelled job has ended", not job.is_alive() and job.problem is not None)
wait_until("its objectives have ended", lambda: not any(map(alive, objectives)))
check("the application goes on", context.parallelize(range(10), 2).sum() == 45)

# ---- SparkTrials ----

space = {"x": hopt.hp.uniform("x", -5, 5), "k": hopt.hp.choice("k", [0, 1])}
where = os.getpid()


def objective(point):
    return {"loss": (point["x"] - 1) ** 2 + point["k"], "status": hopt.STATUS_OK, "pid": os.getpid(),
            "attachments": {"note": b"k is %d" % point["k"]}}


def minimize(fn, trials, max_evals, **more):
    return hopt.fmin(fn, space, algo=hopt.tpe.suggest, max_evals=max_evals, trials=trials, rstate=7,
                     show_progressbar=False, verbose=False, **more)


alone = hopt.Trials()
minimize(objective, alone, 12)
trials = hopt.SparkTrials(parallelism=1, spark_session=session)
best = minimize(objective, trials, 12)
check("the same trials as without Spark", trials.losses() == alone.losses() and best == alone.argmin)
check("evaluated elsewhere", where not in [result["pid"] for result in trials.results])
check("attachments come back", all(
    trials.trial_attachments(trial)["note"] == b"k is %d" % trial["misc"]["vals"]["k"][0]
    for trial in trials.trials))
copy = pickle.loads(pickle.dumps(trials))
minimize(objective, copy, 14)
check("pickled trials go on", len(copy) == 14 and copy.losses()[:12] == alone.losses())


def failing(point):
    if point["k"] == 1:
        raise ValueError("k is one")
    return point["x"] ** 2


trials = hopt.SparkTrials(parallelism=2)
minimize(failing, trials, 12)
failed = [doc for doc in trials._dynamic_trials if doc["state"] == hopt.JOB_STATE_ERROR]
check("an objective that raises makes trials in error, and fmin goes on",
      trials.count_failed_trials() == len(failed) > 0 and trials.count_successful_trials() > 0
      and trials.count_total_trials() == len(trials._dynamic_trials)
      and all("k is one" in str(doc["misc"]["error"]) for doc in failed))

marker = path("killed")


def killing(point):
    """Once, the executor dies in mid-trial."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return point["x"] ** 2
    pid = os.getpid()
    while True:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            if b"CoarseGrainedExecutorBackend" in file.read():
                break
        with open("/proc/%d/stat" % pid) as file:
            pid = int(file.read().rsplit(")", 1)[1].split()[1])
    os.kill(pid, signal.SIGKILL)
    time.sleep(600)


trials = hopt.SparkTrials(parallelism=2)
minimize(killing, trials, 8)
check("an executor killed in mid-trial loses nothing",
      os.path.exists(marker) and trials.count_successful_trials() == len(trials) == 8
      and all(result["loss"] == doc["misc"]["vals"]["x"][0] ** 2
              for doc, result in zip(trials.trials, trials.results)))


def quick(point):
    return point["x"] ** 2


trials = hopt.SparkTrials(parallelism=132, loss_threshold=-1)
peak = [0]


def count_threads():
    while trials.count_total_trials() < 132:
        peak[0] = max(peak[0], trials.count_by_state_unsynced(hopt.JOB_STATE_RUNNING))
        time.sleep(0.01)


watcher = threading.Thread(target=count_threads, daemon=True)
watcher.start()
minimize(quick, trials, 132, max_queue_len=132)
check("more than 128 at a time", trials.parallelism == trials.count_successful_trials() == 132
      and peak[0] > 128)


def hanging(point):
    mine = path("hang.%d" % os.getpid())
    with open(mine + ".new", "w") as file:
        file.write("%d\n" % os.getpid())
    os.rename(mine + ".new", mine)
    time.sleep(600)


trials = hopt.SparkTrials(parallelism=2, timeout=600)
ender = threading.Thread(target=lambda: (
    wait_until("two objectives hang", lambda: len(pids("hang.")) == 2),
    setattr(fake, "passed", 10000)), daemon=True)


class fake:
    """The clock that fmin's limits look at, put forward when both hang: no test waits for seconds."""

    passed = 0
    real = time.monotonic

    @staticmethod
    def monotonic():
        return fake.real() + fake.passed


time.monotonic, real = fake.monotonic, time.monotonic
ender.start()
try:
    minimize(hanging, trials, 10)
except Exception as problem:  # no trial has a loss
    print("fmin says: %s: %s" % (type(problem).__name__, problem))
time.monotonic = real
check("a timeout cancels what runs", trials.fmin_cancelled_reason == "fmin run timeout"
      and trials.count_cancelled_trials() == 2 and trials.count_total_trials() == 2)
wait_until("its objectives have ended", lambda: not any(map(alive, pids("hang.").values())))
check("and ends its objectives", context.parallelize(range(10), 2).sum() == 45)
print("all well", flush=True)
session.stop()
