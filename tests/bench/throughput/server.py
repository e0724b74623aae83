"""The same as bench_server.c: what a server in Python costs."""
import json
import sys

print('{"ready":true}', flush=True)
for line in sys.stdin:
    params = json.loads(line)["params"]
    loss = sum(x * x for x in params.values())
    print(json.dumps({"result": {"loss": loss}}), flush=True)
