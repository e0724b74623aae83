# An old experiment of Python's hyperopt, as its helper prints it, becomes a study.
$ cat > old.jsonl << 'END'
> {"tid": 3, "state": 2, "exp_key": null, "result": {"status": "ok", "loss": 0.5, "more": 1}, "misc": {"tid": 3, "cmd": ["x"], "idxs": {}, "vals": {"x": [0.25], "m": [0], "w": []}}, "owner": ["h:1"], "book_time": {"$date": "2026-01-02T03:04:05.000Z"}, "refresh_time": {"$date": "2026-01-02T03:04:06.500Z"}, "version": 3, "spec": null}
> {"tid": 1, "state": 2, "result": {"status": "ok", "loss": 0.75}, "misc": {"vals": {"x": [-4.5], "m": [1], "w": [0.125]}}}
> {"tid": 4, "state": 2, "result": {"status": "ok", "loss": NaN}, "misc": {"vals": {"x": [1.5], "m": [1], "w": [0.625]}}}
> {"tid": 6, "state": 3, "result": {"status": "new"}, "misc": {"vals": {"x": [3.5], "m": [0], "w": []}, "error": ["<class 'ValueError'>", "no"]}}
> {"tid": 7, "state": 1, "result": {"status": "new"}, "misc": {"vals": {"x": [2.5], "m": [0], "w": []}}}
> END
$ cat > old.json << 'END'
> {"name": "old", "objective": {"command": ["echo", "{x}"]}, "sampler": {"name": "random", "seed": 1}, "stop": {"max_trials": 6},
>  "space": {"x": {"_type": "uniform", "_value": [-5, 5]}, "m": {"_type": "choice", "_value": ["a", {"w": {"_type": "uniform", "_value": [0, 1], "_label": "w"}}]}}}
> END
$ hopt import old.jsonl --space old.json
! study old: 4 trials imported into sqlite:./old.hopt.db (3 done, 1 in error)
! left out: 1 that did not end
$ hopt trials list
NUM	STATE	LOSS	TIME	WORKER	PARAMETERS
0	done	0.75	N ms	-	x=-4.5 m=1 w=0.125
1	done	0.5	N ms	h:1	x=0.25 m=a
2	fail	-	N ms	-	x=1.5 m=1 w=0.625  loss is nan
3	error	-	N ms	-	x=3.5 m=a  <class 'ValueError'>: no
$ hopt export | cut -d, -f 1-5
{"num":0,"tid":0,"state":"done","status":"ok","loss":0.75
{"num":1,"tid":1,"state":"done","status":"ok","loss":0.5
{"num":2,"tid":2,"state":"done","status":"fail","loss":null
{"num":3,"tid":3,"state":"error","status":"new","loss":null
$ hopt trials show 3 | grep -e error -e worker
state      error
$ hopt trials show 1
trial      1 of study old
state      done
loss       0.5
worker     h:1
started    TIME
ended      TIME
took       N ms
more: 1

PARAMETER	VALUE
x	0.25
m	a
$ hopt run old.json -q > out; hopt export | sed 1,4d | cut -d, -f 1,3-5
{"num":4,"state":"done","status":"ok","loss":-3.253963841472639
{"num":5,"state":"done","status":"ok","loss":1.0251599002650629
$ hopt import old.jsonl --space old.json
! hopt import: study old is in sqlite:./old.hopt.db already; give another name: --name
[6]
$ hopt import old.jsonl --space old.json --store sqlite:json.db --json
{"study":"old","trials":4,"done":3,"error":1,"not_ended":1,"bad":0,"attachments":0,"space":"given","store":"sqlite:json.db"}
! study old: 4 trials imported into sqlite:json.db (3 done, 1 in error)
! left out: 1 that did not end
# The space is guessed.
$ hopt import old.jsonl --write-study - --name guess
// Made by "hopt import" from 5 trials of old.jsonl.
// The trials tell labels and values, not the space they were drawn from: types, bounds and
// options below are guesses, wide enough for all that was seen. Correct them (hopt-space(5)),
// then give this file to "hopt import ... --space". Constants are not known at all: add
// those that the objective needs. Keep every "_label"; keys and nesting are yours.
{
  "name": "guess",
  "space": {
    // 5 values, -4.5 .. 3.5. Or qnormal [mu, sigma, q], or another step.
    "x": {"_label": "x", "_type": "quniform", "_value": [-6.5, 5.5, 0.25]},
    // 5 values, 0 .. 1, a choice or pchoice, since others depend on it. There may be more options.
    "m": {"_label": "m", "_type": "choice", "_value": [
      0,
      {
        // 2 values, 0.125 .. 0.625. Or qnormal [mu, sigma, q], or another step.
        "w": {"_label": "w", "_type": "quniform", "_value": [0, 1.125, 0.125]}
      }]}
  },
  // "objective": {"command": ["python3", "train.py"]},
  "stop": {"max_trials": 104}
}
$ hopt import old.jsonl --name guess --store sqlite:guess.db; hopt export --store sqlite:guess.db | wc -l
4
! study guess: 4 trials imported into sqlite:guess.db (3 done, 1 in error)
! left out: 1 that did not end
! the space is guessed and there is no objective: --write-study writes the study file to correct and to give by --space
# What is wrong.
$ hopt import old.jsonl
! hopt import: give the study a name: --name, 1 to 64 of the characters A-Z a-z 0-9 . _ -
[2]
$ sed 's/"tid": 4/"tid": 3/' old.jsonl | hopt import - --space old.json --store sqlite:twice.db --skip-bad
! hopt import: tid 3 is there twice
! study old: 3 trials imported into sqlite:twice.db (2 done, 1 in error)
! left out: 1 that did not end
! left out: 1 bad ones
$ hopt import none.jsonl --name x
! hopt import: none.jsonl: No such file or directory
[2]
$ hopt import old.jsonl other --name x
! hopt import: no trials of experiment other; there are: (none) (5)
[4]
$ hopt import sqlite:old.hopt.db --name x
! hopt import: sqlite:old.hopt.db holds studies of hopt only: "hopt copy" copies one
[2]
$ hopt import old.jsonl --space old.json --write-study x.json
! hopt import: --write-study writes a guess, --space gives a study: not both
[2]
$ sed 's/-5, 5/-4, 4/' old.json > narrow.json; hopt import old.jsonl --space narrow.json --store sqlite:narrow.db; ls narrow.db
! hopt import: tid 1: `x`: -4.5 is outside of its values: give one of uniform -4 .. 4
! hopt import: nothing was imported; --skip-bad leaves such trials out
! ls: cannot access 'narrow.db': No such file or directory
[2]
$ hopt import old.jsonl --space narrow.json --store sqlite:narrow.db --skip-bad -q; hopt export --store sqlite:narrow.db | wc -l
3
! hopt import: tid 1: `x`: -4.5 is outside of its values: give one of uniform -4 .. 4
$ (sed 's/"tid": 4/"tid": 3/' old.jsonl; echo '{"tid": 9}'; echo nonsense; echo '{"tid": 9, "misc": {"vals": {"x": [1, 2]}}, "state": 2}') | hopt import - --space old.json --store sqlite:bad.db
! hopt import: -:6: `vals` is missing
! hopt import: -:7:1: syntax error: invalid token near 'nonsense'
! hopt import: -:8: `vals`: label `x` must be [] or [number]
! hopt import: tid 3 is there twice
! hopt import: nothing was imported; --skip-bad leaves such trials out
[2]
