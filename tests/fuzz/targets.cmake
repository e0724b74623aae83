hopt_fuzz_target(study SOURCES fuzz_study.c USES trial CORPUS tests/fuzz/corpus/study)
hopt_fuzz_target(history SOURCES fuzz_history.c USES trial CORPUS tests/fuzz/corpus/history)
hopt_fuzz_target(child SOURCES fuzz_child.c USES worker CORPUS tests/fuzz/corpus/child)
