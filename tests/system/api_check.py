"""api_check.py URL HOPT: every answer of the API beside that of the command line (HOPT_STORE)."""
import json
import subprocess
import sys
import urllib.error
import urllib.request

url, hopt = sys.argv[1:]


def get(path, status=200):
    try:
        with urllib.request.urlopen(url + "/api/v1/" + path) as answer:
            got, kind, body = answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        got, kind, body = error.code, error.headers["Content-Type"], error.read()
    assert got == status, (path, got, body)
    assert kind == "application/json", (path, kind)
    value = json.loads(body)
    assert got == 200 or set(value["error"]) == {"code", "message"}, value
    return value


def run(*arguments):
    out = subprocess.run([hopt, *arguments], check=True, stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in out.splitlines()]


shown = run("study", "list", "--json")
assert get("studies") == {"studies": shown} and len(shown) == 2
assert get("studies/api") == run("study", "show", "api", "--json")[0]
assert get("studies/api/best") == run("best", "api", "--json")[0]
trials = run("trials", "list", "api", "--json", "--limit", "0", "--after", "-1")
assert [t["num"] for t in trials] == list(range(12))
assert get("studies/api/trials") == {"trials": trials, "next": None}
assert get("studies/api/trials?after=-1&limit=12") == {"trials": trials, "next": 11}
assert get("studies/api/trials?after=11") == {"trials": [], "next": None}
paged, after = [], -1
while after is not None:
    page = get(f"studies/api/trials?after={after}&limit=5")
    paged += page["trials"]
    after = page["next"]
assert paged == trials
errors = get("studies/api/trials?state=error")["trials"]
assert [t["num"] for t in errors] == [3] and "exit code 7" in json.dumps(errors), errors
assert get("studies/api/trials?state=done&limit=1&after=2")["trials"][0]["num"] == 4
for trial in trials:
    num = trial["num"]
    assert get(f"studies/api/trials/{num}") == trial
    log = get(f"studies/api/trials/{num}/log")
    assert log["head"].startswith(f'trial {num} of <b>"this"</b>\nnoise \x01\ufffd\n'), log
    assert log["lease"] == 1
    reports = get(f"studies/api/trials/{num}/reports")
    wanted = [] if num == 3 else [-1.5, -2.5, -3.5]
    assert reports["losses"] == wanted and len(reports["steps"]) == len(wanted), reports
workers = get("workers")["workers"]
assert [w["slots"] for w in workers] == [2] and workers[0]["alive"] is True, workers

# Nothing of the kind.
for path in ("", "study", "studies/", "studies/none", "studies/none/trials", "studies/none/best",
             "studies/none/trials/1", "studies/api/", "studies/api/x", "studies/api/trials/",
             "studies/api/trials/12", "studies/api/trials/-1", "studies/api/trials/1x",
             "studies/api/trials/1/", "studies/api/trials/1/x", "studies/api/trials/99999999999",
             "studies/api/trials/12/log", "studies/other.study/best", "studies/a%2Fb",
             "studies/" + "a" * 65, "studies/%00", "workers/x", "studies/api/best/x"):
    get(path, 404)
for query in ("after=x", "after=-2", "after=", "limit=0", "limit=1001", "limit=-1", "limit=1x",
              "state=lost", "state=", "limit=99999999999999999999"):
    get("studies/api/trials?" + query, 400)
print("api: as the command line says")
