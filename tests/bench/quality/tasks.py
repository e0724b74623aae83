"""Real tuning tasks in the manner of bayesmark: a model of scikit-learn on a data set that it ships.

The loss is the mean over 3 folds of the log loss, for support vectors of 1 - accuracy, for diabetes of the mean squared
error over the variance. Folds
and models have fixed seeds, so a point's loss is always the same. 400 digits of 1,797, small forests and short
training keep an evaluation at some hundredths of a second; the response surfaces are those of real models all the same.
Every number lies in [0, 1] or is a level, and the task scales it: samplers differ in nothing but their choices.

tasks.py        what an evaluation costs
tasks.py serve  loss after loss, as Evaluator asks for them
"""
import json
import math
import subprocess
import sys
import time
import warnings

import problems


def real(low, high, log=True):
    """A number: log uniform unless it is said otherwise."""
    scale = (lambda u: low * (high / low) ** u) if log else (lambda u: low + (high - low) * u)
    return {"_type": "uniform", "_value": [0, 1]}, scale


def level(low, high):
    return {"_type": "uniformint", "_value": [0, high - low]}, lambda k: low + int(k)


def choice(*options):
    """Names, or (name, nested table)."""
    tables = [option if isinstance(option, tuple) else (option, {}) for option in options]
    return tables, None


SVM = {"C": real(1e-3, 1e3), "gamma": real(1e-5, 10), "shrinking": choice(True, False), "tol": real(1e-5, 1e-1)}
KERNELS = {"C": real(1e-3, 1e3), "kernel": choice(
    ("rbf", {"gamma": real(1e-5, 10)}),
    ("poly", {"gamma": real(1e-5, 10), "degree": level(2, 5), "coef0": real(0, 5, log=False)}),
    "linear")}
FOREST = {"max_depth": level(1, 15), "min_samples_split": real(.01, .5), "min_samples_leaf": real(.005, .3),
          "max_features": real(.05, 1, log=False), "bootstrap": choice(True, False)}
BOOSTING = {"learning_rate": real(.005, 1), "n_estimators": level(5, 40), "max_depth": level(1, 5),
            "subsample": real(.3, 1, log=False), "max_features": real(.05, 1, log=False),
            "min_samples_leaf": real(.005, .3)}
MLP = {"hidden": level(4, 48), "alpha": real(1e-6, 10), "learning_rate_init": real(1e-4, .3), "batch_size": level(10, 100),
       "beta_1": real(.5, .98, log=False), "beta_2": real(.8, .9999, log=False), "activation": choice("relu", "tanh", "logistic")}
ANY = {"model": choice(("svm", {"svm_" + k: v for k, v in KERNELS.items()}),
                       ("forest", {"forest_" + k: v for k, v in FOREST.items()}),
                       ("boosting", {"boosting_" + k: v for k, v in BOOSTING.items()}))}
MODELS = {"svm": SVM, "kernels": KERNELS, "forest": FOREST, "boosting": BOOSTING, "mlp": MLP, "any": ANY}
DATA = ["digits", "wine", "breast", "diabetes"]


def relabel(table):
    """Labels are unique all over a tree: gamma of two kernels is two labels."""
    def walk(table, prefix):
        out = {}
        for label, (definition, scale) in table.items():
            if scale is None:
                definition = [(name, walk(nested, prefix + label + "_" + str(name) + "_")) for name, nested in definition]
            out[prefix + label] = (definition, scale)
        return out

    return walk(table, "")


def space_of(table):
    out = {}
    for label, (definition, scale) in table.items():
        if scale is None:
            definition = {"_type": "choice", "_value": [
                dict({"_name": str(i)}, **space_of(nested)) if nested else i for i, (_, nested) in enumerate(definition)]}
        out[label] = definition
    return out


def settings(table, values, prefix=""):
    """The point in the model's own terms, nested choices beside each other under their last names."""
    out = {}
    for label, (definition, scale) in table.items():
        name, value = label[len(prefix):], values[label]
        if scale is None:
            chosen, nested = definition[int(value)]
            out[name] = chosen
            out.update(settings(nested, values, prefix + name + "_" + str(chosen) + "_"))
        else:
            out[name] = scale(value)
    return out


def load(name):
    from sklearn import datasets, preprocessing

    table = {"digits": datasets.load_digits, "wine": datasets.load_wine, "breast": datasets.load_breast_cancer,
             "diabetes": datasets.load_diabetes}[name](return_X_y=True)
    x, y = (part[:400] for part in table) if name == "digits" else table
    x = preprocessing.StandardScaler().fit_transform(x)
    return x, (y - y.mean()) / y.std() if name == "diabetes" else y


def estimator(kind, regression, s):
    from sklearn import ensemble, neural_network, svm

    s = dict(s)
    if kind == "any":
        kind = s.pop("model")
        s = {key.removeprefix(kind + "_"): value for key, value in s.items()}
        kind = "kernels" if kind == "svm" else kind
    if kind in ("svm", "kernels"):
        return (svm.SVR if regression else svm.SVC)(max_iter=20000, **s)
    if kind == "forest":
        return (ensemble.RandomForestRegressor if regression else ensemble.RandomForestClassifier)(
            n_estimators=20, random_state=1, **s)
    if kind == "boosting":
        if not regression:
            s["n_estimators"] = max(3, s["n_estimators"] // 4)  # it fits a tree for each class
        return (ensemble.GradientBoostingRegressor if regression else ensemble.GradientBoostingClassifier)(
            random_state=1, **s)
    return (neural_network.MLPRegressor if regression else neural_network.MLPClassifier)(
        hidden_layer_sizes=(s.pop("hidden"),), max_iter=15, random_state=1, **s)


class Task:
    """A problem to samplers, as problems.Problem is one."""

    def __init__(self, data, model):
        self.name, self.data, self.model = data + "-" + model, data, model
        self.table = relabel(MODELS[model])
        self.space = json.dumps(space_of(self.table))
        self.params = problems.read_space(json.loads(self.space))
        self.labels = [param.label for param in problems.in_order(self.params)]
        self.is_tree = any(option for param in self.params for option in param.options)
        self.rows = None

    def loss(self, values):
        from sklearn import model_selection

        if self.rows is None:
            self.rows = load(self.data)
        regression = self.data == "diabetes"
        folds = (model_selection.KFold if regression else model_selection.StratifiedKFold)(3, shuffle=True, random_state=1)
        s = settings(self.table, values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            accuracy = not regression and self.model in ("svm", "kernels", "any")
            scores = model_selection.cross_val_score(
                estimator(self.model, regression, s), *self.rows, cv=folds,
                scoring="accuracy" if accuracy else "neg_mean_squared_error" if regression else "neg_log_loss")
        loss = float(1 - scores.mean() if accuracy else -scores.mean())
        return min(loss, 1e3) if math.isfinite(loss) else 1e3


class Evaluator:
    """Losses from a process of one certain Python: with other versions of numpy trees break ties otherwise, and the
    peers' environments have many. Owns the process, which ends with its input."""

    def __init__(self, python):
        self.process = subprocess.Popen([python, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def loss(self, task, values):
        plain = {label: value if isinstance(value, float) else int(value) for label, value in values.items()}
        self.process.stdin.write(json.dumps([task, plain]) + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def serve():
    tasks = {task.name: task for task in all_tasks()}
    for line in sys.stdin:
        name, values = json.loads(line)
        print(repr(tasks[name].loss(values)), flush=True)


class TaskInstance(problems.Instance):
    """One optimization of a task; what it records is the least loss, for nobody knows the optimum."""

    def __init__(self, task, library, at, evaluator):
        self.problem, self.library, self.at, self.evaluator = task, library, set(at), evaluator
        self.begin()

    def evaluate(self, values):
        return self.note(lambda values: self.evaluator.loss(self.problem.name, values), values)

    def close(self):
        pass


def all_tasks():
    return [Task(data, model) for data in DATA for model in MODELS]


def measure():
    import random

    def draw(params):
        out = {}
        for param in params:
            out[param.label] = random.random() if param.kind == "real" else random.randrange(param.levels)
            if param.options:
                out.update(draw(param.options[out[param.label]]))
        return out

    for task in all_tasks():
        began = time.process_time()
        losses = sorted(task.loss(draw(task.params)) for _ in range(10))
        print("%-18s %6.0f ms, losses %.4g to %.4g" % (task.name, (time.process_time() - began) * 100, losses[0], losses[-1]))


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else measure()
