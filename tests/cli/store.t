# A study in a store: every command that reads or changes it.
$ cp "$HOPT_TRANSCRIPTS/study.json" .
$ hopt study create study.json
! study toy: created in sqlite:./toy.hopt.db
! next: hopt-master --store sqlite:./toy.hopt.db
!       hopt-worker --store sqlite:./toy.hopt.db study.json
$ hopt study create study.json
! study toy: was there already in sqlite:./toy.hopt.db
$ hopt study create study.json --json
{"name":"toy","state":"active","store":"sqlite:./toy.hopt.db","created":false}
$ sed 's/-5, 5/-5, 6/' study.json > other.json; hopt study create other.json
! hopt study create: study `toy` exists with another space: `x` differs; take back the change, or give the new study another name (--name)
[6]
$ hopt study list
STUDY	STATE	TRIALS	RUNNING	BEST	MASTER
toy	active	0/6	0	-	none
$ hopt study show
study      toy
state      active
trials     0 done
ends after 6 trials
active     N ms
sampler    random, seed 3
objective  command: sh -c echo "$1 $2" | awk '{{ printf("{{\"loss\": %.6f, \"half\": %.6f}}\n", $1 * $1 + $2, $1 / 2) }}' toy {x} {kind/a/rate}
direction  minimize
master     none

no successful trial yet
$ hopt study show --json
{"name":"toy","state":"active","reason":null,"direction":"minimize","sampler":"random","seed":3,"max_trials":6,"trials":{"new":0,"running":0,"done":0,"error":0,"cancel":0},"active_ms":N,"leader":null,"rev":0,"best":null}
$ hopt study show nothing
! hopt study show: no study "nothing" in sqlite:./toy.hopt.db; there is: toy
[4]
$ hopt study set toy stop.max_trials=4 trial.timeout_s=9
! study toy: changed; ends after 4 trials
$ hopt study set toy space.x=1
! hopt study set: toy: --set space.x=1: only stop, trial and queue may change in a study that exists; for the rest create another study (--name)
[2]
$ hopt study set toy stop.max_trials=0
! hopt study set: toy: --set stop.max_trials=0: `stop.max_trials` must be an integer in 1 .. 1000000 (trials), not 0
[2]
$ hopt study pause
! study toy: paused; running trials go on
$ hopt study pause
! study toy: paused; running trials go on
$ hopt study resume toy
! study toy: active; a master and workers go on with it
$ hopt best
! hopt best: study toy has no successful trial yet
[4]
$ hopt trials list
NUM	STATE	LOSS	TIME	WORKER	PARAMETERS
$ hopt ask
{"num":0,"tid":0,"vals":{"x":[1.0],"kind":[1],"kind/a/rate":[]},"params":{"x":1.0,"kind":{"_name":"b"}},"seed":1046394712501569526}
$ hopt ask study.json
{"num":1,"tid":1,"vals":{"x":[3.8265530320973777],"kind":[0],"kind/a/rate":[0.0031598623241876887]},"params":{"x":3.8265530320973777,"kind":{"_name":"a","rate":0.0031598623241876887}},"seed":1742692731}
$ hopt tell 0 0.25
$ hopt tell toy 1 --result '{"loss": 0.5, "accuracy": 0.875}'
$ hopt tell 1 3
! hopt tell: trial 1 is done, not running
[6]
$ hopt tell 9 3
! hopt tell: study toy has no trial 9
[4]
$ hopt tell 0 nothing
! hopt tell: trial 0 is done, not running
[6]
$ echo '[{"x": 2, "kind": {"_name": "b"}}]' | hopt trials add -
! queued as trial 2
$ echo '{"x": 7, "kind": {"_name": "b"}}' | hopt trials add toy -
! hopt trials add: standard input:1:7: `x`: 7 is outside of its values: give one of uniform -5 .. 5
[2]
$ hopt ask --json | cut -c1-8
{"num":3
$ hopt ask
! hopt ask: study toy has its 4 trials; "hopt study set toy stop.max_trials=N" allows more
[6]
$ hopt tell 3 --fail 'no luck'
$ hopt trials list
NUM	STATE	LOSS	TIME	WORKER	PARAMETERS
0	done	0.25	N ms	ask:OWNER	x=1 kind=b
1	done	0.5	N ms	ask:OWNER	x=3.8266 kind=a kind/a/rate=0.0031599
2	new	-	-	-	x=2 kind=b
3	fail	-	N ms	ask:OWNER	x=-2.3643 kind=a kind/a/rate=0.86176  no luck
$ hopt trials list --state new --json
{"num":2,"tid":2,"state":"new","status":"new","loss":null,"vals":{"x":[2.0],"kind":[1],"kind/a/rate":[]},"params":{"x":2.0,"kind":{"_name":"b"}},"attempt":1,"worker":null,"start":null,"end":null,"error":null,"extras":{},"seed":5653693546300468864}
$ hopt trials show 1
trial      1 of study toy
state      done
loss       0.5
worker     ask:OWNER
started    TIME
ended      TIME
took       N ms
accuracy: 0.875

PARAMETER	VALUE
x	3.8265530320973777
kind	a
kind/a/rate	0.0031598623241876887
$ hopt trials show 3 --json
{"num":3,"tid":3,"state":"done","status":"fail","loss":null,"vals":{"x":[-2.3643026934047704],"kind":[0],"kind/a/rate":[0.8617634254715196]},"params":{"x":-2.3643026934047704,"kind":{"_name":"a","rate":0.8617634254715196}},"attempt":1,"worker":"ask:OWNER","start":"TIME","end":"TIME","error":null,"extras":{},"seed":385346042,"lease":1,"ms":N,"status_fail":"no luck"}
$ hopt trials show 1 --log
! hopt trials show: trial 1 of study toy has no log
[4]
$ hopt trials show 1 --attachment x
! hopt trials show: trial 1 of study toy has no attachment "x"
[4]
$ hopt trials retry toy 3
! hopt trials retry: trial 3 is not in error; only those can be retried
[6]
$ hopt trials retry toy
! hopt trials retry: give the trials' numbers, or --all
[2]
$ hopt best
best: loss 0.25, trial 0

PARAMETER	VALUE
x	1
kind	b
$ hopt best --format json
{"x":1.0,"kind":{"_name":"b"}}
$ hopt best --format env
x='1'
kind='b'
$ hopt best --format args
--x '1' --kind 'b'
$ hopt best --json
{"num":0,"tid":0,"state":"done","status":"ok","loss":0.25,"vals":{"x":[1.0],"kind":[1],"kind/a/rate":[]},"params":{"x":1.0,"kind":{"_name":"b"}},"attempt":1,"worker":"ask:OWNER","start":"TIME","end":"TIME","error":null,"extras":{},"seed":1046394712501569526,"lease":1,"ms":N}
$ hopt export | hopt suggest study.json --history - --seed 1 -n 2 | cut -c1-24
{"num":4,"tid":4,"vals":
{"num":5,"tid":5,"vals":
$ hopt export --format csv
num,tid,state,status,loss,attempt,worker,start,end,ms,error,param x,param kind,param kind/a/rate,result accuracy
0,0,done,ok,0.25,1,ask:OWNER,TIME,TIME,N,,1,b,,
1,1,done,ok,0.5,1,ask:OWNER,TIME,TIME,N,,3.8265530320973777,a,0.0031598623241876887,0.875
2,2,new,,,1,,,,,,2,b,,
3,3,done,fail,,1,ask:OWNER,TIME,TIME,N,no luck,-2.3643026934047704,a,0.8617634254715196,
$ hopt export -o all.jsonl; wc -l < all.jsonl
4
! wrote 4 trials to all.jsonl
$ hopt copy sqlite:toy.hopt.db sqlite:copy.db
! toy: 4/4 trials
! study toy: 4 trials copied to sqlite:copy.db
$ hopt copy sqlite:toy.hopt.db sqlite:copy.db
! hopt copy: study toy is in sqlite:copy.db already; delete it there first (hopt study delete), or copy to another store
[6]
$ hopt copy sqlite:toy.hopt.db sqlite:toy.hopt.db
! hopt copy: study toy is in sqlite:toy.hopt.db already; delete it there first (hopt study delete), or copy to another store
[6]
$ hopt study show --store sqlite:copy.db | head -3
study      toy
state      active
trials     3 done, 1 queued
$ hopt export --store sqlite:copy.db | cut -d, -f3- > a; hopt export | cut -d, -f3- > b; cmp a b && echo the same
the same
$ hopt workers
WORKER	RUNNING	STATE	SEEN	STUDIES
! no worker in sqlite:./toy.hopt.db
$ hopt doctor | grep -v -e detail -e disk -e latency
OK    store        sqlite:./toy.hopt.db (SQLite 3.40.1)
OK    clock        the store's clock is N ms off this machine's
OK    indexes      all there
OK    workers      0 alive with 0 slots
OK    study        toy: active; 3 done, 1 queued
WARN  master       study toy is active and no master leads it
                    nothing is proposed and nothing ends: start hopt-master, or hopt run
$ hopt study stop
! study toy: stopped
$ hopt study stop
! study toy: is done
$ hopt ask
! hopt ask: study toy has its 4 trials; "hopt study set toy stop.max_trials=N" allows more
[6]
$ hopt study delete toy
! hopt study delete: this deletes toy with 4 trials; give --yes
[2]
$ hopt study delete toy --yes
! study toy: deleted with 4 trials
$ hopt study list
STUDY	STATE	TRIALS	RUNNING	BEST	MASTER
! no study in sqlite:./toy.hopt.db
