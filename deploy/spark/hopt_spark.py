#!/usr/bin/env python3
"""hopt workers inside the executors of a Spark cluster.

    spark-submit [OPTION OF spark-submit...] hopt_spark.py --store @FILE --study STUDY.json --executors N

One Spark job with N tasks; each task is a hopt-worker, which takes its trials from the store. The
driver only looks on, so its speed and Spark's scheduling do not matter, and there may be thousands.
README.md beside this file tells the rest.
"""
import argparse
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

# As the programs of hopt.
EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_STORE, EXIT_NOT_FOUND, EXIT_NO_OK = 0, 1, 2, 3, 4, 5
PR_SET_PDEATHSIG = 1
# Spark's own, of no use to an objective; one of them is a secret.
SPARK_VARIABLES = ("SPARK_", "PYSPARK_", "PYTHON_WORKER_FACTORY_", "PYTHON_UNIX_DOMAIN_", "PYTHONHASHSEED",
                   "PYTHONUNBUFFERED")
STORE_TRIES, STORE_PAUSE_S = 60, 5


# ---- in an executor: what is sent there is this part, so it must not need the other one ----


def clean_environment():
    """The environment for a worker and its objectives."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(SPARK_VARIABLES) and name != "HOPT_STORE"}


def connections_of_this_process():
    """Descriptors of its connections, which are those to the executor's JVM."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.stat("/proc/self/fd/" + name).st_mode):
                with socket.socket(fileno=os.dup(int(name))) as connection:
                    connection.getpeername()  # fails for one that only listens
                found.append(int(name))
        except OSError:
            pass
    return found


def start_worker(command, store):
    """A hopt-worker that is told the store's URI by a pipe, so that no list of processes has it, and
    that gets SIGTERM when this process ends, however it does."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def bind():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    ours, theirs = os.pipe()
    os.write(theirs, store.encode() + b"\n")
    os.close(theirs)
    try:
        # A session of its own: Spark sends SIGHUP to its Python processes, and that is ours to pass on.
        return subprocess.Popen(command + ["--store", "@/dev/fd/%d" % ours], pass_fds=[ours], preexec_fn=bind,
                                stdin=subprocess.DEVNULL, start_new_session=True, env=clean_environment())
    finally:
        os.close(ours)


def attend(worker):
    """Wait for a worker's end. When Spark does not want the task any more (it closes the connection, which
    is all that a cancelled task sees) or ends its Python, the worker is told once, and has its grace time.
    @return its exit code, and whether it was told to leave."""
    told = []

    def tell(*_):
        if not told:
            told.append(True)
            worker.terminate()

    signals = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(one, tell) for one in signals]
    poller = select.poll()
    for descriptor in connections_of_this_process():
        poller.register(descriptor, select.POLLRDHUP)
    try:
        while worker.poll() is None:
            if told:
                time.sleep(0.2)
            elif poller.poll(500):
                tell()
    finally:
        for one, handler in zip(signals, before):
            signal.signal(one, handler)
    return worker.returncode, bool(told)


def work(program, study, options, store):
    """One task. @return [host, exit code of the worker]"""
    from pyspark import SparkFiles

    folder = SparkFiles.getRootDirectory()
    if program is None:
        program = os.path.join(folder, "hopt-worker")
    command = [program] + options + [os.path.join(folder, study)]
    for _ in range(STORE_TRIES):
        code, told = attend(start_worker(command, store))
        if code != EXIT_STORE or told:
            break
        time.sleep(STORE_PAUSE_S)
    return [socket.gethostname(), code]


# ---- in the driver ----


class Failed(Exception):
    """With the exit code that it means."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Usage(Failed):
    def __init__(self, text):
        super().__init__(EXIT_USAGE, text)


def say(text):
    print("hopt_spark: " + text, file=sys.stderr, flush=True)


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="hopt_spark.py", description="Evaluate the trials of a study in the executors of a Spark cluster.",
        epilog="Exit codes: 0 the study is done, 1 failed, 2 usage, 3 store unreachable, 5 ended without a good "
               "trial, 130 and 143 interrupted.")
    parser.add_argument("--store", metavar="URI", default=os.environ.get("HOPT_STORE"),
                        help="where the study is; one with a login only as @FILE, or in HOPT_STORE: arguments are seen "
                             "in lists of processes and in Spark's page")
    parser.add_argument("--study", metavar="STUDY", required=True,
                        help="the study file whose objective is to be run; or, with --allow-any-command, the name of a "
                             "study in the store: whoever can write to the store can then run anything on the "
                             "executors")
    parser.add_argument("--executors", metavar="N", type=int, default=0,
                        help="how many workers (default: as many as the cluster has cores for now)")
    parser.add_argument("--slots", metavar="N", type=int, default=1, 
                        help="trials at a time in each worker (default: 1)")
    parser.add_argument("--files", metavar="FILE", nargs="+", default=[],
                        help="what the objective needs, put beside the study file on each executor")
    parser.add_argument("--grace", metavar="TIME", default="30s",
                        help="how long a running trial may take to finish when its worker is to leave (default: 30s)")
    parser.add_argument("--with-master", action="store_true",
                        help="run a hopt-master beside the driver; it creates the study when it is new")
    parser.add_argument("--programs", metavar="DIR",
                        help="folder of hopt, hopt-worker and so on, which are sent to the executors (default: where "
                             "hopt-worker is on PATH)")
    parser.add_argument("--worker", metavar="PATH",
                        help="hopt-worker as installed on the executors, instead of sending one")
    parser.add_argument("--worker-option", metavar="OPTION", action="append", default=[],
                        help="for hopt-worker, e.g. --worker-option=--max-failures=10; may be repeated")
    parser.add_argument("--allow-any-command", action="store_true", help="see --study")
    return parser.parse_args(argv)


def read_store(given):
    """The store's URI itself: what a file says counts here, not on the executors."""
    if not given:
        raise Usage("no store: give --store or set HOPT_STORE")
    if given.startswith("@"):
        try:
            with open(given[1:]) as file:
                lines = [line.strip() for line in file]
        except (OSError, UnicodeDecodeError) as error:
            raise Usage("%s: %s" % (given[1:], getattr(error, "strerror", None) or "no text"))
        lines = [line for line in lines if line and not line.startswith("#")]
        if len(lines) != 1:
            raise Usage("%s: not one line with the store's URI" % given[1:])
        return lines[0]
    if "@" in given.split("://", 1)[-1] and given != os.environ.get("HOPT_STORE"):
        raise Usage("a URI with a login would be seen in lists of processes and in Spark's page: put it into a file, "
                    "and give --store @FILE")
    return given


def find_programs(folder):
    """{name: path} of what is there."""
    if folder is None:
        worker = shutil.which("hopt-worker")
        if worker is None:
            raise Usage("hopt-worker is not on PATH: give --programs DIR")
        folder = os.path.dirname(os.path.realpath(worker))
    found = {}
    for name in ("hopt", "hopt-master", "hopt-worker", "hopt-runner"):
        for place in ("", "../libexec/hopt", "../bin"):
            path = os.path.realpath(os.path.join(folder, place, name))
            if os.access(path, os.X_OK):
                found[name] = path
                break
        else:
            raise Usage("%s: no %s" % (folder, name))
    return found


class Hopt:
    """The programs of hopt on the driver's machine. The store's URI goes by a pipe."""

    def __init__(self, programs, store):
        self.programs = programs
        self.store = store

    def start(self, name, arguments, **options):
        """One of them, with the store."""
        ours, theirs = os.pipe()
        os.write(theirs, self.store.encode() + b"\n")
        os.close(theirs)
        try:
            return subprocess.Popen([self.programs[name]] + arguments + ["--store", "@/dev/fd/%d" % ours],
                                    pass_fds=[ours], stdin=subprocess.DEVNULL, env=clean_environment(), **options)
        finally:
            os.close(ours)

    def ask(self, *arguments):
        """Standard output of hopt."""
        process = self.start("hopt", list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate()
        if process.returncode != EXIT_OK:
            raise Failed(process.returncode, err.decode(errors="replace").strip())
        return out.decode(errors="replace")

    def name_of(self, study):
        """The name that a study file has."""
        check = subprocess.run([self.programs["hopt"], "check", study, "--json"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check.returncode != EXIT_OK:
            raise Failed(check.returncode, check.stderr.decode(errors="replace").strip())
        return json.loads(check.stdout.decode())["name"]

    def master(self, study, name):
        libc = ctypes.CDLL(None)
        return self.start("hopt-master", ["--studies", name, study], start_new_session=True,
                          preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))


def study_file(args, hopt, folder):
    """@return path of the study file to send, the study's name."""
    path = args.study
    if not os.path.isfile(path):
        if not args.allow_any_command:
            raise Usage("%s: no such file; give the study file whose objective may be run (or --allow-any-command for "
                        "whatever the store names)" % path)
        text = hopt.ask("study", "show", path, "--file")
        path = os.path.join(folder, "study.json")
        with open(path, "w") as file:
            file.write(text)
    return path, hopt.name_of(path)


class Study:
    """The study as the store has it."""

    def __init__(self, hopt, name):
        self.hopt = hopt
        self.name = name
        self.record = None
        self.said = None

    def look(self):
        """@return whether it was seen; a store that is away for a while is waited for."""
        try:
            self.record = json.loads(self.hopt.ask("study", "show", self.name, "--json"))
        except Failed as failure:
            if self.record is None:
                raise
            self.say(str(failure))
            return False
        best = self.record["best"]
        self.say("study %s is %s: %s%s" % (
            self.name, self.record["state"],
            ", ".join("%d %s" % (n, state) for state, n in self.record["trials"].items() if n),
            ", best %.9g" % best["loss"] if best else ""))
        return True

    def say(self, text):
        if text != self.said:
            say(text)
        self.said = text

    def done(self):
        return self.record["state"] == "done"

    def exit_code(self):
        return EXIT_OK if self.record["best"] else EXIT_NO_OK


class Job(threading.Thread):
    """The Spark job that the workers are in."""

    GROUP = "hopt"

    def __init__(self, context, n, task):
        super().__init__(daemon=True)
        self.context = context
        self.n = n
        self.task = task
        self.ended = []
        self.problem = None

    def run(self):
        task = self.task
        try:
            self.context.setJobGroup(self.GROUP, "hopt workers", interruptOnCancel=False)
            self.ended = self.context.parallelize(range(self.n), self.n).mapPartitions(
                lambda _: [work(*task)]).collect()
        except Exception as problem:  # whatever py4j makes of a cancelled job or a lost JVM
            self.problem = problem

    def cancel(self):
        try:
            self.context.cancelJobGroup(self.GROUP)
        except Exception as problem:
            say("the job can't be cancelled: %s" % str(problem).splitlines()[0])
        self.join(30)


def first_words(problem):
    return " ".join(str(problem).split())[:500]


def make_context(name):
    try:
        from pyspark import SparkConf, SparkContext
    except ImportError:
        raise Usage("there is no pyspark here: start this program by spark-submit")
    conf = SparkConf().setAppName("hopt " + name)
    # A task is a worker, not a piece of the result: when its executor is lost another one is to begin, as
    # often as that happens, and two for the same are of no use.
    conf.setIfMissing("spark.task.maxFailures", "1000000")
    conf.set("spark.speculation", "false")
    try:
        context = SparkContext(conf=conf)
    except Exception as problem:  # of the JVM
        raise Failed(EXIT_FAILED, "Spark did not start: " + first_words(problem))
    context.setLogLevel("WARN")
    return context


def watch(job, study, signals, pause_s=2):
    """Until the study is done, the workers are gone, or a signal came. @return exit code."""
    while job.is_alive() and not signals:
        study.look()
        if study.done():
            job.cancel()
            return study.exit_code()
        for _ in range(int(pause_s * 10)):
            if signals or not job.is_alive():
                break
            time.sleep(0.1)
    if signals:
        say("signal %d: the workers give back what they do not finish within the grace time" % signals[0])
        job.cancel()
        return 128 + signals[0]
    study.look()
    if job.problem is not None:
        say("the Spark job failed: " + first_words(job.problem))
    for host, code in job.ended:
        if code:
            say("a worker on %s left with exit code %d; its log is in the executor's stderr" % (host, code))
    if study.done():
        return study.exit_code()
    say("all workers have left, and the study is not done")
    return EXIT_FAILED


def run(args, folder, signals):
    store = read_store(args.store)
    hopt = Hopt(find_programs(args.programs), store)
    path, name = study_file(args, hopt, folder)
    study = Study(hopt, name)
    master = hopt.master(path, name) if args.with_master else None
    try:
        if master is None:
            study.look()
        context = make_context(name)
        try:
            for one in signals_watched():  # after Spark, which takes SIGINT for itself
                signal.signal(one, lambda number, _: signals.append(number))
            send = [path] + args.files
            if args.worker is None:
                send += [hopt.programs["hopt-worker"], hopt.programs["hopt-runner"]]
            for one in send:
                context.addFile(os.path.abspath(one))
            options = ["--slots", str(args.slots), "--grace", args.grace] + args.worker_option
            n = args.executors or context.defaultParallelism
            if master is not None:
                wait_for_study(study, master)
            say("%d workers for study %s in %s" % (n, name, context.applicationId))
            job = Job(context, n, (args.worker, os.path.basename(path), options, store))
            job.start()
            return watch(job, study, signals)
        finally:
            try:
                context.stop()
            except Exception:
                pass  # the JVM is gone: a Ctrl-C ended it, too
    finally:
        if master is not None:
            master.terminate()
            master.wait()


def wait_for_study(study, master):
    """Until the master has created it."""
    while master.poll() is None:
        try:
            study.look()
            return
        except Failed as failure:
            if failure.code != EXIT_NOT_FOUND:
                raise
        time.sleep(0.2)
    raise Failed(master.returncode, "hopt-master has ended")


def signals_watched():
    return signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def main(argv):
    args = parse(argv)
    signals = []
    try:
        with tempfile.TemporaryDirectory(prefix="hopt-spark-") as folder:
            return run(args, folder, signals)
    except (Usage, Failed) as failure:
        say(str(failure))
        return failure.code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
