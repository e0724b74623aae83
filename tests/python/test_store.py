"""Trials in a store, and Study. HOPT_TEST_STORE: another one than a SQLite file, e.g. MongoDB's URI; with
HOPT_BIN set, hopt(1) looks at the same store."""
import contextlib
import functools
import json
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid

import hopt
from hopt import STATUS_FAIL, STATUS_OK, Study, Trials, fmin, hp, mix, rand, tpe
from hopt.exceptions import LibraryError, SpaceExhausted
from support import has_numpy, np, seeded, values

REMOTE = "HOPT_TEST_STORE" in os.environ  # a server's answer takes milliseconds
quiet = functools.partial(fmin, verbose=False)
SPACE = {"x": hp.uniform("x", -5, 5), "k": hp.choice("k", [
    {"f": abs, "n": hp.randint("n", 3)}, {"f": float}])}


def objective(p):
    return p["k"]["f"]((p["x"] - 3) ** 2) + p["k"].get("n", 0.5)


def hopt_program(*arguments):
    """What hopt(1) prints; None where the programs are not here."""
    folder = os.environ.get("HOPT_BIN")
    if not folder:
        return None
    environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    return subprocess.run([os.path.join(folder, "hopt"), *arguments], check=True,
                          capture_output=True, text=True, env=environment).stdout


class InAStore(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.name = "s" + uuid.uuid4().hex[:12]
        self.store = os.environ.get("HOPT_TEST_STORE") or "sqlite:%s/t.hopt.db" % self.folder
        if REMOTE:
            self.addCleanup(self.delete)

    def delete(self):
        try:
            hopt_program("study", "delete", self.name, "--yes", "--store", self.store)
        except subprocess.CalledProcessError as error:
            self.assertEqual(error.returncode, 4)  # the test made none

    def trials(self):
        trials = Trials(store=self.store, exp_key=self.name)
        self.addCleanup(trials.close)
        return trials

    def study(self, space, **more):
        study = Study(space, store=self.store, name=self.name, **more)
        self.addCleanup(study.close)
        return study


class StoredTrials(InAStore):
    def test_kept_and_gone_on_with(self):
        trials = self.trials()
        self.assertEqual(len(trials), 0)
        best = quiet(objective, SPACE, max_evals=15, trials=trials, rstate=seeded(1))
        self.assertEqual(len(trials), 15)
        trials.close()

        again = self.trials()
        self.assertEqual(len(again), 15)
        self.assertEqual(again.argmin, best)
        self.assertEqual(again.losses(), trials.losses())
        self.assertEqual(again.vals, trials.vals)
        self.assertEqual([t["book_time"] is not None for t in again.trials], [True] * 15)
        quiet(objective, SPACE, max_evals=40, trials=again, rstate=seeded(1))
        self.assertEqual(len(again), 40)
        self.assertEqual(again.tids, list(range(40)))
        self.assertLess(min(again.losses()), 1)

        printed = hopt_program("export", self.name, "--store", self.store)
        if printed is not None:
            lines = [json.loads(line) for line in printed.splitlines()]
            self.assertEqual([line["loss"] for line in lines], again.losses())
            replayed = hopt_program("replay", self.name, "--store", self.store)
            self.assertIn("40 proposals, all as recorded", replayed)

    def test_as_in_memory(self):
        """The same seed, the same trials, wherever they are kept."""
        algorithms = (hopt.hyperopt.suggest, tpe.suggest, rand.suggest, hopt.anneal.suggest)
        for i, algo in enumerate(algorithms[:1] if REMOTE else algorithms):
            memory, stored = Trials(), Trials(store=self.store, exp_key=self.name + str(i))
            for trials in (memory, stored):
                quiet(objective, SPACE, algo=algo, max_evals=10 if REMOTE else 30, trials=trials,
                      rstate=seeded(9))
            self.assertEqual(values(memory), values(stored))
            self.assertEqual(memory.losses(), stored.losses())
            stored.close()
            if REMOTE:
                hopt_program("study", "delete", self.name + str(i), "--yes", "--store", self.store)

    def test_another_space_is_refused(self):
        quiet(objective, SPACE, max_evals=2, trials=self.trials())
        with self.assertRaisesRegex(LibraryError, "`y`|`x`|`k`"):
            quiet(lambda p: p, hp.uniform("y", 0, 1), max_evals=2, trials=self.trials())

    def test_results_attachments_errors(self):
        def result(p):
            if p["x"] < -2:
                raise ValueError("too low\nby far")
            if p["x"] < 0:
                return {"status": STATUS_FAIL, "status_fail": "low"}
            array = np.arange(3) if has_numpy else [0, 1, 2]
            return {"status": STATUS_OK, "loss": p["x"], "array": array, "text": "é\n",
                    "attachments": {"model": bytes(range(256)), "note": "text"}}

        trials = self.trials()
        quiet(result, SPACE, max_evals=20, trials=trials, algo=rand.suggest, rstate=seeded(3),
              catch_eval_exceptions=True)
        again = self.trials()
        self.assertEqual(again.statuses(), trials.statuses())
        ok = again.best_trial
        self.assertEqual((ok["result"]["array"], ok["result"]["text"]), ([0, 1, 2], "é\n"))
        attachments = again.trial_attachments(ok)
        self.assertEqual(attachments["model"], bytes(range(256)))
        self.assertEqual(sorted(attachments), ["model", "note"])
        with self.assertRaises(KeyError):
            attachments["none"]
        failed = next(t for t in again.trials if t["result"]["status"] == "fail")
        self.assertEqual(failed["result"]["status_fail"], "low")
        error = next(t for t in again._dynamic_trials if t["state"] == hopt.JOB_STATE_ERROR)
        self.assertEqual(error["misc"]["error"], ("<class 'ValueError'>", "too low\nby far"))
        self.assertIn('raise ValueError("too low\\nby far")', again.trial_log(error))
        printed = hopt_program("trials", "show", self.name, str(error["tid"]), "--log", "--store",
                               self.store)
        if printed is not None:
            self.assertIn("Traceback", printed)

    def test_what_a_store_can_not_keep(self):
        trials = self.trials()
        with self.assertRaisesRegex(TypeError, r"result\['model'\] is a object"):
            quiet(lambda p: {"status": "ok", "loss": 1, "model": object()}, SPACE, max_evals=3,
                  trials=trials)
        self.assertEqual([t["state"] for t in trials._dynamic_trials], [hopt.JOB_STATE_ERROR])
        with self.assertRaisesRegex(TypeError, "not pickled"):
            json.dumps(trials.__getstate__())

    def test_points_to_evaluate(self):
        trials = self.trials()
        quiet(objective, SPACE, max_evals=3, trials=trials,
              points_to_evaluate=[{"x": 3.0, "k": 1}, {"x": 2.0, "k": 0, "n": 2}])
        self.assertEqual(trials.losses()[:2], [0.5, 3.0])
        self.assertEqual(len(trials), 5)

    @unittest.skipUnless(has_numpy, "mix needs numpy")
    def test_an_algorithm_of_ones_own(self):
        algo = functools.partial(mix.suggest, p_suggest=[(0.5, rand.suggest), (0.5, tpe.suggest)])
        memory, stored = Trials(), self.trials()
        for trials in (memory, stored):
            quiet(objective, SPACE, algo=algo, max_evals=12, trials=trials,
                  rstate=np.random.default_rng(np.random.PCG64(5).advance(3)))
        self.assertEqual(len(stored), 12)
        self.assertEqual(len(self.trials()), 12)

    def test_a_space_with_few_points(self):
        trials = self.trials()
        quiet(lambda k: k, hp.choice("k.k", [3, 1, 2]), max_evals=9, trials=trials)
        self.assertEqual(len(trials), 9)
        self.assertEqual({v["k.k"][0] for v in values(trials)[:3]}, {0, 1, 2})

    def test_parallel(self):
        def slowly(p):
            time.sleep(0.01)
            return {"status": "ok", "loss": objective(p), "attachments": {"pid": str(os.getpid())}}

        trials = self.trials()
        quiet(slowly, SPACE, max_evals=10, trials=trials, parallelism=4)
        quiet(slowly, SPACE, max_evals=20, trials=trials, parallelism=3, backend="processes")
        again = self.trials()
        self.assertEqual(len(again), 20)
        pids = {again.trial_attachments(t)["pid"] for t in again.trials}
        self.assertEqual(len(pids), 11)

    def test_an_interrupted_trial_is_evaluated_again(self):
        def interrupts(p):
            if len(trials) == 3 and not done:
                done.append(1)
                raise KeyboardInterrupt
            return objective(p)

        trials, done = self.trials(), []
        with self.assertRaises(KeyboardInterrupt):
            quiet(interrupts, SPACE, max_evals=9, trials=trials, rstate=seeded(1))
        trials.close()
        trials = self.trials()
        quiet(interrupts, SPACE, max_evals=9, trials=trials, rstate=seeded(1))
        self.assertEqual(sorted(trials.tids), list(range(9)))
        self.assertEqual(trials.statuses(), ["ok"] * 9)

    @unittest.skipIf(REMOTE, "it reaches into the file")
    def test_a_trial_that_somebody_took_over(self):
        def objective(p):
            if len(trials) == 3:
                with contextlib.closing(sqlite3.connect(self.store[len("sqlite:"):])) as file:
                    file.execute("UPDATE trial SET lease = lease + 1 WHERE num = 2")
                    file.commit()
            return p["x"]

        trials = self.trials()
        with self.assertLogs("hopt", "WARNING") as log:
            quiet(objective, SPACE, max_evals=6, trials=trials)
        self.assertIn("trial 2 was ended or taken over by somebody else", log.output[0])
        # In the store it is as it was: somebody else's.
        states = [trial["state"] for trial in trials._dynamic_trials]
        self.assertEqual(states[2], hopt.JOB_STATE_RUNNING)
        self.assertEqual(states.count(hopt.JOB_STATE_DONE), 5)

    def test_two_programs_at_once(self):
        context = multiprocessing.get_context("spawn")
        jobs = [context.Process(target=optimize, args=(self.store, self.name)) for _ in range(2)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join(240)
            self.assertEqual(job.exitcode, 0)
        trials = self.trials()
        self.assertGreaterEqual(len(trials), 40)
        self.assertLessEqual(len(trials), 42)
        self.assertEqual(sorted(trials.tids), list(range(len(trials))))

    def test_a_uri_in_place_of_trials(self):
        if REMOTE:
            self.skipTest("the name of the study would be another")
        quiet(objective, SPACE, max_evals=3, trials=self.store)
        self.assertEqual(len(Trials(store=self.store)), 3)


def optimize(store, name):
    """Another program on the store."""
    trials = Trials(store=store, exp_key=name)
    quiet(objective, SPACE, max_evals=40, trials=trials)
    trials.close()


class AskAndTell(InAStore):
    def test_the_loop(self):
        study = self.study(SPACE, rstate=7)
        for _ in range(40):
            trial = study.ask()
            self.assertEqual(set(trial.params), {"x", "k"})
            self.assertTrue(callable(trial.params["k"]["f"]))
            trial.tell(objective(trial.params))
        self.assertEqual(study.best.loss, min(record.loss for record in study))
        self.assertAlmostEqual(objective(study.best.params), study.best.loss)
        self.assertEqual(len(study), 40)
        self.assertEqual(study.to_trials().argmin, study.best.point)

    def test_every_end(self):
        study = self.study(hp.uniform("x", 0, 1), rstate=1)
        with study.ask() as trial:
            trial.tell({"loss": 1.0, "accuracy": 0.5, "attachments": {"a": b"1"}})
        with study.ask() as trial:
            trial.fail("not here")
        with self.assertRaises(ZeroDivisionError):
            with study.ask() as trial:
                1 / 0
        trial = study.ask()
        self.assertFalse(trial.report(1, 0.5))
        trial.pruned()
        with study.ask() as trial:
            released = trial.num
        again = study.ask()
        self.assertEqual((again.num, again.params), (released, trial.params))
        again.tell(0.25)
        with self.assertRaisesRegex(ValueError, "told already"):
            again.tell(0.5)
        with self.assertRaises(hopt.exceptions.InvalidLoss):
            study.ask().tell({"status": "ok"})
        records = study.trials()
        self.assertEqual([(r.state, r.status) for r in records[:5]], [
            ("done", "ok"), ("done", "fail"), ("error", "new"), ("cancel", "fail"), ("done", "ok")])
        self.assertEqual(records[0].extras, {"accuracy": 0.5})
        self.assertEqual(records[0].attachments, {"a": b"1"})
        self.assertEqual(records[2].error["type"], "<class 'ZeroDivisionError'>")
        self.assertIn("1 / 0", records[2].log)
        self.assertEqual(study.best.num, 4)

    def test_threads(self):
        study = self.study(hp.uniform("x", -5, 5))

        def work():
            for _ in range(5):
                with study.ask() as trial:
                    trial.tell((trial.params - 3) ** 2)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([record.num for record in study], list(range(20)))
        self.assertEqual({record.state for record in study}, {"done"})

    def test_maximize(self):
        study = self.study(hp.uniform("x", 0, 1), direction="maximize", algo=rand.suggest)
        for _ in range(10):
            with study.ask() as trial:
                trial.tell(trial.params)
        self.assertEqual(study.best.loss, max(record.loss for record in study))
        self.assertEqual(study.to_trials().argmin, study.best.point)

    def test_points_and_a_finite_space(self):
        study = self.study(hp.choice("k", ["a", "b", "c"]), points=[{"k": 2}])
        seen = []
        with self.assertRaises(SpaceExhausted):
            while True:
                with study.ask() as trial:
                    seen.append(trial.params)
                    trial.tell(len(seen))
        self.assertEqual(seen[0], "c")
        self.assertEqual(sorted(seen), ["a", "b", "c"])

    def test_look_at_a_study(self):
        study = self.study(SPACE)
        with study.ask() as trial:
            trial.tell(2.5)
        study.close()
        with Study(store=self.store, name=self.name) as again:
            self.assertEqual(again.best.loss, 2.5)
            self.assertEqual(set(again.best.params), {"x", "k"})
            with self.assertRaisesRegex(ValueError, "without its space"):
                again.ask()
        with self.assertRaises(KeyError):
            Study(store=self.store, name="nobody")

    def test_sampler_is_the_study_s(self):
        if not os.environ.get("HOPT_BIN"):
            self.skipTest("HOPT_BIN is not set")

        def sampler(**more):
            with Study(SPACE, store=self.store, name=self.name, **more) as study:
                with study.ask() as trial:
                    trial.tell(1)
            shown = hopt_program("study", "show", self.name, "--json", "--store", self.store)
            return json.loads(shown)["sampler"]

        self.assertEqual(sampler(), "auto")
        self.assertEqual(sampler(algo=tpe.suggest), "tpe")
        self.assertEqual(sampler(), "tpe")
        quiet(objective, SPACE, max_evals=5, trials=self.trials())  # fmin's default
        self.assertEqual(sampler(), "tpe")

    def test_in_memory(self):
        with Study(hp.uniform("x", 0, 1)) as study:
            with study.ask() as trial:
                trial.tell(1)
            self.assertEqual(study.best.loss, 1)

    def test_mistakes(self):
        with self.assertRaisesRegex(ValueError, "direction"):
            Study(SPACE, direction="up")
        with self.assertRaisesRegex(ValueError, "hopt's own"):
            Study(SPACE, algo=print)
        with self.assertRaisesRegex(LibraryError, "name"):
            Study(SPACE, store=self.store, name="not a name")
        with self.assertRaises(LibraryError):
            Study(SPACE, store="sqlite:/nowhere/at/all.db")
        with self.assertRaises(LibraryError):
            Trials(store="ftp://somewhere")


if __name__ == "__main__":
    sys.exit(unittest.main())
