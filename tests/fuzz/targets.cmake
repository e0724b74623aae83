hopt_fuzz_target(study SOURCES fuzz_study.c USES trial CORPUS tests/fuzz/corpus/study)
hopt_fuzz_target(history SOURCES fuzz_history.c USES trial CORPUS tests/fuzz/corpus/history)
