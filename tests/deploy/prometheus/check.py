"""Dashboard, rules and a running Prometheus against what the programs really show.

  names SCRAPE...         every metric in dashboard and rules is in one of these /metrics texts, and
                          the dashboard's form is right
  queries URL             every query of dashboard and rules has an answer there
  rules URL               the server has the rules, and evaluates them
  value URL QUERY         the one value of an instant query
"""
import json
import pathlib
import re
import sys
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
DASHBOARD = json.loads((ROOT / "deploy/grafana/hopt.json").read_text())
RULES = (ROOT / "deploy/prometheus/hopt.rules.yml").read_text()
KEPT_BY_PROMETHEUS = {"up", "ALERTS"}
# Nothing went wrong: no series, or only comparisons that hold for none.
MAY_BE_EMPTY = re.compile(r"errors_total.*> 0$|hopt_leading\) == 0$")


def panels():
    return [p for p in DASHBOARD["panels"] if p["type"] != "row"]


def dashboard_queries():
    return [t["expr"] for p in panels() for t in p["targets"]]


def rule_queries():
    """The rules' expr members: on the line, or folded below it."""
    found = []
    for match in re.finditer(r"^( *)(?:- )?expr: *(.*)((?:\n\1 {2,}.*)*)", RULES, re.M):
        first, rest = match.group(2), " ".join(match.group(3).split())
        found.append(rest if first in (">-", "|", ">") else first)
    assert len(found) == len(re.findall(r"- alert:", RULES)), found
    return found


def names_in(query):
    query = re.sub(r'"[^"]*"', "", query)
    query = re.sub(r"\b(by|on|ignoring|without) *\([^)]*\)", "", query)
    query = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\boffset +\w+", "", query)
    return set(re.findall(r"\b[a-zA-Z_][a-zA-Z0-9_]*\b(?! *\()", query)) - {"or", "and", "unless"}


def shown(texts):
    names = set()
    for text in texts:
        for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M):
            ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            names |= {name + end for end in ends}
    return names


def check_dashboard():
    ids = [p["id"] for p in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids)), "two panels have one id"
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] and at["x"] + at["w"] <= 24, panel["title"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, f"{panel['title']}: on top of another panel"
        taken |= cells
    known = {v["name"] for v in DASHBOARD["templating"]["list"]} | {"__rate_interval"}
    for panel in panels():
        refs = [t["refId"] for t in panel["targets"]]
        assert panel["title"] and len(refs) == len(set(refs)), panel["title"]
        assert panel["type"] in ("stat", "timeseries", "table"), panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]
            used = set(re.findall(r"\$\{?(\w+)", target["expr"]))
            assert used <= known, f"{panel['title']}: {used - known}"


def check_names(files):
    real = shown(pathlib.Path(f).read_text() for f in files) | KEPT_BY_PROMETHEUS
    queries = dashboard_queries() + rule_queries()
    used = set().union(*map(names_in, queries))
    assert len(used) > 12, used
    assert used <= real, f"no such metrics: {sorted(used - real)}"
    # That the check sees a wrong name.
    assert names_in('sum by (op) (rate(hopt_wrong_total{op="x"}[5m] offset 1h)) > 0') == {
        "hopt_wrong_total"}
    print(f"{len(queries)} queries, {len(used)} metrics, all there")


def ask(url, path, **query):
    with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(query)}") as answer:
        value = json.load(answer)
    assert value["status"] == "success", value
    return value["data"]


def check_queries(url):
    # As Grafana fills them in, for so young a server.
    for query in dashboard_queries():
        filled = query.replace("$__rate_interval", "1m").replace("$study", ".*")
        result = ask(url, "/api/v1/query", query=filled)["result"]
        values = [float(r["value"][1]) for r in result]
        print(f"{len(values):4d} {min(values, default=0):12.6g} {max(values, default=0):12.6g}  {query}")
        assert values or MAY_BE_EMPTY.search(query), f"no data: {filled}"
    for query in rule_queries():
        ask(url, "/api/v1/query", query=query)


def check_rules(url):
    groups = ask(url, "/api/v1/rules")["groups"]
    rules = [r for g in groups for r in g["rules"]]
    assert len(rules) == len(rule_queries()), rules
    bad = [r for r in rules if r["health"] != "ok"]
    assert not bad, bad


def main():
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "names":
        check_dashboard()
        check_names(rest)
    elif what == "queries":
        check_queries(rest[0])
    elif what == "rules":
        check_rules(rest[0])
    elif what == "value":
        result = ask(rest[0], "/api/v1/query", query=rest[1])["result"]
        print(" ".join(r["value"][1] for r in result))
    else:
        sys.exit(__doc__)


main()
