# hopt replay: every proposal once more.
$ hopt replay
! hopt replay: which store? There is no *.hopt.db file in this folder; give --store URI or set HOPT_STORE
[2]
$ cp "$HOPT_TRANSCRIPTS/study.json" .; hopt study create -q study.json; hopt replay; hopt replay nothing
study           toy
repeated        no proposal
! hopt replay: no study "nothing" in sqlite:./toy.hopt.db; there is: toy
[4]
$ hopt run -q study.json --set stop.max_trials=12 > /dev/null; hopt replay
study           toy
repeated        11 proposals, all as recorded
given points    1, not the sampler's
$ hopt replay toy --json
{"study":"toy","checked":11,"same":11,"different":0,"given":1,"not_repeatable":0,"unreadable":0}
$ hopt replay study.json -q --from 3 --to 5 --json
{"study":"toy","checked":3,"same":3,"different":0,"given":0,"not_repeatable":0,"unreadable":0}
# A value that is changed in the store: found, and it alone.
$ change() { sqlite3 toy.hopt.db "UPDATE trial SET doc = json_set(doc, '$1', $2) WHERE num = $3"; }
> change '$.vals.x[0]' 0.25 7; hopt replay
study           toy
repeated        11 proposals, 1 not as recorded
given points    1, not the sampler's

NUM	PARAMETER	RECORDED	REPEATED
7	x	0.25	-0.7705653472813134

trial 7: its values and the parameters that the objective got contradict each other
[1]
$ hopt replay --json
{"num":7,"values":{"x":{"recorded":0.25,"repeated":-0.7705653472813134}},"reasons":["its values and the parameters that the objective got contradict each other"]}
{"study":"toy","checked":11,"same":10,"different":1,"given":1,"not_repeatable":0,"unreadable":0}
[1]
$ hopt replay --from 8
study           toy
repeated        4 proposals, all as recorded
# What the objective got is compared too; values that are none of the space; a record that is gone.
$ hopt study delete toy --yes -q; hopt run -q study.json --set stop.max_trials=12 --sampler tpe > /dev/null; hopt replay
> change() { sqlite3 toy.hopt.db "UPDATE trial SET doc = json_set(doc, '$1', $2) WHERE num = $3"; }
> change '$.params.x' 0.25 4; change '$.vals.x[0]' 6 6; hopt replay
study           toy
repeated        11 proposals, all as recorded
given points    1, not the sampler's
study           toy
repeated        11 proposals, 2 not as recorded
given points    1, not the sampler's

NUM	PARAMETER	RECORDED	REPEATED
6	x	-	-1.7590020896226832
6	kind	-	b

trial 4: its values and the parameters that the objective got contradict each other
trial 6: the recorded values do not fit the space
[1]
$ sqlite3 toy.hopt.db "UPDATE trial SET doc = '{' WHERE num = 9"; hopt replay 2>&1
study           toy
repeated        10 proposals, 4 not as recorded
given points    1, not the sampler's
damaged         1, which can't be read

NUM	PARAMETER	RECORDED	REPEATED
6	x	-	-1.7590020896226832
6	kind	-	b
10	x	0.5091471694645762	-4.2800563674565515
10	kind/a/rate	0.006135740000836296	0.09290362606062177
11	x	0.9835428141576266	-0.564585545519166
11	kind/a/rate	0.003672570071629491	0.00354273545304738

trial 4: its values and the parameters that the objective got contradict each other
trial 6: the recorded values do not fit the space
trial 10: trial 9, which it knew, can't be read any more
trial 11: trial 9, which it knew, can't be read any more
[1]
$ sqlite3 toy.hopt.db "UPDATE trial SET doc = json_remove(doc, '\$.by', '\$.view') WHERE num <> 9"; hopt replay --json | tail -1
{"study":"toy","checked":0,"same":0,"different":0,"given":1,"not_repeatable":10,"unreadable":1}
! hopt replay: study toy: hopt proposed none of these trials, so they have no seed to repeat anything from
$ hopt replay --from 5 --to 5
study           toy
repeated        no proposal
without a seed  1, which hopt did not propose and can't repeat; the first is 5
damaged         1, which can't be read
! hopt replay: study toy: hopt proposed none of these trials, so they have no seed to repeat anything from
[1]
# Asked, added, failed, retried.
$ sed 's/"toy"/"hand"/; s/"random"/"anneal"/' study.json > hand.json; hopt study create -q hand.json -s sqlite:hand.hopt.db
> for i in 1 2 3; do hopt ask hand > /dev/null; done; hopt tell hand 1 --fail no; hopt tell hand 0 1.5
> echo '{"x": 2, "kind": {"_name": "b"}}' | hopt trials add -q hand -; hopt ask hand > /dev/null
> hopt tell hand 2 3; hopt ask hand > /dev/null; hopt replay hand
study           hand
repeated        4 proposals, all as recorded
given points    2, not the sampler's
