# hopt check: the file's contents, or all its errors together.
$ hopt check "$HOPT_TRANSCRIPTS/study.json" --json | sed "s/.samples.*//"
{"name":"toy","objective":"command: sh -c echo \"$1 $2\" | awk '{{ printf(\"{{\\\"loss\\\": %.6f, \\\"half\\\": %.6f}}\\n\", $1 * $1 + $2, $1 / 2) }}' toy {x} {kind/a/rate}","direction":"minimize","sampler":"random","sampler_options":{"repeat":false},"sampler_defaults":["repeat"],"max_trials":6,"points":1,"parameters":{"x":"uniform -5 .. 5","kind":"choice of 2","kind/a/rate":"loguniform 0.001 .. 1"},
$ hopt check "$HOPT_TRANSCRIPTS/study.json"
study      toy
objective  command: sh -c echo "$1 $2" | awk '{{ printf("{{\"loss\": %.6f, \"half\": %.6f}}\n", $1 * $1 + $2, $1 / 2) }}' toy {x} {kind/a/rate}
direction  minimize
sampler    random, seed 3
           repeat = false (default)
ends after 6 trials
points     1 given, evaluated first

space: 3 parameters
x           uniform -5 .. 5
kind        choice of 2
├─ a
│  └─ rate  loguniform 0.001 .. 1
└─ b

three points drawn from it:
{"x":4.817508439859699,"kind":{"_name":"a","rate":0.003112595630975903}}
{"x":-0.97672679083521,"kind":{"_name":"b"}}
{"x":4.036716858506855,"kind":{"_name":"a","rate":0.024605230419697963}}
$ hopt check -q "$HOPT_TRANSCRIPTS/study.json" --set stop.max_trials=3
$ hopt check absent.json
! hopt check: absent.json: No such file or directory
[2]
$ hopt check .
! hopt check: .: is a folder, not a file
[2]
$ printf '{"name": "x",\n "space": {"a": {"_type": "unifrom", "_value": [0, 1]},\n   "b": {"_type": "uniform", "_value": [2, 1]}},\n "stop": {"max_trials": 0}, "colour": 1}' > bad.json; hopt check bad.json
! hopt check: bad.json:2:27: `a`: unknown _type `unifrom`: use choice, pchoice, randint, uniformint, uniform, quniform, loguniform, qloguniform, normal, qnormal, lognormal or qlognormal
! hopt check: bad.json:3:40: `b`: uniform bounds are swapped, got 2 .. 1: give [low, high]
! hopt check: bad.json:4:25: `stop.max_trials` must be an integer in 1 .. 1000000 (trials), not 0
! hopt check: bad.json:4:29: unknown key `colour` in a study: remove it
[2]
$ printf '{"name": "x", "space": {}' > cut.json; hopt check cut.json
! hopt check: cut.json:1:26: the text ends too early: a bracket, brace or quote is not closed
[2]
$ printf '{"name": "x", "space": {"a": {"_type": "uniform", "_value": [0, 1]}}, "objective": {"command": ["./absent", "{b}"]}}' > label.json; hopt check label.json
! hopt check: label.json:1:109: unknown label {b}: name a parameter of the space (for a brace itself write {{)
[2]
$ printf '{"name": "x",\n "space": {"a": {"_type": "uniform", "_value": [0, 1]}},\n "sampler": {"name": "tpo"}}' > sampler.json; hopt check sampler.json
! hopt check: sampler.json:3:22: sampler: unknown name "tpo"; known: auto, gp, tpe, random, hyperopt, anneal, mix
[2]
$ printf '{"name": "x", "space": {"a": {"_type": "uniform", "_value": [0, 1]}}, "objective": {"command": ["./absent", "{a}"]}}' > program.json; hopt check -q program.json; hopt check program.json 2>&1 > /dev/null
hopt check: warning: the objective's program "./absent" is not found or not executable; relative paths count from HOME
$ hopt check "$HOPT_TRANSCRIPTS/study.json" --set stop.max_trials=ten
! hopt check: FOLDER/study.json: --set stop.max_trials=ten: `stop.max_trials` must be an integer in 1 .. 1000000 (trials), not "ten"
[2]
$ hopt init && hopt check -q study.json && hopt init
! wrote study.json
! next: hopt check study.json
!       hopt run study.json
! hopt init: study.json is there already; give another name, or --force to overwrite it
[2]
$ hopt init --force -q && hopt init other.json --name 'two words'
! hopt init: --name: "two words" is not a study name; give 1 to 64 of the characters A-Z a-z 0-9 . _ -
[2]
