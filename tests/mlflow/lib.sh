# shellcheck shell=bash disable=SC2154
# Sourced by the tests here, after tests/system/lib.sh: studies whose trials have all kinds of ends,
# servers, and the comparison of what is in the store with what MLflow says.

mlflow_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
unset MLFLOW_TRACKING_URI MLFLOW_TRACKING_TOKEN MLFLOW_TRACKING_USERNAME MLFLOW_TRACKING_PASSWORD
export no_proxy='*' NO_PROXY='*'

# free_port: a port that was free a moment ago.
free_port() {
    /usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# write_mlflow_study NAME TRIALS: objective.py and study.json. What trial n does, compare.py knows.
write_mlflow_study() {
    study=$1
    cp "$mlflow_tests/objective.py" "$work/objective.py"
    cat >"$work/study.json" <<END
{"name": "$1",
 "space": {"x": {"_type": "uniform", "_value": [-5, 5]},
           "layers/0:size[a]": {"_type": "quniform", "_value": [1, 64, 1], "_label": "size[a] \u00e4"},
           "model": {"_type": "choice", "_value": [
             {"_name": "svm", "C": {"_type": "loguniform", "_value": [0.001, 1000]}},
             {"_name": "forest", "trees": {"_type": "randint", "_value": [1, 9]}}]}},
 "objective": {"command": ["/usr/bin/python3", "objective.py", "{x}"]},
 "direction": "maximize",
 "sampler": {"name": "random", "seed": 7},
 "stop": {"max_trials": $2}}
END
}

# compare URI: every trial with every run; the reason in compare.txt.
compare() {
    "${hopt[@]}" export "$study" --format jsonl >"$work/export.jsonl" 2>/dev/null &&
        /usr/bin/python3 "$mlflow_tests/compare.py" "$1" hopt "$study" "$work/export.jsonl" \
            >"$work/compare.txt" 2>&1
}
