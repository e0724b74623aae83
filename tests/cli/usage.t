# What is typed wrongly gets one line on standard error and exit code 2.
$ hopt --version
hopt 0.1.0
$ hopt version --json
{"version":"0.1.0"}
$ hopt chekc
! hopt: unknown command "chekc"; did you mean "hopt check"?
[2]
$ hopt frobnicate
! hopt: unknown command "frobnicate"; "hopt --help" lists them
[2]
$ hopt study craete
! hopt study: unknown command "craete"; did you mean "hopt study create"?
[2]
$ hopt run
! hopt run: STUDY.json is missing (the study file); usage: hopt run [OPTIONS] STUDY.json
[2]
$ hopt run --jbos 3 x.json
! hopt run: unknown option --jbos; did you mean --jobs?
[2]
$ hopt run x.json -j 0
! hopt run: option -j: "0" is not valid; give a whole number from 1 to 1024
[2]
$ hopt run x.json -j ten
! hopt run: option -j: "ten" is not valid; give a whole number from 1 to 1024
[2]
$ hopt run x.json --max-trials 0
! hopt run: option --max-trials: "0" is not valid; give a whole number from 1 to 1000000
[2]
$ hopt run x.json --timeout soon
! hopt run: option --timeout: "soon" is not valid; give a time such as 90s, 5m or 1.5h, N ms to 366d 00h
[2]
$ hopt run x.json y.json
! hopt run: unexpected argument "y.json"; see "hopt run --help"
[2]
$ hopt best --format xml
! hopt best: option --format: "xml" is not valid; give one of text, json, env, args
[2]
$ hopt trials show seven
! hopt trials show: "seven" is no trial number; give 0, 1, 2, ...
[2]
$ hopt trials list --state lost
! hopt trials list: option --state: "lost" is not valid; give one of new, running, done, error, cancel
[2]
$ hopt best
! hopt best: which store? There is no *.hopt.db file in this folder; give --store URI or set HOPT_STORE
[2]
$ hopt best --store nonsense:
! hopt best: store URI: write sqlite:PATH, sqlite::memory:, mongodb://host:port/db or mongo://host:port/db/jobs
[2]
$ hopt best --store sqlite:absent.db
! hopt best: absent.db: No such file or directory
[3]
$ HOPT_STORE=sqlite:absent.db hopt study list
! hopt study list: absent.db: No such file or directory
[3]
$ hopt tell 3
! hopt tell: usage: hopt tell [STUDY] NUM LOSS | [STUDY] NUM --fail REASON | [STUDY] NUM --result JSON
[2]
$ hopt report 1.5 2
! hopt report: STEP: "1.5" is no whole number
[2]
$ hopt report 1 two
! hopt report: LOSS: "two" is no number
[2]
$ hopt report 3 -0.5
{"report":{"step":3,"loss":-0.5}}
$ hopt help study pause
Usage: hopt study pause [OPTIONS] [STUDY]

Stop claiming trials of a study.

No trial is claimed any more within seconds; running ones go on to their end.
"hopt study resume" takes the study up again.

Arguments:
  STUDY                   name of the study, or its file; may be left out when
                          the store has just one

Options:
  -s, --store URI         where the studies are: sqlite:PATH,
                          mongodb://HOST/DATABASE, or hyperopt's
                          mongo://HOST:PORT/DATABASE/jobs; @FILE: as the one
                          line of that file says [HOPT_STORE, default: the
                          *.hopt.db file in this folder]
      --json              print JSON, one object a line, for programs
  -q, --quiet             print results and errors only
  -h, --help              print this help
      --version           print the version
$ hopt help nothing
! hopt help: unknown command "nothing"; "hopt --help" lists them
[2]
