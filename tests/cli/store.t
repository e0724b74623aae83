# A study in a store: every command that reads or changes it.
$ cp "$HOPT_TRANSCRIPTS/study.json" .
$ hopt study create study.json
$ hopt study create study.json
$ hopt study create study.json --json
$ sed 's/"x"/"y"/g' study.json > other.json; hopt study create other.json
$ hopt study list
$ hopt study show
$ hopt study show --json
$ hopt study show nothing
$ hopt study set toy stop.max_trials=4 trial.timeout_s=9
$ hopt study set toy space.x=1
$ hopt study set toy stop.max_trials=0
$ hopt study pause
$ hopt study pause
$ hopt study resume toy
$ hopt best
$ hopt trials list
$ hopt ask
$ hopt ask study.json
$ hopt tell 0 0.25
$ hopt tell toy 1 --result '{"loss": 0.5, "accuracy": 0.875}'
$ hopt tell 1 3
$ hopt tell 9 3
$ hopt tell 0 nothing
$ echo '[{"x": 2, "kind": {"_name": "b"}}]' | hopt trials add -
$ echo '{"x": 7, "kind": {"_name": "b"}}' | hopt trials add toy -
$ hopt ask --json | cut -c1-8
$ hopt ask
$ hopt tell 3 --fail 'no luck'
$ hopt trials list
$ hopt trials list --state new --json
$ hopt trials show 1
$ hopt trials show 3 --json
$ hopt trials show 1 --log
$ hopt trials show 1 --attachment x
$ hopt trials retry toy 3
$ hopt trials retry toy
$ hopt best
$ hopt best --format json
$ hopt best --format env
$ hopt best --format args
$ hopt best --json
$ hopt export | hopt suggest study.json --history - --seed 1 -n 2 | cut -c1-24
$ hopt export --format csv
$ hopt export -o all.jsonl; wc -l < all.jsonl
$ hopt copy sqlite:toy.hopt.db sqlite:copy.db
$ hopt copy sqlite:toy.hopt.db sqlite:copy.db
$ hopt copy sqlite:toy.hopt.db sqlite:toy.hopt.db
$ hopt study show --store sqlite:copy.db | head -3
$ hopt export --store sqlite:copy.db | cut -d, -f3- > a; hopt export | cut -d, -f3- > b; cmp a b && echo the same
$ hopt workers
$ hopt doctor | grep -v -e detail -e disk -e latency
$ hopt study stop
$ hopt study stop
$ hopt ask
$ hopt study delete toy
$ hopt study delete toy --yes
$ hopt study list
