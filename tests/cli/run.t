# hopt run: to the end, on a finished study, with more trials, with an objective that fails.
$ cp "$HOPT_TRANSCRIPTS/study.json" .
$ hopt run study.json -q
best: loss 1, trial 0
half: 0.5

PARAMETER	VALUE
x	1
kind	b
$ hopt trials list | cut -f1-3
NUM	STATE	LOSS
0	done	1
1	done	14.6457
2	done	9.43606
3	done	6.45169
4	done	9.84286
5	done	1.7591
$ hopt run study.json -q; echo $?
best: loss 1, trial 0
half: 0.5

PARAMETER	VALUE
x	1
kind	b
0
$ hopt run study.json --max-trials 8 --json -j 2 | sed 's/"best":.*"store"/"best":..., "store"/'
{"name":"toy","state":"done","reason":"max_trials","direction":"minimize","sampler":"random","seed":3,"max_trials":8,"trials":{"new":0,"running":0,"done":8,"error":0,"cancel":0},"active_ms":N,"leader":null,"rev":5,"best":..., "store":"sqlite:./toy.hopt.db","interrupted":false}
$ hopt study list
STUDY	STATE	TRIALS	RUNNING	BEST	MASTER
toy	done (max_trials)	8/8	0	0.599631	none
$ sed 's/uniform", "_value": \[-5, 5\]/normal", "_value": [0, 1]/' study.json > other.json; hopt run other.json
! hopt run: study `toy` exists with another space: `x` differs; take back the change, or give the new study another name (--name)
[6]
$ hopt run study.json --name again --max-trials 3 -q --set sampler.seed=4
best: loss 1, trial 0
half: 0.5

PARAMETER	VALUE
x	1
kind	b
$ cat > fail.json << 'END'
> {"name": "fail", "space": {"x": {"_type": "uniform", "_value": [0, 1]}},
>  "objective": {"command": ["sh", "-c", "echo hello; echo 'no such thing' >&2; exit 3"]}, "sampler": {"name": "random", "seed": 1}}
> END
$ hopt run fail.json 2>&1 | grep -v -e '^fail: ' -e 'warn'
study fail: new in sqlite:./fail.hopt.db
study fail: paused (the first trials all failed); 0 ok, 5 error
trial 4: Exit: exit code 3; last output: no such thing
what it printed:
hello
no such thing

hopt run: study fail is paused (the first trials all failed): no trial was successful; set the objective right and run it again
$ hopt run fail.json -q
! hopt run: study fail is paused (the first trials all failed): no trial was successful; set the objective right and run it again
[5]
$ hopt trials list fail --state error --limit 2 | cut -f1-3
NUM	STATE	LOSS
4	error	-
5	error	-
$ printf '{"name": "none", "space": {"x": {"_type": "uniform", "_value": [0, 1]}}}' > none.json; hopt run none.json
! hopt run: none.json: study none has no "objective" to run; its trials are asked for and told with hopt ask and hopt tell
[2]
$ hopt run study.json --store sqlite::memory:
! hopt run: --store sqlite::memory: is for tests of the library; give a file, e.g. sqlite:/tmp/toy.hopt.db
[2]
$ hopt run study.json --store sqlite:/absent/folder/x.db
! hopt run: /absent/folder/x.db: its folder /absent/folder: No such file or directory; make it first
[3]
$ hopt run study.json --sampler nothing
! hopt run: study.json: sampler: unknown name "nothing"; known: auto, gp, tpe, random, hyperopt, anneal, mix
[2]
