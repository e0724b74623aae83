"""The store as it is, read beside hopt: SQLite by Python's own driver, MongoDB through mongo_tool."""
import datetime
import json
import sqlite3
import subprocess

STATES = ["new", "running", "done", "error", "cancel"]


class Trial:
    """One trial, the same from both kinds of store."""

    def __init__(self, num, tid, state, owner, lease, lost, version, doc):
        self.num, self.tid, self.state = num, tid, STATES[state]
        self.owner, self.lease, self.lost, self.version = owner or "", lease, lost, version
        self.result = doc.get("result") or {}
        self.error = doc.get("error") or []
        self.saw = doc.get("saw") or []
        self.end_ms = doc.get("end")

    def __repr__(self):
        return (
            f"trial {self.num}: {self.state} {self.error[:1]} owner {self.owner} lease {self.lease} "
            f"lost {self.lost} version {self.version} result {self.result}"
        )


class SqliteStore:
    def __init__(self, uri, _bin_dir):
        self.path = uri.split(":", 1)[1]

    def _read(self, sql, *args):
        base = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=20)
        try:
            return base.execute(sql, args).fetchall()
        finally:
            base.close()

    def trials(self, study):
        rows = self._read(
            "SELECT num,tid,state,owner,lease,lost,version,doc FROM trial WHERE study=?", study
        )
        return [Trial(*row[:7], json.loads(row[7])) for row in rows]

    def sound(self):
        """What the file itself says; "" when it is well."""
        said = [row[0] for row in self._read("PRAGMA integrity_check")]
        return "" if said == ["ok"] else "; ".join(said)

    def count_command(self, study):
        return [
            "sqlite3", "-readonly", self.path, f"SELECT count(*) FROM trial WHERE study='{study}'"
        ]  # fmt: skip


class MongoStore:
    def __init__(self, uri, bin_dir):
        self.uri, self.tool = uri, f"{bin_dir}/mongo_tool"

    def trials(self, study):
        out = subprocess.run(
            [self.tool, self.uri, "find", "jobs", json.dumps({"exp_key": study})],
            check=True, stdout=subprocess.PIPE, timeout=120,
        ).stdout  # fmt: skip
        found = []
        for line in out.decode().splitlines():
            doc = json.loads(line)
            ours = doc["hopt"]
            whole = {"result": doc.get("result"), "error": doc.get("error"), "saw": ours.get("saw")}
            if "end" in ours:
                whole["end"] = 1000 * datetime.datetime.fromisoformat(
                    ours["end"]["$date"].replace("Z", "+00:00")
                ).timestamp()
            owner = (doc["owner"] or [""])[0]
            found.append(
                Trial(ours["num"], doc["tid"], doc["state"], owner, ours["lease"], ours["lost"],
                      doc["version"], whole)
            )  # fmt: skip
        return found

    def sound(self):
        return ""

    def count_command(self, study):
        return [self.tool, self.uri, "count", "jobs", json.dumps({"exp_key": study})]


def open_store(kind, uri, bin_dir):
    return (SqliteStore if kind == "sqlite" else MongoStore)(uri, bin_dir)
