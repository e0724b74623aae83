"""Runs what docs/mongodb.md shows on a study in a real MongoDB: the queries for mongosh (read as
JSON, since mongosh is in no package), the Python block, and hyperopt's view of the study.

usage: docs_mongo.py BIN    with HOPT_TEST_MONGO_URI; needs pymongo < 4 and hyperopt 0.3.0
"""
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import pymongo

BIN = sys.argv[1]
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
URI = os.environ["HOPT_TEST_MONGO_URI"].rstrip("/")
DATABASE = "hopt_docs_%d" % os.getpid()
STORE = "%s/%s" % (URI, DATABASE)
TRIALS = 24

# A command that fails for some parameters and has an error for one trial.
STUDY = {
    "name": "digits",
    "space": {
        "model": {"_type": "choice", "_value": [
            {"_name": "svm", "C": {"_type": "loguniform", "_value": [0.001, 1000]}},
            {"_name": "forest", "trees": {"_type": "quniform", "_value": [10, 300, 10]}}]}},
    "objective": {"command": [
        "sh", "-c",
        "[ $HOPT_TRIAL != 7 ] || exit 3; echo \"{{\\\"loss\\\": 0.$((90 - HOPT_TRIAL)), \\\"accuracy\\\": 0.5}}\""]},
    "sampler": {"name": "random", "seed": 1},
    "stop": {"max_trials": TRIALS},
}


def page():
    with open(os.path.join(ROOT, "docs", "mongodb.md"), encoding="utf-8") as file:
        text = file.read()
    return [(kind, body) for kind, body in re.findall(r"^```(\w+)\n(.*?)^```", text, re.M | re.S)]


def from_shell(text):
    """A literal of the mongo shell as Python's value: names as keys get their quotes."""
    text = re.sub(r"\bdone\b", '{"exp_key": "digits", "state": 2, "result.status": "ok"}', text)
    strings = []

    def keep(match):
        strings.append(match.group(0))
        return "\0%d\0" % (len(strings) - 1)

    text = re.sub(r'"[^"]*"', keep, text)
    text = re.sub(r"([{,]\s*)([$\w]+)\s*:", r'\1"\2":', text)
    text = re.sub("\0(\\d+)\0", lambda match: strings[int(match.group(1))], text)
    return json.loads("[" + text + "]")


def calls(text):
    """db.COLLECTION.METHOD(...)[.sort(...)][.limit(...)] of a block, with their arguments."""
    text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
    for statement in re.split(r"\n\s*\n", text):
        match = re.search(r"db\.(\w+)\.(\w+)\((.*)\)\s*$", statement.strip(), re.S)
        if not match:
            continue
        collection, method, rest = match.groups()
        parts = re.split(r"\)\.(sort|limit)\(", rest)
        chain = [(method, from_shell(parts[0]))]
        chain += [(parts[i], from_shell(parts[i + 1])) for i in range(1, len(parts), 2)]
        yield collection, chain


def run_query(database, collection, chain):
    method, arguments = chain[0]
    method = {"findOne": "find_one"}.get(method, method)
    result = getattr(database[collection], method)(*arguments)
    for name, arguments in chain[1:]:
        if name == "sort":
            result = result.sort(list(arguments[0].items()))
        else:
            result = result.limit(*arguments)
    return result if isinstance(result, dict) else list(result)


def evaluate():
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "study.json")
        with open(file, "w", encoding="utf-8") as out:
            json.dump(STUDY, out)
        command = [os.path.join(BIN, "hopt"), "run", file, "--store", STORE, "-j", "2", "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def check_shell(database, blocks):
    queries = [one for kind, body in blocks if kind == "js" for one in calls(body)]
    assert len(queries) == 7, "%d queries found" % len(queries)
    answers = [run_query(database, *one) for one in queries]
    best, states, models, within, errors, running, study = answers
    assert len(best) == 5 and best[0]["result"]["loss"] <= best[1]["result"]["loss"], best
    assert {row["_id"]: row["n"] for row in states} == {2: TRIALS - 1, 3: 1}, states
    assert {row["_id"] for row in models} == {"svm", "forest"}, models
    assert sum(row["n"] for row in models) == TRIALS - 1, models
    assert within and all(1 < t["misc"]["vals"]["model/svm/C"][0] < 10 for t in within), within
    assert errors == [{"_id": "Exit", "n": 1}], errors
    assert running == [], running
    assert study["state"] == "done" and study["reason"] == "max_trials", study


def check_python(blocks):
    script = [body for kind, body in blocks if kind == "python" and "pymongo" in body][0]
    script = script.replace("mongodb://db.example/", URI).replace('["hopt"]["jobs"]',
                                                                  '["%s"]["jobs"]' % DATABASE)
    names = {}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(script, "docs/mongodb.md", "exec"), names)
    assert len(out.getvalue().splitlines()) == 5, out.getvalue()
    assert len(names["rows"]) == TRIALS - 1
    assert set(names["rows"][0]) == {"num", "loss", "model", "model/svm/C", "model/forest/trees"}


def check_document(database, blocks):
    """The fields of a trial are those that the page names, and no others."""
    text = [body for kind, body in blocks if kind == "js" and "_id: ObjectId" in body][0]
    text = re.sub(r'//.*$|"[^"]*"', "", text, flags=re.M)
    for trial in database.jobs.find({"state": 2}):
        for key in list(trial) + list(trial["hopt"]) + list(trial["misc"]):
            assert re.search(r"\b%s:" % key, text), "docs/mongodb.md does not name %s" % key
        named = set(re.findall(r"\b(\w+):", text))
        inside = set(trial) | set(trial["hopt"]) | set(trial["misc"]) | set(trial["result"])
        missing = named - inside - {"_name", "C", "model", "view"}
        assert not missing, "a trial has no %s" % missing
    # The first proposal names the sampler, so one at least has a view; most have none.
    assert 0 < database.jobs.count_documents({"hopt.view": {"$exists": True}}) < TRIALS / 2


def check_hyperopt(blocks):
    script = [body for kind, body in blocks if kind == "python" and "MongoTrials" in body][0]
    host = re.sub(r"^mongodb://", "", URI).split("/")[0]
    script = script.replace("mongo://db.example:27017/hopt/jobs", "mongo://%s/%s/jobs" % (host, DATABASE))
    names = {}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(script, "docs/mongodb.md", "exec"), names)
    trials = names["trials"]
    # Error trials are left out by hyperopt itself.
    losses = [loss for loss in trials.losses() if loss is not None]
    assert len(losses) == TRIALS - 1, losses
    assert trials.best_trial["result"]["loss"] == min(losses)


def main():
    client = pymongo.MongoClient(URI)
    blocks = page()
    try:
        evaluate()
        database = client[DATABASE]
        check_shell(database, blocks)
        check_document(database, blocks)
        check_python(blocks)
        check_hyperopt(blocks)
    finally:
        for _ in range(3):
            try:
                client.drop_database(DATABASE)
                break
            except pymongo.errors.PyMongoError:
                time.sleep(1)
    print("docs/mongodb.md: ok")


main()
