# hopt suggest without a store: why a point is proposed, its picture, and histories that are wrong.
$ printf '%s\n' '{"name":"toy","space":{"x":{"_type":"uniform","_value":[0,10]},' '"m":{"_type":"choice","_value":[{"_name":"a","y":{"_type":"loguniform","_value":[0.01,1]}},"b"]}},' '"objective":{"command":["echo","1"]}}' > study.json
$ hopt suggest study.json --explain
trial 0: auto by its part gp, startup
  tpe's turn; one of the first 10: a Latin hypercube
  proposed: {"x":8.601262999417905,"m":"b"}
$ i=0; while [ $i -lt 30 ]; do echo "{\"tid\":$i,\"vals\":{\"x\":[$((i % 10))],\"m\":[$((i % 2))],\"m/a/y\":[$([ $((i % 2)) = 0 ] && echo 0.$((i + 1)))]},\"status\":\"ok\",\"loss\":$((i * 7 % 30))}"; i=$((i + 1)); done > history.jsonl
$ hopt suggest study.json --history history.jsonl --explain --seed 3
trial 30: auto by its part gp, model
  tpe's turn; the candidate that is most like the good trials and least like the others
  good: 3 (trials 0: 0, 13: 1, 26: 2)
  others: 27
  proposed: {"x":0.02562926419050178,"m":{"_name":"a","y":0.038396738249425084}}

  label  proposed    ln l/g   good trials                       others
  x      0.0256293   +0.576   ███▇▇▆▅▅▄▃▃▃▂▂▂▂▁▁▁▁▁▁▁▁          ▄▄▄▄▄▄▃▃▃▄▄▄▄▃▃▃▄▄▄▄▄▄▃▁
  m      a           +0.265   a 63% b 37%                       b 52% a 48%
  m/a/y  0.0383967   +0.458   ▂▂▂▂▂▂▃▃▄▅▇▇▇▇▆▅▄▃▃▂▂▂▂▂          ▂▂▂▂▂▂▂▂▂▂▂▃▄▆▇██▆▄▃▃▄▄▄

  the best of 24 candidates; score = ln l - ln g, over all labels at once
       score     ln l     ln g  made by    values in the order of the labels
  *    4.244    0.422   -3.822  recombine  0.0256293, 0, 0.0383967
       3.715    0.249   -3.467  recombine  3.43783, 0, 0.0761275
       3.242   -0.275   -3.518  recombine  0.821424, 0, 0.030577
       2.919   -0.862   -3.781  recombine  0.169073, 0, 0.0245588
       2.789   -0.917   -3.707  blend      2.09446, 0, 0.0268619
       1.947   -1.739   -3.686  recombine  4.2604, 0, 0.0207502
       1.852    1.651   -0.201  recombine  0.653959, 0, 0.0864228
       1.723    1.586   -0.137  mean       0.815854, 0, 0.123973
$ hopt suggest study.json --history history.jsonl --explain --seed 3 --set direction=maximize | grep good:
  good: 3 (trials 17: 29, 4: 28, 21: 27)
$ LC_ALL=C hopt suggest study.json --history history.jsonl --explain --seed 3 --sampler hyperopt
trial 30: hyperopt, model
  each label by itself: of the draws from the good trials' density the one of the highest ratio to the others' density
  good: 2 (trials 0: 0, 13: 1)
  others: 28
  proposed: {"x":0.4027198412590165,"m":"b"}

  label  proposed    ln l/g   good trials                       others
  x      0.40272     +0.782   #@@@@@@###**++==--:::::.          ==+=++===**##**+**+*+#+:
  m      b           +0.017   a 50% b 50%                       a 51% b 49%
$ hopt suggest study.json --history history.jsonl --seed 3 > plain; hopt suggest study.json --history history.jsonl --seed 3 --explain --json | sed 's/,"explain":.*/}/' | cmp - plain
$ hopt suggest study.json --history history.jsonl --explain --json | hopt plot explain -o why.svg; head -c 40 why.svg; grep -c polyline why.svg
<svg xmlns="http://www.w3.org/2000/svg" 4
! wrote why.svg
$ hopt plot explain plain
! hopt plot explain: plain: there is no member "explain": make it with hopt suggest --explain --json
[2]
$ echo '{"explain":{"labels":{"<x>":{"options":["&"],"value":7},"y":3},"candidates":[1,{"score":"a"}]}}' | hopt plot explain | grep -c '&lt;x&gt;'
1
$ hopt plot explain nosuch
! hopt plot explain: nosuch: No such file or directory
[2]
$ echo '{"explain":' | hopt plot explain
! hopt plot explain: standard input:1:12: the text ends too early: a bracket, brace or quote is not closed
[2]
$ hopt plot
! Usage: hopt plot COMMAND [ARGUMENTS]
!
! Draw pictures.
!
! Commands:
!   explain                 draw why a point was proposed
!
! "hopt plot COMMAND --help" says more about one.
!
! Options:
!   -h, --help              print this help
!       --version           print the version
[2]
# Each kind of wrong line says where and which label.
$ bad() { printf '%s\n' "$@" > bad.jsonl; hopt suggest study.json --history bad.jsonl; }; bad 'no json' '{"tid":1,"vals":{"x":[1],"m":[1],"z":[2]},"status":"ok","loss":1}' '{"tid":2,"vals":{"m":[1]},"status":"ok","loss":1}' '{"tid":3,"vals":{"x":[11],"m":[1]},"status":"ok","loss":1}' '{"tid":4,"vals":{"x":[1],"m":[1],"m/a/y":[0.1]},"status":"ok","loss":1}' '{"tid":5,"vals":{"x":[1],"m":[1]},"status":"ok","loss":"1"}' '{"vals":{"x":[1],"m":[1]},"status":"ok","loss":1}'
! hopt suggest: bad.jsonl:1:1: syntax error: invalid token near 'no'
! hopt suggest: bad.jsonl:2: `z` is no label of the space: remove it
! hopt suggest: bad.jsonl:3: `x` is missing: every active parameter needs a value
! hopt suggest: bad.jsonl:4: `x`: 11 is outside of its values: give one of uniform 0 .. 10
! hopt suggest: bad.jsonl:5: `m/a/y` has a value, but is inactive: leave it out
! hopt suggest: bad.jsonl:6: `loss` must be a number or null
! hopt suggest: bad.jsonl:7: the trial has neither `num` nor `tid`
[2]
$ bad() { printf '%s\n' "$@" > bad.jsonl; hopt suggest study.json --history bad.jsonl; }; bad '{"tid":1,"vals":{"x":[1],"m":[1]},"status":"ok","loss":1}' '{"tid":1,"vals":{"x":[2],"m":[1]},"status":"ok","loss":1}'
! hopt suggest: bad.jsonl:2: trial 1 is there twice: line 1 has it too
[2]
$ hopt suggest study.json --set sampler.gamma=0.3
! hopt suggest: study.json: sampler: unknown option "gamma"; `auto` knows: startup, candidates, hand_over, repeat, share
[2]
$ hopt suggest study.json --sampler hyperopt --set sampler.gamma=-1
! hopt suggest: study.json: sampler: "gamma" must be a number between 0 and 1000
[2]
$ hopt suggest study.json --sampler tpe --set sampler.startup=0
! hopt suggest: study.json: sampler: "startup" must be an integer between 1 and 10000
[2]
