#!/usr/bin/env python3
"""Documents put into a store by hand, wrong in every way: malformed.py sqlite|mongo URI N SEED VICTIM

Takes what is in the store (of the study VICTIM, whose own documents may be overwritten; all else is
only added to) as models, changes each copy at one to four places drawn from SEED, and puts N of
them in. For MongoDB it prints nothing and feeds mongo_tool (HOPT_BIN).
"""
import copy
import json
import os
import random
import sqlite3
import subprocess
import sys

# How often each is drawn. Few studies: most of them are sound enough to be worked on.
COLLECTIONS = {"jobs": 70, "hopt_studies": 2, "hopt_workers": 10, "hopt_reports": 5, "hopt_logs": 5,
               "fs.files": 5, "fs.chunks": 5}  # fmt: skip
TABLES = {"trial": 70, "study": 2, "worker": 10, "report": 5, "log": 5, "attachment": 5}


def deep(levels, leaf=0):
    """A document as deep as a store takes it."""
    value = leaf
    for _ in range(levels):
        value = {"a": value}
    return value


PLAIN = [
    None, True, False, 0, 1, 2, 3, 4, 5, -1, 99, 2**31 - 1, 2**31, -(2**31), 2**53 + 1, 2**63 - 1,
    -(2**63), 0.5, 1e308, -1e-308, "", "x", "new", "hopt", "ok", "\u0001\u001b[31m\u007f", "\u202e",
    "a" * 5000, "%s%n%d", "../../etc/passwd", "{", '{"a":', "é" * 300, [], [[]], {}, [None], ["hopt"],
    [{}], {"a": []}, [1, "x", None], list(range(300)), deep(60), {"$x": 1}, {"": 0},
    ["hopt", "command"], ["host:1:0123abcd"], {"status": "ok"}, {"status": "ok", "loss": "x"},
]  # fmt: skip
MONGO_ONLY = [
    {"$numberDouble": "NaN"}, {"$numberDouble": "Infinity"}, {"$numberDecimal": "1.5"},
    {"$oid": "0123456789abcdef01234567"}, {"$date": {"$numberLong": "-99999999999999"}},
    {"$date": {"$numberLong": "9223372036854775807"}}, {"$binary": {"base64": "", "subType": "00"}},
    {"$binary": {"base64": "AAECAwQFBgcI", "subType": "00"}}, {"$minKey": 1}, {"$maxKey": 1},
    {"$timestamp": {"t": 1, "i": 1}}, {"$regularExpression": {"pattern": "x", "options": ""}},
    {"$undefined": True},
]  # fmt: skip


def places(value, path=()):
    """Every path below a value, except below extended JSON's own {"$...": ...}."""
    found = []
    items = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    for key, child in items:
        if isinstance(key, str) and key.startswith("$"):
            return []
        found.append(path + (key,))
        found += places(child, path + (key,))
    return found


def reach(value, path):
    for key in path:
        value = value[key]
    return value


def damage(rng, doc, junk):
    """One change: another value, a missing member, one too many, another name."""
    paths = places(doc)
    if not paths:
        return
    path = rng.choice(paths)
    parent, key = reach(doc, path[:-1]), path[-1]
    how = rng.randrange(8)
    if how < 5:
        parent[key] = copy.deepcopy(rng.choice(junk))
    elif how == 5:
        del parent[key]
    elif how == 6 and isinstance(parent, dict):
        parent[rng.choice(["a", "é", key + "x", "state", "hopt", "loss"])] = parent.pop(key)
    elif isinstance(parent, list):
        parent.append(copy.deepcopy(rng.choice(junk)))
    else:
        parent["more"] = copy.deepcopy(rng.choice(junk))


def storable(doc):
    """Whether a server could take it at all: names of members."""
    if isinstance(doc, dict):
        if any(k.startswith("$") for k in doc) and len(doc) > 2:
            return False
        return all("\0" not in k and storable(v) for k, v in doc.items())
    return all(storable(v) for v in doc) if isinstance(doc, list) else True


# ---- MongoDB ----


def tool(uri, *args, **how):
    done = subprocess.run([f"{os.environ['HOPT_BIN']}/mongo_tool", uri, *args],
                          stdout=subprocess.PIPE, check=True, timeout=600, **how)  # fmt: skip
    return done.stdout.decode()


def new_id(rng, old, collection, victim):
    """A place of its own, one that programs look at, or one that is taken."""
    if collection == "hopt_studies":
        return f"{victim}-{rng.randrange(1 << 30)}"
    if collection == "hopt_workers":
        return f"host:{rng.randrange(1 << 20)}:{rng.randrange(1 << 32):08x}"
    how = rng.randrange(4)
    if how == 0 or not (isinstance(old, dict) and "$oid" in old):
        return {"$oid": f"{rng.randrange(1 << 96):024x}"}
    if how == 1:
        return copy.deepcopy(rng.choice([1, "x", 0.5, {"a": 1}, {"$oid": "0" * 24}]))
    # A slot of the study: beyond its last one, or any.
    return {"$oid": old["$oid"][:18] + f"{rng.randrange(1 << (24 if how == 2 else 9)):06x}"}


def mongo(uri, count, rng, victim):
    junk = PLAIN + MONGO_ONLY
    models = {}
    for collection in COLLECTIONS:
        wanted = {"exp_key": victim} if collection == "jobs" else {}
        lines = tool(uri, "find", collection, json.dumps(wanted)).splitlines()
        models[collection] = [json.loads(line) for line in lines] or [{"_id": 1, "a": {"b": [1]}}]
    made = {collection: [] for collection in COLLECTIONS}
    for _ in range(count):
        collection = rng.choices(list(COLLECTIONS), list(COLLECTIONS.values()))[0]
        model = rng.choice(models[collection])
        doc = copy.deepcopy(model)
        for _ in range(rng.randint(1, 4)):
            damage(rng, doc, junk)
        doc["_id"] = new_id(rng, model.get("_id"), collection, victim)
        if collection == "jobs" and doc.get("exp_key") != victim and rng.random() < 0.5:
            doc["exp_key"] = victim
        if storable(doc):
            made[collection].append(doc)
    for collection, docs in made.items():
        text = "".join(json.dumps(doc) + "\n" for doc in docs)
        print(collection, tool(uri, "insert", collection, input=text.encode()).strip())


# ---- SQLite ----


def junk_text(rng, text):
    """A document's text, damaged as JSON or as text."""
    how = rng.randrange(6)
    if how == 0:
        return rng.choice(["", "{", "[]", "null", "x", "\0", '{"a":1}{', "{}", b"\xff\xfe", None, 7])
    if how == 1:
        at = rng.randrange(len(text) + 1)
        return text[:at]
    try:
        doc = json.loads(text)
    except ValueError:
        return text[::-1]
    for _ in range(rng.randint(1, 4)):
        damage(rng, doc, PLAIN)
    return json.dumps(doc)


def sqlite(path, count, rng, victim):
    base = sqlite3.connect(path, timeout=60, isolation_level=None)
    base.execute("PRAGMA ignore_check_constraints=1")
    base.execute("PRAGMA foreign_keys=0")
    tables = {}
    for table in ("study", "trial", "report", "log", "attachment", "worker"):
        columns = [row[1] for row in base.execute(f"PRAGMA table_info({table})")]
        where = " WHERE study=?" if table == "trial" else " WHERE name=?" if table == "study" else ""
        rows = base.execute(f"SELECT * FROM {table}{where}", (victim,) if where else ()).fetchall()
        tables[table] = (columns, rows or [tuple("x" for _ in columns)])
    base.execute("BEGIN IMMEDIATE")
    put = dict.fromkeys(tables, 0)
    plain = [x for x in PLAIN if not isinstance(x, (dict, list))] + [b"", b"\xff\0\xff", b"x" * 12]
    for i in range(count):
        table = rng.choices(list(TABLES), list(TABLES.values()))[0]
        columns, rows = tables[table]
        row = dict(zip(columns, rng.choice(rows)))
        if table == "trial":  # a slot of its own, mostly
            row["num"] = row["tid"] = 1000 + i
            row["id"] = row["id"][:9] + (1000 + i).to_bytes(3, "big")
            row["tid"] += 1 << 40
            row["state"] = rng.randrange(5)
        if table in ("study", "worker"):
            row[columns[0]] = f"{victim}-{i}" if table == "study" else f"host:{i}:{i:08x}"
        for _ in range(rng.randint(1, 3)):
            column = rng.choice(columns)
            if column == "doc":
                row[column] = junk_text(rng, str(row[column]))
            elif not (table == "study" and column == "name"):
                row[column] = rng.choice(plain)
        marks = ",".join("?" * len(columns))
        try:
            done = base.execute(f"INSERT OR IGNORE INTO {table} VALUES({marks})",
                                [row[c] for c in columns])  # fmt: skip
            put[table] += done.rowcount
        except (sqlite3.IntegrityError, OverflowError):
            pass
    base.execute("COMMIT")
    for table, n in put.items():
        print(table, n)


def main():
    kind, uri, count, seed, victim = sys.argv[1:6]
    rng = random.Random(f"malformed {seed}")
    if kind == "mongo":
        mongo(uri, int(count), rng, victim)
    else:
        sqlite(uri.split(":", 1)[1], int(count), rng, victim)


if __name__ == "__main__":
    main()
