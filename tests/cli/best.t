# Noisy losses: a bowl with its least at 3, seen three times through noise that awk makes, and a lucky trial far from there.
$ cat > noisy.json << 'END'
> {"name": "noisy", "objective": {"command": ["echo", "{x}"]}, "sampler": {"name": "random", "seed": 1}, "stop": {"max_trials": 90},
>  "space": {"x": {"_type": "uniform", "_value": [0, 10]}}}
> END
$ awk 'BEGIN { for (i = 0; i < 60; i++) { x = i / 6; loss = (x - 3) ^ 2 / 10 + (i * 37 % 11 - 5) / 20; if (i == 50) loss = -1; printf("{\"tid\": %d, \"state\": 2, \"result\": {\"status\": \"ok\", \"loss\": %.3f}, \"misc\": {\"vals\": {\"x\": [%.3f]}}}\n", i, loss, x) } }' > old.jsonl
$ hopt import old.jsonl --space noisy.json
! study noisy: 60 trials imported into sqlite:./noisy.hopt.db (60 done, 0 in error)
$ hopt best
best: loss -1, trial 50

PARAMETER	VALUE
x	8.333
$ hopt best --believed
best: loss 0.05, trial 18

PARAMETER	VALUE
x	3
$ hopt best --believed --format args
--x '3'
$ hopt best --believed --json | cut -d, -f 1-5
{"num":18,"tid":18,"state":"done","status":"ok","loss":0.05
$ sed 's/"noisy", /"better", "direction": "maximize", /' noisy.json > better.json
$ hopt import old.jsonl --space better.json
! study better: 60 trials imported into sqlite:./better.hopt.db (60 done, 0 in error)
$ hopt best better --store sqlite:./better.hopt.db --believed | head -1
best: loss -0.05, trial 18
$ sed 's/"loss": [-.0-9]*/"loss": 4/; s/noisy/flat/' old.jsonl > flat.jsonl; sed 's/noisy/flat/' noisy.json > flat.json
$ hopt import flat.jsonl --space flat.json
! study flat: 60 trials imported into sqlite:./flat.hopt.db (60 done, 0 in error)
$ hopt best flat --store sqlite:./flat.hopt.db --believed
! hopt best: the losses can't be modelled: fewer than three, or all the same
[4]
