# The options of samplers: what holds, and what is wrong where.
$ check() { printf '{"name": "x", "space": {"a": {"_type": "uniform", "_value": [0, 1]}}, "sampler": %s}' "$1" > s.json
> hopt check s.json | sed -n '/^sampler/,/^ends/p' | sed '$d'; }
> check '{}'
> check '{"name": "random", "seed": 4}'
> check '{"name": "hyperopt", "gamma": 1, "n_startup_jobs": 5.0}'
> check '{"name": "anneal", "avg_best_idx": 3.5}'
> check '{"name": "mix", "p_suggest": [[0.5, "random"], [0.5, "anneal"]]}'
sampler    auto, seed drawn at the start
           startup = 10 (default)
           candidates = 24 (default)
           hand_over = 1000 (default)
           repeat = false (default)
           share = 0.02 (default)
proposes   gp while its proposal costs less than 2 % of a trial's time, and those for all that run less than 25 %: with one at a time and 100 ended trials that is from N ms a trial on, with 250 from N ms on; for shorter ones, and with more than 1000 ended, tpe
sampler    random, seed 4
           repeat = false (default)
sampler    hyperopt, seed drawn at the start
           n_startup_jobs = 5
           n_EI_candidates = 24 (default)
           gamma = 1.0
           prior_weight = 1.0 (default)
sampler    anneal, seed drawn at the start
           avg_best_idx = 3.5
           shrink_coef = 0.1 (default)
sampler    mix, seed drawn at the start
           p_suggest = [[0.5,"random"],[0.5,"anneal"]]
           n_startup_jobs = 20 (default)
           n_EI_candidates = 24 (default)
           gamma = 0.25 (default)
           prior_weight = 1.0 (default)
           avg_best_idx = 2.0 (default)
           shrink_coef = 0.1 (default)
$ printf '{"name": "x", "space": {"a": {"_type": "uniform", "_value": [0, 1]}},\n "sampler": {"candidates": 12}}' > j.json
> hopt check j.json --json | sed 's/.*"sampler"/"sampler"/; s/,"max_trials.*//'
"sampler":"auto","sampler_options":{"startup":10,"candidates":12,"hand_over":1000,"repeat":false,"share":0.02},"sampler_defaults":["startup","hand_over","repeat","share"],"sampler_plan":"gp while its proposal costs less than 2 % of a trial's time, and those for all that run less than 25 %: with one at a time and 100 ended trials that is from N ms a trial on, with 250 from N ms on; for shorter ones, and with more than 1000 ended, tpe"
$ check() { printf '{"name": "x",\n "space": {"a": {"_type": "uniform", "_value": [0, 1]}},\n "sampler": {"name": "%s",\n   %s}}' "$1" "$2" > w.json
> hopt check w.json 2>&1; echo "[$?]"; }
> check tpe '"candidates": 0, "startup": 1.5, "repeat": 1, "gama": 1'
> check random '"repeat": "yes", "startup": 3'
> check hyperopt '"gamma": -1, "n_startup_jobs": 1e9, "n_EI_candidates": null, "prior_weight": "1"'
> check anneal '"avg_best_idx": 0, "shrink_coef": [1], "gamma": 0.2'
> check mix '"p_suggest": [[0.5, "random"]]'
> check mix '"p_suggest": [[1, "tpo"]]'
> check mix '"p_suggest": [[2, "random"], [-1, "anneal"]]'
> check mix '"p_suggest": "random"'
> check tpo '"candidates": 0'
hopt check: w.json:4:18: sampler: "candidates" must be an integer between 1 and 10000
hopt check: w.json:4:32: sampler: "startup" must be an integer between 1 and 10000
hopt check: w.json:4:47: sampler: "repeat" must be true or false
hopt check: w.json:4:50: sampler: unknown option "gama"; `tpe` knows: startup, candidates, repeat
[2]
hopt check: w.json:4:14: sampler: "repeat" must be true or false
hopt check: w.json:4:21: sampler: unknown option "startup"; `random` knows: repeat
[2]
hopt check: w.json:4:13: sampler: "gamma" must be a number between 0 and 1000
hopt check: w.json:4:35: sampler: "n_startup_jobs" must be an integer between 0 and 1000000
hopt check: w.json:4:59: sampler: "n_EI_candidates" must be an integer between 1 and 100000
hopt check: w.json:4:81: sampler: "prior_weight" must be a number between 1e-06 and 1000000
[2]
hopt check: w.json:4:20: sampler: "avg_best_idx" must be a number between 1 and 1000000
hopt check: w.json:4:38: sampler: "shrink_coef" must be a number between 0 and 1000000
hopt check: w.json:4:43: sampler: unknown option "gamma"; `anneal` knows: avg_best_idx, shrink_coef
[2]
hopt check: w.json:4:17: sampler: "p_suggest" must be [[share, name], ...]: the shares add up to 1; names: random, anneal, hyperopt
[2]
hopt check: w.json:4:17: sampler: "p_suggest" must be [[share, name], ...]: a pair of a number and a known name each; names: random, anneal, hyperopt
[2]
hopt check: w.json:4:17: sampler: "p_suggest" must be [[share, name], ...]: a share lies between 0 and 1; names: random, anneal, hyperopt
[2]
hopt check: w.json:4:17: sampler: "p_suggest" must be [[share, name], ...]: 1 to 8 of them; names: random, anneal, hyperopt
[2]
hopt check: w.json:3:22: sampler: unknown name "tpo"; known: auto, gp, tpe, random, hyperopt, anneal, mix
[2]
# Beside other errors, and over the file.
$ printf '{"name": "x", "space": {"a": {"_type": "uniform", "_value": [1, 0]}},\n "sampler": {"startup": 0}, "stop": {"max_trials": 0}}' > more.json; hopt check more.json
! hopt check: more.json:1:61: `a`: uniform bounds are swapped, got 1 .. 0: give [low, high]
! hopt check: more.json:2:25: sampler: "startup" must be an integer between 1 and 10000
! hopt check: more.json:2:52: `stop.max_trials` must be an integer in 1 .. 1000000 (trials), not 0
[2]
$ printf '{"name": "x", "space": {"a": {"_type": "uniform", "_value": [0, 1]}},\n "sampler": {"startup": 0}}' > set.json; hopt check set.json --set stop.max_trials=5
! hopt check: set.json:2:25: sampler: "startup" must be an integer between 1 and 10000
[2]
$ hopt check -q set.json --set sampler.startup=5
$ hopt check set.json --set sampler.startup=5 --set sampler.candidates=many
! hopt check: set.json: sampler: "candidates" must be an integer between 1 and 10000
[2]
$ hopt check set.json --set sampler.name=annealing
! hopt check: set.json: sampler: unknown name "annealing"; known: auto, gp, tpe, random, hyperopt, anneal, mix
[2]
$ hopt run set.json --set sampler.startup=-1
! hopt run: set.json: sampler: "startup" must be an integer between 1 and 10000
[2]
$ hopt study create set.json
! hopt study create: set.json:2:25: sampler: "startup" must be an integer between 1 and 10000
[2]
$ hopt run set.json --sampler nothing
! hopt run: set.json: sampler: unknown name "nothing"; known: auto, gp, tpe, random, hyperopt, anneal, mix
[2]
# gp and auto: their options, and which of them proposes when.
$ for o in hand_over=-1 startup=0 share=-0.1 share=1001; do for n in gp auto; do hopt check set.json --set sampler.startup=5 --set sampler.name=$n --set sampler.$o; echo $?; done; done
2
2
2
2
2
2
2
2
! hopt check: set.json: sampler: "hand_over" must be an integer between 0 and 100000
! hopt check: set.json: sampler: "hand_over" must be an integer between 0 and 100000
! hopt check: set.json: sampler: "startup" must be an integer between 1 and 10000
! hopt check: set.json: sampler: "startup" must be an integer between 1 and 10000
! hopt check: set.json: sampler: unknown option "share"; `gp` knows: startup, candidates, hand_over, repeat
! hopt check: set.json: sampler: "share" must be a number between 0 and 1000
! hopt check: set.json: sampler: unknown option "share"; `gp` knows: startup, candidates, hand_over, repeat
! hopt check: set.json: sampler: "share" must be a number between 0 and 1000
$ hopt check set.json --set sampler.startup=5 --set sampler.name=gp | sed -n "/^sampler/,/^ends/p"
sampler    gp, seed drawn at the start
           startup = 5
           candidates = 24 (default)
           hand_over = 1000 (default)
           repeat = false (default)
proposes   tpe for the first 5 trials, then gp, with every third from tpe; with more than 1000 ended trials tpe alone
ends after 100 trials
$ hopt check set.json --set sampler.startup=5 --set sampler.name=auto | sed -n "/^sampler/,/^ends/p"
sampler    auto, seed drawn at the start
           startup = 5
           candidates = 24 (default)
           hand_over = 1000 (default)
           repeat = false (default)
           share = 0.02 (default)
proposes   gp while its proposal costs less than 2 % of a trial's time, and those for all that run less than 25 %: with one at a time and 100 ended trials that is from N ms a trial on, with 250 from N ms on; for shorter ones, and with more than 1000 ended, tpe
ends after 100 trials
$ hopt check set.json --set sampler.startup=5 --set sampler.name=auto --set sampler.share=0 --json | grep -o '"sampler_plan":"[^"]*"'
"sampler_plan":"tpe: a share of 0 leaves no time for gp"
$ hopt check set.json --set sampler.startup=5 --set sampler.name=tpe --json | grep -o sampler_plan
[1]
# A study that names none: a new one is stored with the default's name. One that was stored before
# that, without a name, goes on with tpe, also when its file is given again, edited or not.
$ printf '{"name": "new",\n "space": {"a": {"_type": "uniform", "_value": [0, 1]}},\n "objective": {"command": ["echo", "{a}"]},\n "sampler": {"seed": 3}, "stop": {"max_trials": 14}}\n' > new.json
> hopt study create -q new.json --store sqlite:s.db; hopt study show new --file --store sqlite:s.db; hopt study show new --store sqlite:s.db | grep ^sampler
{"name": "new",
 "space": {"a": {"_type": "uniform", "_value": [0, 1]}},
 "objective": {"command": ["echo", "{a}"]},
 "sampler": {"name": "auto", "seed": 3}, "stop": {"max_trials": 14}}
sampler    auto, seed 3
$ hopt study create -q new.json --name old --store sqlite:s.db
> python3 -c 'import sqlite3; s = sqlite3.connect("s.db"); s.execute("UPDATE study SET doc = json_set(doc, '\''$.spec'\'', ?) WHERE name = '\''old'\''", (open("new.json").read(),)); s.commit()'
> hopt study show old --file --store sqlite:s.db | grep sampler; hopt study show old --store sqlite:s.db | grep ^sampler
 "sampler": {"seed": 3}, "stop": {"max_trials": 14}}
sampler    tpe, seed 3
$ hopt run new.json --name old -j 1 --store sqlite:s.db 2>&1 | head -2; hopt study show old --file --store sqlite:s.db | grep sampler
study old: going on in sqlite:s.db
its sampler stays tpe: to take auto, the default of new studies, name it in the file
 "sampler": {"seed": 3}, "stop": {"max_trials": 14}}
$ sed 's/14/16/' new.json > edited.json; hopt run edited.json --name old -j 1 --store sqlite:s.db 2>&1 | head -2; hopt study show old --file --store sqlite:s.db | grep sampler
study old: going on in sqlite:s.db
its sampler stays tpe: to take auto, the default of new studies, name it in the file
 "sampler": {"name": "tpe", "seed": 3}, "stop": {"max_trials": 16}}
$ hopt replay old --store sqlite:s.db
study           old
repeated        16 proposals, all as recorded
$ hopt run new.json -j 1 --store sqlite:s.db 2>&1 | head -1; hopt replay new --store sqlite:s.db
study new: going on in sqlite:s.db
study           new
repeated        14 proposals, all as recorded
$ hopt run new.json --name old --store sqlite:s.db --sampler auto 2>&1 | head -1; hopt study show old --store sqlite:s.db | grep ^sampler
study old is done already (max_trials) in sqlite:s.db; go on with --max-trials N
sampler    auto, seed 3
