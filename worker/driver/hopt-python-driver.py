#!/usr/bin/env python3
"""Evaluates the trials of a Python driver for hopt-worker --python-driver.

hopt-worker starts it as a server (one process a slot) and speaks the child protocol with it: JSON
lines on standard input and output. A trial's line holds, in `params`, the trial's document as
MongoDB's canonical extended JSON and the path of a file with the pickled hyperopt Domain. What the
objective asks of the database (checkpoint, attachments) goes through hopt-worker: this process has
no access to it, see docs/adr/0012.

It needs hyperopt, and whatever the objective imports; not pymongo.
"""
import base64
import contextlib
import datetime
import json
import logging
import os
import sys
import traceback

INLINE_MAX = 8 << 10  # a longer document is handed over as a file
TEXT_MAX = 100_000  # of an error's message, in characters

try:
    import bson
    from bson import json_util
except ImportError:
    bson = json_util = None


def check():
    """Whether this Python can evaluate at all, before any trial is claimed."""
    try:
        import hyperopt.base  # noqa: F401
        import hyperopt.pyll  # noqa: F401
    except ImportError as error:
        print(
            f"hopt-worker: {sys.executable} can't import hyperopt: {error}\n"
            f"Install it there:  {sys.executable} -m pip install hyperopt 'setuptools<81'\n"
            "or name a Python that has it:  --python PATH",
            file=sys.stderr,
        )
        return 1
    return 0


# ---- extended JSON ----

EPOCH = datetime.datetime(1970, 1, 1)


def encode_int(value):
    if -(2**31) <= value < 2**31:
        return {"$numberInt": str(value)}
    if -(2**63) <= value < 2**63:
        return {"$numberLong": str(value)}
    raise OverflowError("MongoDB can only handle up to 8-byte ints")


def encode_float(value):
    if value != value:
        return {"$numberDouble": "NaN"}
    if value in (float("inf"), float("-inf")):
        return {"$numberDouble": "Infinity" if value > 0 else "-Infinity"}
    return {"$numberDouble": repr(float(value))}


def encode_date(value):
    if value.tzinfo is not None:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return {"$date": {"$numberLong": str((value - EPOCH) // datetime.timedelta(milliseconds=1))}}


def encode_key(key):
    if not isinstance(key, str):
        raise TypeError(f"a result's keys are strings, not {key!r}")
    if key.startswith("$") or "\0" in key:
        raise ValueError(f"a result's key may not begin with '$' or hold a NUL: {key!r}")
    return key


def encode(value):
    """As hyperopt's SONify and pymongo make BSON of it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        value.encode("utf-8")  # what is no text raises
        return value
    if isinstance(value, int):
        return encode_int(int(value))
    if isinstance(value, float):
        return encode_float(value)
    if isinstance(value, dict):
        return {encode_key(key): encode(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(member) for member in value]
    if isinstance(value, datetime.datetime):
        return encode_date(value)
    if isinstance(value, (bytes, bytearray)) and (bson is None or type(value) in (bytes, bytearray)):
        return {"$binary": {"base64": base64.b64encode(value).decode(), "subType": "00"}}
    if bson is not None and type(value).__module__.split(".")[0] == "bson":
        options = json_util.CANONICAL_JSON_OPTIONS
        return json.loads(json_util.dumps({"v": value}, json_options=options))["v"]
    return encode_numpy(value)


def encode_numpy(value):
    import numpy

    if isinstance(value, numpy.bool_):
        return bool(value)
    if isinstance(value, numpy.integer):
        return encode_int(int(value))
    if isinstance(value, numpy.floating):
        return encode_float(float(value))
    if isinstance(value, numpy.ndarray):
        return encode(value.tolist() if value.ndim else value.item())
    raise TypeError(f"a result can't hold a {type(value).__name__}: {value!r:.200}")


def decode_object(value):
    if len(value) != 1:
        return value
    ((key, content),) = value.items()
    if key in ("$numberInt", "$numberLong"):
        return int(content)
    if key == "$numberDouble":
        return float(content)
    if key == "$date":
        return EPOCH + datetime.timedelta(milliseconds=content)
    if key == "$oid":
        return bson.ObjectId(content) if bson else content
    if key == "$binary" and content.get("subType") == "00":
        return base64.b64decode(content["base64"])
    if key.startswith("$") and json_util:
        return json_util.object_hook(value)
    return value


def decode(text):
    return json.loads(text, object_hook=decode_object)


def clean(text):
    """What any JSON reader takes: no NUL, no half of a character, not too long."""
    text = text.replace("\0", "?").encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + "..."


# ---- the line to hopt-worker ----


class Link:
    """Takes over the protocol's descriptors; the objective's own prints are the trial's log, and
    its standard input is empty."""

    def __init__(self):
        self.lines = os.fdopen(os.dup(0), "r", encoding="utf-8")
        self.out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdout.reconfigure(line_buffering=True)
        self.folder = None  # of the running trial
        self.files = 0

    def send(self, message):
        self.out.write(json.dumps(message) + "\n")
        self.out.flush()

    def receive(self):
        line = self.lines.readline()
        return json.loads(line) if line else None

    def ask(self, kind, **what):
        self.send({"ask": {kind: what}})
        while True:
            message = self.receive()
            if message is None:
                os._exit(1)  # the worker is gone, and so is the trial
            if "answer" in message:
                break
        answer = message["answer"]
        if "error" in answer:
            raise RuntimeError(f"{kind}: {answer['error']}")
        return answer

    def new_file(self):
        self.files += 1
        return f"hopt-{os.getpid()}-{self.files}"

    @contextlib.contextmanager
    def file_with(self, data):
        name = self.new_file()
        path = os.path.join(self.folder, name)
        try:
            with open(path, "wb") as file:
                file.write(data)
            yield name
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def give_document(self, kind, text):
        """checkpoint or result: a short one in the message itself."""
        if len(text) <= INLINE_MAX:
            return self.ask(kind, document=text)
        with self.file_with(text.encode()) as name:
            return self.ask(kind, file=name)


# ---- what the objective sees ----


def to_bytes(value):
    if isinstance(value, str):
        return value.encode("utf-8")
    if hasattr(value, "read"):
        return to_bytes(value.read())
    return bytes(value)


class Attachments:
    """ctrl.attachments (of the trial) and ctrl.trials.attachments (of the experiment)."""

    def __init__(self, link, of):
        self._link = link
        self._of = of

    def __getitem__(self, name):
        link = self._link
        target = link.new_file()
        if not link.ask("fetch", name=name, file=target, of=self._of)["found"]:
            raise KeyError(name)
        path = os.path.join(link.folder, target)
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        return data

    def __setitem__(self, name, value):
        with self._link.file_with(to_bytes(value)) as file:
            self._link.ask("attach", name=name, file=file, of=self._of)

    def __delitem__(self, name):
        raise NotImplementedError("delete an attachment")

    def keys(self):
        return self._link.ask("list", of=self._of)["names"]

    def __contains__(self, name):
        return name in self.keys()

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self.keys())

    def values(self):
        return [self[name] for name in self.keys()]

    def items(self):
        return [(name, self[name]) for name in self.keys()]


class Experiment:
    """What ctrl.trials can do here: attachments. Other trials are the driver's."""

    def __init__(self, link, trial):
        self._link = link
        self._trial = trial
        self._exp_key = trial.get("exp_key")

    @property
    def attachments(self):
        return Attachments(self._link, "experiment")

    def trial_attachments(self, trial):
        if trial.get("tid") != self._trial["tid"]:
            raise NotImplementedError("attachments of another trial")
        return Attachments(self._link, "trial")


def make_ctrl(link, trial):
    from hyperopt.base import Ctrl

    class DriverCtrl(Ctrl):
        def __init__(self):
            self.trials = Experiment(link, trial)
            self.current_trial = trial

        def checkpoint(self, result=None):
            if result is None:
                link.ask("checkpoint")
                return
            link.give_document("checkpoint", json.dumps(encode(result)))
            trial["result"] = result

        @property
        def attachments(self):
            return Attachments(link, "trial")

        def inject_results(self, specs, results, miscs, new_tids=None):
            raise NotImplementedError("hopt-worker can't inject results of other trials")

    return DriverCtrl()


# ---- trials ----


class Domains:
    """The last pickled Domain, loaded once."""

    def __init__(self):
        self.path = self.domain = None

    def get(self, path):
        import pickle

        if path != self.path:
            with open(path, "rb") as file:
                domain = pickle.load(file)
            self.path, self.domain = path, domain
        return self.domain


@contextlib.contextmanager
def working_in(trial, scratch):
    """The driver's workdir, when it named one, as hyperopt-mongo-worker makes it; else scratch."""
    base = trial["misc"].get("workdir")
    folder = scratch
    if base:
        if ".." in base.split(os.sep):
            raise ValueError(f"workdir {base!r}: refused for its '..'")
        folder = os.path.abspath(os.path.expanduser(os.path.join(base, str(trial["_id"]))))
        os.makedirs(folder, exist_ok=True)
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(link, domains, line):
    """Evaluates one trial. Returns its result as a dictionary, and as extended JSON."""
    from hyperopt.base import spec_from_misc

    params = line["params"]
    trial = decode(params["document"])
    evaluate = domains.get(params["domain"]).evaluate
    ctrl = make_ctrl(link, trial)
    with working_in(trial, link.folder):
        result = evaluate(spec_from_misc(trial["misc"]), ctrl)
    for name, value in result.pop("attachments", {}).items():
        ctrl.attachments[name] = value
    return result, json.dumps(encode(result))


def loss_of(result):
    try:
        return float(result["loss"])
    except (KeyError, TypeError, ValueError):
        return None


def serve_one(link, domains, line):
    link.folder = line["workdir"]
    try:
        result, text = run(link, domains, line)
        # For hopt-worker's own log; what is stored is the document.
        message = {"status": "ok" if result.get("status") == "ok" else "fail"}
        loss = loss_of(result)
        if loss is not None:
            message["loss"] = loss
        elif message["status"] == "ok":
            message["status"] = "fail"
        if len(text) <= INLINE_MAX:
            message["document"] = text
        else:
            link.give_document("result", text)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too, as hyperopt's worker
        traceback.print_exc()
        sys.stderr.flush()
        link.send({"error": {"type": clean(str(type(error))), "message": clean(str(error))}})
        return
    finally:
        sys.stdout.flush()
    link.send({"result": message})


def main():
    if sys.argv[1:] == ["--check"]:
        return check()
    # Modules beside the worker's working directory, not beside this file.
    sys.path[0] = os.getcwd()
    link = Link()
    if check():
        return 1
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    domains = Domains()
    link.send({"ready": True})
    while True:
        line = link.receive()
        if line is None:
            return 0
        if "hopt" in line:
            serve_one(link, domains, line)


if __name__ == "__main__":
    sys.exit(main())
