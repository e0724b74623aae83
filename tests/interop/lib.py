"""What the interop tests share: the programs of hopt, hyperopt's worker, a database of one's own."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

import pymongo

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HELPER = os.path.join(REPO, "examples", "hyperopt", "hyperopt_to_jsonl.py")
BIN = os.path.abspath(sys.argv[1])

# Every kind of distribution, nested and shared parameters, lists and constants of all kinds.
EVERY_KIND = {
    "c": {"_type": "choice", "_value": ["a", [1, 2], {"k": [1, {"z": None}]}, None, True, 3, 2.5]},
    "pc": {"_type": "pchoice", "_value": [
        [0.2, "é\u0001\"'\\q"],
        [0.3, {"_name": "in", "r": {"_type": "randint", "_value": [5]}}],
        [0.5, [{"_type": "uniform", "_value": [0, 1], "_label": "deep"}, [2, 3]]]]},
    "ri": {"_type": "randint", "_value": [7]},
    "ri2": {"_type": "randint", "_value": [-3, 4]},
    "ui": {"_type": "uniformint", "_value": [1, 8]},
    "u": {"_type": "uniform", "_value": [-5, 5]},
    "qu": {"_type": "quniform", "_value": [10, 300, 10]},
    "qu2": {"_type": "quniform", "_value": [0, 1, 0.25]},
    "lu": {"_type": "loguniform", "_value": [1e-5, 0.1]},
    "qlu": {"_type": "qloguniform", "_value": [16, 1024, 16]},
    "n": {"_type": "normal", "_value": [0, 1]},
    "qn": {"_type": "qnormal", "_value": [100, 20, 5]},
    "ln": {"_type": "lognormal", "_value": [-7, 2]},
    "qln": {"_type": "qlognormal", "_value": [4, 1, 8]},
    "model": {"_type": "choice", "_value": [
        {"_name": "mlp",
         "rate": {"_type": "loguniform", "_value": [0.0001, 1], "_label": "rate"},
         "deep": {"_type": "choice", "_label": "inner", "_value": [
             {"w": {"_type": "qnormal", "_value": [0, 1, 0.5], "_label": "w"}}, {"v": 7}]}},
        {"_name": "cnn",
         "rate": {"_type": "loguniform", "_value": [0.0001, 1], "_label": "rate"},
         "kernel": {"_type": "choice", "_value": [3, 5]},
         "list": [1, {"_type": "uniformint", "_value": [1, 3]}, [4]]},
        {"_name": "again", "inner": {"_type": "choice", "_label": "inner", "_value": [
            {"w": {"_type": "qnormal", "_value": [0, 1, 0.5], "_label": "w"}}, {"v": 7}]}}]},
    "const": {"list": [1, [2]], "x": {}},
    "empty": [],
    "text": "s",
}


def check(what, got, wanted):
    if not same(got, wanted):
        raise AssertionError("%s: wanted %r, got %r" % (what, wanted, got))


def same(a, b):
    """Equal, and of the same types (MongoDB's SON counts as a dict)."""
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(same(a[key], b[key]) for key in a)
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


class Test:
    """A folder, a database, and processes that end with it: `with Test("name") as test:`."""

    def __init__(self, name):
        self.name = name
        self.began = time.monotonic()
        self.processes = {}

    def __enter__(self):
        self.work = tempfile.mkdtemp(prefix="hopt-interop-%s." % self.name)
        os.chdir(self.work)
        sys.path.insert(0, self.work)
        server = urllib.parse.urlsplit(os.environ["HOPT_TEST_MONGO_URI"])
        self.database = "hopt_interop_%s_%d" % (self.name, os.getpid())
        self.store = "mongodb://%s/%s" % (server.netloc, self.database)
        self.host = "%s:%d" % (server.hostname, server.port)
        self.url = "mongo://%s/%s/jobs" % (self.host, self.database)
        self.client = pymongo.MongoClient(os.environ["HOPT_TEST_MONGO_URI"])
        self.jobs = self.client[self.database]["jobs"]
        return self

    def __exit__(self, kind, value, trace):
        for name in list(self.processes):
            self.stop(name, signal.SIGKILL)
        if kind:
            for log in sorted(os.listdir(self.work)):
                if log.endswith(".log"):
                    print("---- " + log)
                    print("".join(open(log, errors="replace").readlines()[-40:]))
        os.chdir("/")
        self.client.drop_database(self.database)
        shutil.rmtree(self.work, ignore_errors=True)
        self.say("failed" if kind else "passed")

    def say(self, text):
        print("%6.1f  %s" % (time.monotonic() - self.began, text), flush=True)

    # Programs.

    def run(self, *command, code=0, text=None):
        """Standard output of a program of BIN that ends with `code`."""
        command = [os.path.join(BIN, command[0])] + list(command[1:])
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=300,
                              stdin=None if text is not None else subprocess.DEVNULL)
        self.errors = done.stderr
        if done.returncode != code:
            raise AssertionError("exit %d instead of %d: %s\n%s"
                                 % (done.returncode, code, command, done.stderr))
        return done.stdout

    def hopt(self, *words, code=0, store=None, text=None):
        return self.run("hopt", *words, "--store", store or self.store, code=code, text=text)

    def trials(self, study, store=None):
        """Trials of hopt, by num."""
        lines = self.hopt("export", study, store=store).splitlines()
        return sorted(map(json.loads, lines), key=lambda trial: trial["num"])

    def start(self, name, *command):
        log = open(name + ".log", "ab")
        self.processes[name] = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def start_hopt(self, name, program, *words):
        more = ["--allow-root"] if program == "hopt-worker" else []
        self.start(name, os.path.join(BIN, program), "--store", self.store, *more, *words)

    def start_python_worker(self, name, *words):
        """hyperopt's own worker, in this Python; the modules here can be imported."""
        code = ("import sys; sys.path.insert(0, %r); sys.argv[0] = 'hyperopt-mongo-worker'; "
                "from hyperopt.mongoexp import main_worker; sys.exit(main_worker())" % self.work)
        self.start(name, sys.executable, "-c", code, "--mongo=%s/%s" % (self.host, self.database),
                   "--poll-interval=0.1", "--no-subprocesses", *words)

    def stop(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(how)
        return process.wait(timeout=240)

    def wait(self, seconds, what, condition):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("not within %d s: %s" % (seconds, what))
            time.sleep(0.1)

    def write(self, name, content):
        text = content if isinstance(content, str) else json.dumps(content)
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
