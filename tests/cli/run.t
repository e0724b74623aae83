# hopt run: to the end, on a finished study, with more trials, with an objective that fails.
$ cp "$HOPT_TRANSCRIPTS/study.json" .
$ hopt run study.json -q
$ hopt trials list | cut -f1-3
$ hopt run study.json -q; echo $?
$ hopt run study.json --max-trials 8 --json -j 2 | sed 's/"best":.*"store"/"best":..., "store"/'
$ hopt study list
$ sed 's/uniform", "_value": \[-5, 5\]/normal", "_value": [0, 1]/' study.json > other.json; hopt run other.json
$ hopt run study.json --name again --max-trials 3 -q --set sampler.seed=4
$ cat > fail.json << 'END'
> {"name": "fail", "space": {"x": {"_type": "uniform", "_value": [0, 1]}},
>  "objective": {"command": ["sh", "-c", "echo hello; echo 'no such thing' >&2; exit 3"]}, "sampler": {"name": "random", "seed": 1}}
> END
$ hopt run fail.json 2>&1 | grep -v -e '^fail: ' -e 'warn'
$ hopt run fail.json -q
$ hopt trials list fail --state error --limit 2 | cut -f1-3
$ printf '{"name": "none", "space": {"x": {"_type": "uniform", "_value": [0, 1]}}}' > none.json; hopt run none.json
$ hopt run study.json --store sqlite::memory:
$ hopt run study.json --store sqlite:/absent/folder/x.db
$ hopt run study.json --sampler nothing
