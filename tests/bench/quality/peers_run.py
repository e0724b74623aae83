"""Run peers on the problems: peers_run.py BIN RESULTS [options]

With --tasks on the real tuning tasks of tasks.py instead. Appends a line to the file RESULTS for every (sampler, in flight, problem, seed) that it does not have
yet to that many trials, so a run that was stopped goes on. Seed by seed: at any time all problems have about as many.
"""
import argparse
import multiprocessing
import os
import signal
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers
import problems
import results
import tasks


def numbers(text):
    """"3,7-9" -> [3, 7, 8, 9]"""
    out = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        out.extend(range(int(first), int(last or first) + 1))
    return out


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bin", help="folder with libbench_problems.so")
    parser.add_argument("results", help="CSV file to append to")
    usual = [peer for peer in peers.PEERS if peer not in peers.APART]
    parser.add_argument("--peers", default=",".join(usual),
                        help="which, of %s; default: %%(default)s" % ",".join([*peers.PEERS, *peers.OWN]))
    parser.add_argument("--tasks", action="store_true", help="real tuning tasks")
    parser.add_argument("--large", action="store_true", help="the 8 problems of 20 to 60 parameters")
    parser.add_argument("--evaluator", default=sys.executable, metavar="PYTHON",
                        help="evaluates the tasks; for losses to compare, always the same; default: this one")
    parser.add_argument("--problems", help="which, separated by commas; default: all")
    parser.add_argument("--seeds", type=numbers, default="0-19", help="e.g. 0-9,100-109; default %(default)s")
    parser.add_argument("--at", type=numbers, default="25,50,75,100,150,200,300,400",
                        help="record the incumbent's regret after so many trials; the last ends a run")
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--cpus", type=numbers, help="pin process k to the k-th of these")
    return parser.parse_args()


def load(options):
    chosen = tasks.all_tasks() if options.tasks else problems.load(options.bin, options.large)
    return {problem.name: problem for problem in chosen}


def start(options, counter):
    global OPTIONS, PROBLEMS, EVALUATOR
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    OPTIONS, PROBLEMS = options, load(options)
    EVALUATOR = tasks.Evaluator(options.evaluator) if options.tasks else None
    with counter.get_lock():
        number = counter.value
        counter.value += 1
    if options.cpus:
        os.sched_setaffinity(0, {options.cpus[number % len(options.cpus)]})


def run(job):
    peer, problem, seed = job
    if OPTIONS.tasks:
        instance = tasks.TaskInstance(PROBLEMS[problem], problems.open_library(OPTIONS.bin), OPTIONS.at,
                                      EVALUATOR)
    else:
        instance = problems.Instance(PROBLEMS[problem], seed, OPTIONS.at)
    (peers.PEERS | peers.OWN)[peer](instance, seed, OPTIONS.at[-1], OPTIONS.in_flight)
    instance.close()
    return results.line(peer, OPTIONS.in_flight, problem, seed, instance.record, instance.times)


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the pool's processes end too
    known = load(options)
    names = options.problems.split(",") if options.problems else list(known)
    results.create(options.results)
    done = {results.key(row) for row in results.rows(options.results) if results.reached(row) >= options.at[-1]}
    jobs = [(peer, name, seed) for seed in options.seeds for name in names
            for peer in options.peers.split(",")
            if (peer, options.in_flight, name, seed) not in done
            and (known[name].is_tree or peer not in peers.TREES_ONLY)]
    counter = multiprocessing.Value("i", 0)
    with multiprocessing.Pool(options.processes, start, (options, counter)) as pool, \
            open(options.results, "a") as file:
        for line in pool.imap_unordered(run, jobs):
            file.write(line)  # one line, one write: another program may append too
            file.flush()


if __name__ == "__main__":
    main()
