"""A tracking server for tests of faults: fake.py PORT-FILE MODE-FILE. What MLflow checks it checks,
but it appends every point that is sent, as MLflow's file store does. The first word of MODE-FILE:
ok, html, moved, 401, 403, 404, 500, 200 (no JSON), hang, cut (does what it is asked and then often
closes the connection instead of answering), token (wants "Bearer secret-token")."""
import http.server
import json
import os
import random
import re
import socketserver
import sys
import threading
import time
import urllib.parse
import uuid

lock = threading.Lock()
experiments, runs, artifacts = {}, {}, {}
chance = random.Random(1)
KEY = re.compile(r"^[/\w.\- ]+$", re.ASCII)


class Refused(Exception):
    def __init__(self, code, name, message=""):
        self.code, self.body = code, {"error_code": name, "message": message}


def invalid(message):
    return Refused(400, "INVALID_PARAMETER_VALUE", message)


def shown(run):
    latest = {}
    for metric in run["metrics"]:
        old = latest.get(metric["key"])
        if not old or metric["step"] >= old["step"]:
            latest[metric["key"]] = metric
    listed = lambda items: [{"key": key, "value": value} for key, value in items.items()]
    return {"info": run["info"], "data": {"metrics": list(latest.values()),
                                          "params": listed(run["params"]),
                                          "tags": listed(run["tags"])}}


def find_run(run_id):
    if run_id not in runs:
        raise Refused(404, "RESOURCE_DOES_NOT_EXIST", "Run '%s' not found" % run_id)
    return runs[run_id]


def check_key(key):
    import posixpath
    clean = posixpath.normpath(key)
    if not KEY.match(key) or len(key) > 250 or clean != key or clean in (".", "..") or \
            clean.startswith(("/", "..")):
        raise invalid("Invalid key %r" % key)


def set_tags(run, tags):
    for tag in tags:
        check_key(tag["key"])
        if len(tag["value"]) > 8000:
            raise invalid("tag too long")
        run["tags"][tag["key"]] = tag["value"]


def create_run(body):
    if body["experiment_id"] not in experiments.values():
        raise Refused(404, "RESOURCE_DOES_NOT_EXIST", "no such experiment")
    run_id = uuid.uuid4().hex
    info = {"run_id": run_id, "run_name": body["run_name"], "experiment_id": body["experiment_id"],
            "status": "RUNNING", "start_time": body["start_time"], "lifecycle_stage": "active"}
    runs[run_id] = {"info": info, "metrics": [], "params": {}, "tags": {}}
    set_tags(runs[run_id], body["tags"])
    return {"run": shown(runs[run_id])}


def log_batch(body):
    run = find_run(body["run_id"])
    metrics, params, tags = body["metrics"], body["params"], body["tags"]
    if len(metrics) > 1000 or len(params) > 100 or len(tags) > 100 or \
            len(metrics) + len(params) + len(tags) > 1000:
        raise invalid("too much in a batch")
    for metric in metrics:
        check_key(metric["key"])
        float(metric["value"])
        if not isinstance(metric["step"], int) or not isinstance(metric["timestamp"], int):
            raise invalid("bad metric")
    for param in params:
        check_key(param["key"])
        if run["params"].get(param["key"], param["value"]) != param["value"]:
            raise invalid("Changing param values is not allowed")
    set_tags(run, tags)
    run["params"].update((param["key"], param["value"]) for param in params)
    run["metrics"] += metrics
    return {}


def search(body):
    found = []
    wanted = re.findall(r"tags\.`([^`]+)` = '([^']*)'", body["filter"])
    for run in runs.values():
        if all(run["tags"].get(key) == value for key, value in wanted):
            found.append(shown(run))
    return {"runs": found[:body["max_results"]]} if found else {}


def answer(method, path, query, body):
    if path == "experiments/get-by-name":
        name = query["experiment_name"]
        if name not in experiments:
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", "no such experiment")
        return {"experiment": {"experiment_id": experiments[name], "name": name,
                               "lifecycle_stage": "active"}}
    if path == "experiments/create":
        if body["name"] in experiments:
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", "it exists")
        experiments[body["name"]] = str(len(experiments) + 1)
        return {"experiment_id": experiments[body["name"]]}
    if path == "runs/create":
        return create_run(body)
    if path == "runs/log-batch":
        return log_batch(body)
    if path == "runs/update":
        info = find_run(body["run_id"])["info"]
        info["status"] = body["status"]
        info["end_time"] = body.get("end_time")
        return {}
    if path == "runs/search":
        return search(body)
    if path == "runs/get":
        return {"run": shown(find_run(query["run_id"]))}
    if path == "metrics/get-history":
        # Two points a page, so that pages are turned.
        points = [m for m in find_run(query["run_id"])["metrics"] if m["key"] == query["metric_key"]]
        at = int(query.get("page_token") or 0)
        size = min(int(query["max_results"]), 10000 if "page_token" not in query and
                   int(query["max_results"]) == 10000 else 2)
        reply = {"metrics": points[at:at + size]}
        if at + size < len(points):
            reply["next_page_token"] = str(at + size)
        return reply
    raise Refused(404, "ENDPOINT_NOT_FOUND", path)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, code, body, kind="application/json", **headers):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def faulty(self, mode):
        page = "<!DOCTYPE html><html><title>Proxy</title></html>"
        if mode == "html":
            self.reply(200, page, "text/html")
        elif mode == "moved":
            self.reply(302, page, "text/html", Location="http://127.0.0.1:9/login")
        elif mode == "401":
            self.reply(401, "You are not authenticated.", "text/plain")
        elif mode == "403":
            self.reply(403, "Invalid Host header", "text/plain")
        elif mode == "404":
            self.reply(404, page, "text/html")
        elif mode == "500":
            self.reply(500, json.dumps({"error_code": "INTERNAL_ERROR", "message":
                                        "database or disk is full"}))
        elif mode == "200":
            self.reply(200, "OK", "text/plain")
        elif mode == "token" and self.headers.get("Authorization") != "Bearer secret-token":
            self.reply(401, "wrong token", "text/plain")
        else:
            return False
        return True

    def hang(self):
        while open(sys.argv[2]).read().split()[0] == "hang":
            time.sleep(0.1)
        self.close_connection = True

    def handle_one(self, method):
        length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length)
        mode = open(sys.argv[2]).read().split()[0]
        test = self.headers.get("User-Agent", "").startswith("Python")
        if not test and mode == "hang":
            return self.hang()
        if not test and self.faulty(mode):
            return None
        url = urllib.parse.urlparse(self.path)
        query = {key: value[0] for key, value in urllib.parse.parse_qs(url.query).items()}
        with lock:
            code, body = self.act(method, url.path, query, data)
            cut = not test and mode == "cut" and method != "GET" and chance.random() < 0.4
        if cut:
            self.close_connection = True
            return None
        return self.reply(code, body)

    def act(self, method, path, query, data):
        files = "/api/2.0/mlflow-artifacts/artifacts/"
        if path.startswith(files):
            name = path[len(files):]
            if method == "PUT":
                artifacts[name] = data
                return 200, ""
            return (200, artifacts[name]) if name in artifacts else (404, "{}")
        try:
            body = json.loads(data) if data else None
            return 200, json.dumps(answer(method, path.split("/mlflow/")[1], query, body))
        except Refused as refused:
            return refused.code, json.dumps(refused.body)

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")

    def do_PUT(self):
        self.handle_one("PUT")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
