"""The objective of the tests: what it does follows from the number of the trial (see compare.py)."""
import json
import os
import sys
import time

num = int(os.environ["HOPT_TRIAL"])
time.sleep(float(os.environ.get("OBJECTIVE_SLEEP", "0.05")))
for step in range(3):
    print(json.dumps({"report": {"step": step * 10, "loss": num + step / 8}}), flush=True)
if num % 10 == 3 and not os.path.exists("mended"):
    sys.exit("trial that fails")
if num % 10 == 5:
    print(json.dumps({"result": {"status": "fail", "status_fail": "no luck"}}))
    sys.exit()
if num % 10 == 7:
    with open(os.path.join(os.environ["HOPT_WORKDIR"], "note.txt"), "w") as file:
        file.write("of trial %d\n" % num)
    print(json.dumps({"attach": {"name": "note.txt", "file": "note.txt"}}), flush=True)
result = {"loss": float(sys.argv[1]), "acc[0]": num / 4, "more": {"f1": 0.5}, "word": "text",
          "nan": float("nan"), "inf": float("inf")}
print(json.dumps({"result": result}))
