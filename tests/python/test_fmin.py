"""fmin: hyperopt's arguments with hyperopt's meaning, and what is ours."""
import contextlib
import functools
import io
import os
import pickle
import signal
import tempfile
import threading
import time
import unittest

import hopt
from hopt import STATUS_FAIL, STATUS_OK, FMinIter, Trials, anneal, fmin, gp, hp, mix, rand, tpe
from hopt.early_stop import no_progress_loss
from hopt.exceptions import AllTrialsFailed, InvalidLoss, InvalidResultStatus
from support import has_numpy, np, seeded, values

SPACE = hp.uniform("x", -5, 5)
quiet = functools.partial(fmin, verbose=False)


def quadratic(x):
    return (x - 3) ** 2


def waits(x):
    time.sleep(0.02)
    return quadratic(x)


class Arguments(unittest.TestCase):
    def test_algorithms(self):
        for algo, n in ((tpe.suggest, 50), (hopt.hyperopt.suggest, 50), (rand.suggest, 500),
                        (anneal.suggest, 30), (gp.suggest, 30), (None, 50),
                        (functools.partial(tpe.suggest, n_startup_jobs=5, gamma=0.3), 50)):
            trials = Trials()
            best = quiet(quadratic, SPACE, algo=algo, max_evals=n, trials=trials, rstate=seeded(123))
            self.assertLess(abs(best["x"] - 3), 0.25)
            self.assertEqual(len(trials), n)
            self.assertEqual(best, trials.argmin)

    def test_an_option_that_no_sampler_has(self):
        with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'gama'"):
            quiet(quadratic, SPACE, algo=functools.partial(tpe.suggest, gama=1), max_evals=1)
        with self.assertRaisesRegex(hopt.exceptions.LibraryError, "candidates"):
            quiet(quadratic, SPACE, algo=functools.partial(tpe.suggest, candidates=0), max_evals=1)

    @unittest.skipUnless(has_numpy, "mix needs numpy")
    def test_mix(self):
        algo = functools.partial(mix.suggest, p_suggest=[
            (0.1, rand.suggest), (0.2, anneal.suggest), (0.7, hopt.hyperopt.suggest)])
        self.assertLess(abs(quiet(quadratic, SPACE, algo=algo, max_evals=60,
                                  rstate=seeded(1))["x"] - 3), 0.5)

    def test_an_algorithm_of_ones_own(self):
        def grid(new_ids, domain, trials, seed):
            if len(trials) >= 5:
                return []  # it is through
            docs = rand.suggest(new_ids, domain, trials, seed)
            for doc in docs:
                doc["misc"]["vals"]["x"] = [float(doc["tid"])]
            return docs

        trials = Trials()
        self.assertEqual(quiet(quadratic, SPACE, algo=grid, max_evals=50, trials=trials), {"x": 3.0})
        self.assertEqual([v["x"][0] for v in values(trials)], [0, 1, 2, 3, 4])

    def test_the_same_seed_makes_the_same_trials(self):
        for algo in (tpe.suggest, hopt.hyperopt.suggest, anneal.suggest, rand.suggest):
            runs = []
            for seed in (7, 7, 8):
                trials = Trials()
                quiet(quadratic, SPACE, algo=algo, max_evals=30, trials=trials, rstate=seeded(seed))
                runs.append(values(trials))
            self.assertEqual(runs[0], runs[1])
            self.assertNotEqual(runs[0], runs[2])

    @unittest.skipUnless(has_numpy, "numpy is not here")
    def test_a_generator_and_its_seed_are_the_same(self):
        for algo in (tpe.suggest, hopt.hyperopt.suggest):
            runs = []
            for rstate in (np.random.default_rng(5), 5, np.random.Generator(np.random.PCG64(5))):
                trials = Trials()
                quiet(quadratic, SPACE, algo=algo, max_evals=25, trials=trials, rstate=rstate)
                runs.append(values(trials))
            self.assertEqual(runs[0], runs[1])
            self.assertEqual(runs[0], runs[2])

    def test_the_seed_in_the_environment(self):
        os.environ["HYPEROPT_FMIN_SEED"] = "11"
        try:
            runs = []
            for _ in range(2):
                trials = Trials()
                quiet(quadratic, SPACE, max_evals=12, trials=trials)
                runs.append(values(trials))
        finally:
            del os.environ["HYPEROPT_FMIN_SEED"]
        self.assertEqual(runs[0], runs[1])

    def test_timeout(self):
        trials = Trials()
        began = time.monotonic()
        quiet(waits, SPACE, trials=trials, timeout=0.5, rstate=seeded(1))
        self.assertGreaterEqual(time.monotonic() - began, 0.5)
        self.assertGreater(len(trials), 0)
        for bad in (0, -1, True, "1"):
            with self.assertRaisesRegex(Exception, "timeout argument should be None or a positive"):
                quiet(quadratic, SPACE, max_evals=1, timeout=bad)

    def test_loss_threshold(self):
        trials = Trials()
        quiet(quadratic, SPACE, trials=trials, loss_threshold=0.001, rstate=seeded(2))
        losses = trials.losses()
        self.assertLess(losses[-1], 0.001)
        self.assertTrue(all(loss >= 0.001 for loss in losses[:-1]))
        for bad in (True, "a"):
            with self.assertRaisesRegex(Exception, "loss_threshold argument should be None or a num"):
                quiet(quadratic, SPACE, max_evals=1, loss_threshold=bad)

    def test_early_stop(self):
        trials = Trials()
        seen = []

        def stop(trials, count=0):
            seen.append(len(trials))
            return count + 1 >= 40, [count + 1]

        quiet(quadratic, SPACE, trials=trials, early_stop_fn=stop, rstate=seeded(2))
        self.assertEqual(len(trials), 40)
        self.assertEqual(seen, list(range(1, 41)))

    def test_no_progress_loss(self):
        trials = Trials()
        quiet(lambda x: -1.0, SPACE, trials=trials, early_stop_fn=no_progress_loss(10))
        self.assertEqual(len(trials), 10)
        losses = iter([5, 4, 4, 3, 3, 3, 3, 3])
        trials = Trials()
        quiet(lambda x: next(losses), SPACE, trials=trials, early_stop_fn=no_progress_loss(4))
        self.assertEqual(trials.losses(), [5, 4, 4, 3, 3, 3, 3, 3])

    def test_points_to_evaluate(self):
        space = hp.choice("k", [{"x": hp.uniform("x", 0, 4)}, {"y": hp.randint("y", 5)}])
        trials = Trials()
        quiet(lambda p: p.get("x", 9) + p.get("y", 0), space, max_evals=4, trials=trials,
              points_to_evaluate=[{"k": 0, "x": 0.5}, {"k": 1, "y": 3, "x": 2.0}])
        self.assertEqual(len(trials), 6)
        self.assertEqual(trials.losses()[:2], [0.5, 12])
        self.assertEqual(trials.trials[1]["misc"]["vals"], {"k": [1], "x": [], "y": [3]})
        for bad, why in (([{"k": 0}], "gives no value of 'x'"), ([{"z": 1}], "no parameter 'z'"),
                         ({"k": 0}, "list of dicts"), ([{"k": 2}], "has 2 options")):
            with self.assertRaisesRegex(ValueError, why):
                quiet(lambda p: 0, space, max_evals=1, points_to_evaluate=bad)

    def test_a_point_outside_its_bounds_is_evaluated_but_not_learnt_from(self):
        trials = Trials()
        with self.assertLogs("hopt", "WARNING") as log:
            quiet(quadratic, SPACE, max_evals=20, trials=trials, points_to_evaluate=[{"x": 17.0}])
        self.assertEqual(len(trials), 21)
        self.assertEqual(trials.losses()[0], 196)
        self.assertIn("leaves trial 0 out", log.output[0])
        self.assertEqual(len(log.output), 1)

    def test_return_argmin(self):
        space = {"x": SPACE, "k": hp.choice("k", ["a", "b"])}
        best = quiet(lambda p: quadratic(p["x"]), space, max_evals=30, return_argmin=False,
                     rstate=seeded(3))
        self.assertIn(best["k"], ("a", "b"))
        self.assertIsNone(quiet(quadratic, SPACE, max_evals=0, return_argmin=False))
        with self.assertRaisesRegex(Exception, "no evaluation tasks"):
            quiet(quadratic, SPACE, max_evals=0)

    def test_annotated(self):
        def objective(x: hp.uniform("x", -1, 1), k: hp.choice("k", [1, 2])):
            return x * k

        best = quiet(objective, "annotated", max_evals=40, rstate=seeded(4))
        self.assertEqual(best["k"], 1)

        def wrong(x: int):
            return x

        with self.assertRaises(hopt.exceptions.InvalidAnnotatedParameter):
            quiet(wrong, "annotated", max_evals=1)

    def test_pass_expr_memo_ctrl(self):
        @hopt.fmin_pass_expr_memo_ctrl
        def objective(expr, memo, ctrl):
            ctrl.attachments["seen"] = b"1"
            return {"status": STATUS_OK, "loss": quadratic(hopt.pyll.rec_eval(expr, memo=memo))}

        trials = Trials()
        quiet(objective, SPACE + 0, max_evals=5, trials=trials)
        self.assertEqual(trials.trial_attachments(trials.trials[4])["seen"], b"1")
        quiet(lambda expr, memo, ctrl: 1.0, SPACE, max_evals=2, pass_expr_memo_ctrl=True)

    def test_max_queue_len(self):
        trials = Trials()
        quiet(quadratic, SPACE, max_evals=30, max_queue_len=4, trials=trials, rstate=seeded(1))
        self.assertEqual(len(trials), 30)
        self.assertEqual(trials.tids, list(range(30)))

    def test_progress(self):
        seen = []

        @contextlib.contextmanager
        def progress(initial, total):
            class Context:
                def update(self, n):
                    seen.append(n)

            seen.append((initial, total))
            context = Context()
            yield context
            seen.append(context.postfix)

        fmin(quadratic, SPACE, max_evals=5, show_progressbar=progress, rstate=seeded(1))
        self.assertEqual(seen[0], (0, 5))
        self.assertEqual(seen[1:6], [1] * 5)
        self.assertRegex(seen[6], "best loss: ")
        with contextlib.redirect_stderr(io.StringIO()):
            fmin(quadratic, SPACE, max_evals=5)
            fmin(quadratic, SPACE, max_evals=5, show_progressbar=False)

    def test_a_space_with_few_points(self):
        trials = Trials()
        quiet(lambda k: k, hp.choice("k", [3, 1, 2]), max_evals=9, trials=trials, rstate=seeded(1))
        self.assertEqual(len(trials), 9)
        self.assertEqual({v["k"][0] for v in values(trials)[:3]}, {0, 1, 2})


class Results(unittest.TestCase):
    def test_what_an_objective_returns(self):
        def objective(x):
            return {"loss": quadratic(x), "status": STATUS_OK, "loss_variance": 0.1, "object": {1, 2},
                    "attachments": {"model": b"bytes", "note": "text"}}

        trials = Trials()
        quiet(objective, SPACE, max_evals=4, trials=trials, rstate=seeded(1))
        first = trials.trials[0]
        self.assertEqual(first["result"]["object"], {1, 2})
        self.assertNotIn("attachments", first["result"])
        attachments = trials.trial_attachments(first)
        self.assertEqual((attachments["model"], attachments["note"]), (b"bytes", "text"))
        self.assertIn("model", attachments)
        self.assertEqual(sorted(attachments), ["model", "note"])
        self.assertEqual(trials.results[0], first["result"])
        self.assertEqual(trials.statuses(), ["ok"] * 4)
        self.assertEqual(trials.vals["x"], [v["x"][0] for v in values(trials)])
        self.assertEqual(trials.idxs["x"], [0, 1, 2, 3])
        self.assertEqual(first["state"], hopt.JOB_STATE_DONE)
        self.assertLessEqual(first["book_time"], first["refresh_time"])
        self.assertEqual(trials.best_trial["result"]["loss"], min(trials.losses()))

    def test_failures(self):
        def objective(x):
            return {"status": STATUS_FAIL} if x < 0 else {"status": STATUS_OK, "loss": x}

        trials = Trials()
        best = quiet(objective, SPACE, max_evals=40, trials=trials, rstate=seeded(5))
        self.assertGreaterEqual(best["x"], 0)
        self.assertIn("fail", trials.statuses())
        with self.assertRaises(AllTrialsFailed):
            quiet(lambda x: {"status": STATUS_FAIL}, SPACE, max_evals=3)
        with self.assertRaises(InvalidLoss):
            quiet(lambda x: {"status": STATUS_OK}, SPACE, max_evals=3)
        with self.assertRaises(InvalidResultStatus):
            quiet(lambda x: {"status": "good", "loss": 1}, SPACE, max_evals=3)

    def test_nan(self):
        trials = Trials()
        best = quiet(lambda x: float("nan") if x < 2 else x, SPACE, max_evals=40, trials=trials,
                     rstate=seeded(1))
        self.assertGreaterEqual(best["x"], 2)

    def test_exceptions(self):
        def objective(x):
            if x < 0:
                raise KeyError("too low")
            return x

        trials = Trials()
        with self.assertRaisesRegex(KeyError, "too low"):
            quiet(objective, SPACE, max_evals=50, trials=trials, algo=rand.suggest, rstate=seeded(1))
        broken = trials._dynamic_trials[-1]
        self.assertEqual(broken["state"], hopt.JOB_STATE_ERROR)
        self.assertEqual(len(trials), len(trials._dynamic_trials) - 1)

        trials = Trials()
        best = quiet(objective, SPACE, max_evals=50, trials=trials, algo=rand.suggest,
                     rstate=seeded(1), catch_eval_exceptions=True)
        self.assertGreaterEqual(best["x"], 0)
        errors = [t for t in trials._dynamic_trials if t["state"] == hopt.JOB_STATE_ERROR]
        self.assertEqual(len(errors) + len(trials), 50)
        self.assertEqual(errors[0]["misc"]["error"], ("<class 'KeyError'>", "'too low'"))
        self.assertIn('raise KeyError("too low")', errors[0]["misc"]["log"])

    def test_interrupted(self):
        def objective(x):
            if len(trials) >= 3:
                raise KeyboardInterrupt
            return x

        trials = Trials()
        with self.assertRaises(KeyboardInterrupt):
            quiet(objective, SPACE, max_evals=50, trials=trials)
        self.assertEqual(trials._dynamic_trials[-1]["state"], hopt.JOB_STATE_CANCEL)
        quiet(quadratic, SPACE, max_evals=10, trials=trials)
        self.assertEqual(len(trials), 10)

    @unittest.skipUnless(has_numpy, "numpy is not here")
    def test_numpy_losses(self):
        trials = Trials()
        quiet(lambda x: np.float32(x), SPACE, max_evals=3, trials=trials)
        self.assertTrue(all(isinstance(loss, float) for loss in trials.losses()))
        self.assertGreater(trials.average_best_error(), -6)


class GoingOn(unittest.TestCase):
    def test_more_evaluations(self):
        trials = Trials()
        quiet(quadratic, SPACE, max_evals=10, trials=trials, rstate=seeded(1))
        first = values(trials)
        quiet(quadratic, SPACE, max_evals=25, trials=trials, rstate=seeded(2))
        self.assertEqual(len(trials), 25)
        self.assertEqual(values(trials)[:10], first)
        self.assertEqual(trials.tids, list(range(25)))

    def test_pickled(self):
        trials = Trials()
        quiet(quadratic, SPACE, max_evals=10, trials=trials, rstate=seeded(1))
        again = pickle.loads(pickle.dumps(trials))
        for each in (trials, again):
            quiet(quadratic, SPACE, max_evals=30, trials=each, algo=hopt.hyperopt.suggest,
                  rstate=seeded(2))
        self.assertEqual(values(trials), values(again))

    def test_trials_save_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "trials.pkl")
            quiet(quadratic, SPACE, max_evals=6, trials_save_file=path)
            quiet(quadratic, SPACE, max_evals=9, trials_save_file=path)
            with open(path, "rb") as file:
                self.assertEqual(len(pickle.load(file)), 9)
            self.assertEqual(os.listdir(folder), ["trials.pkl"])

    def test_a_trial_that_was_changed_is_seen(self):
        """The sampler learns from the documents as they are."""
        trials = Trials()
        quiet(quadratic, SPACE, max_evals=30, trials=trials, rstate=seeded(1))
        for trial in trials.trials:
            trial["result"] = {"status": STATUS_OK, "loss": (trial["misc"]["vals"]["x"][0] + 3) ** 2}
        quiet(lambda x: (x + 3) ** 2, SPACE, max_evals=60, trials=trials, rstate=seeded(1))
        self.assertLess(abs(trials.argmin["x"] + 3), 0.25)

    def test_iterator(self):
        domain = hopt.Domain(quadratic, SPACE)
        trials = Trials()
        lengths = [len(t) for t in FMinIter(tpe.suggest, domain, trials, seeded(1), max_evals=5)]
        self.assertEqual(lengths, [1, 2, 3, 4])
        self.assertEqual(len(trials), 5)

    def test_trials_of_documents(self):
        trials = Trials()
        quiet(quadratic, SPACE, max_evals=10, trials=trials)
        copy = hopt.trials_from_docs(trials.trials)
        self.assertEqual(copy.losses(), trials.losses())
        with self.assertRaises(hopt.exceptions.InvalidTrial):
            hopt.trials_from_docs([{"tid": 1}])
        trials.delete_all()
        self.assertEqual(len(trials), 0)


class Parallel(unittest.TestCase):
    def test_threads(self):
        together = set()

        def objective(x):
            together.add(threading.get_ident())
            return waits(x)

        trials = Trials()
        best = quiet(objective, SPACE, max_evals=40, trials=trials, parallelism=4, rstate=seeded(1))
        self.assertLess(abs(best["x"] - 3), 0.6)
        self.assertEqual(len(trials), 40)
        self.assertGreater(len(together), 1)
        self.assertLessEqual(len(together), 4)

    def test_processes(self):
        def objective(x):
            return {"status": STATUS_OK, "loss": waits(x), "pid": os.getpid(),
                    "attachments": {"pid": str(os.getpid()).encode()}}

        trials = Trials()
        quiet(objective, SPACE, max_evals=20, trials=trials, parallelism=3, backend="processes")
        pids = {result["pid"] for result in trials.results}
        self.assertEqual(len(pids), 20)
        self.assertNotIn(os.getpid(), pids)
        for trial in trials.trials:
            self.assertEqual(int(trials.trial_attachments(trial)["pid"]), trial["result"]["pid"])

    def test_a_process_that_crashes(self):
        def objective(x):
            if x < -2:
                os.kill(os.getpid(), signal.SIGKILL)
            if x < 0:
                raise ValueError("low")
            if x < 1:
                os._exit(3)
            return x

        trials = Trials()
        quiet(objective, SPACE, max_evals=40, trials=trials, parallelism=2, backend="processes",
              algo=rand.suggest, catch_eval_exceptions=True, rstate=seeded(1))
        errors = {t["misc"]["error"] for t in trials._dynamic_trials if t["state"] == 3}
        self.assertEqual(errors, {
            ("Process", "the objective's process was killed by signal 9 (SIGKILL)"),
            ("Process", "the objective's process was ended with exit code 3"),
            ("<class 'ValueError'>", "low")})
        with self.assertRaisesRegex(ValueError, "low"):
            quiet(lambda x: (_ for _ in ()).throw(ValueError("low")), SPACE, max_evals=9,
                  backend="processes")

    def test_a_result_that_does_not_pickle(self):
        trials = Trials()
        quiet(lambda x: {"status": "ok", "loss": x, "f": lambda: 0}, SPACE, max_evals=2,
              trials=trials, backend="processes", catch_eval_exceptions=True, return_argmin=False)
        self.assertIn("can't be sent", trials._dynamic_trials[0]["misc"]["error"][1])

    def test_timeout_kills_processes(self):
        def objective(x):
            time.sleep(600)

        trials = Trials()
        with self.assertRaises(Exception):  # there is no argmin
            quiet(objective, SPACE, trials=trials, parallelism=2, backend="processes", timeout=2)
        self.assertEqual({t["state"] for t in trials._dynamic_trials}, {hopt.JOB_STATE_CANCEL})

    def test_an_exception_ends_all(self):
        def objective(x):
            if len(trials) > 10:
                raise KeyError("enough")
            return waits(x)

        trials = Trials()
        with self.assertRaisesRegex(KeyError, "enough"):
            quiet(objective, SPACE, max_evals=1000, trials=trials, parallelism=4)
        self.assertLess(len(trials._dynamic_trials), 30)
        self.assertNotIn(1, {t["state"] for t in trials._dynamic_trials})

    def test_early_stop_sees_what_ended(self):
        trials = Trials()
        quiet(lambda x: (time.sleep(0.01), -1.0)[1], SPACE, trials=trials, parallelism=3,
              early_stop_fn=no_progress_loss(10))
        self.assertLess(len(trials), 20)

    def test_wrong_arguments(self):
        for bad in (0, -1, 1.5, True):
            with self.assertRaisesRegex(ValueError, "parallelism must be an integer"):
                quiet(quadratic, SPACE, max_evals=1, parallelism=bad)
        with self.assertRaisesRegex(ValueError, "'threads' or 'processes'"):
            quiet(quadratic, SPACE, max_evals=1, backend="spark")


if __name__ == "__main__":
    unittest.main()
