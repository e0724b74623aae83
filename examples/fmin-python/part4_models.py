"""Part 4, conditional models on real data: which classifier, with which of its own parameters, tells
three kinds of iris apart? (scikit-learn)"""
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from hopt import STATUS_OK, Trials, fmin, hp, space_eval, tpe
from hopt.pyll import scope
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

X, y = load_iris(return_X_y=True)

# An option may hold any Python object: here, the class to make.
space = {
    "scale": hp.choice("scale", [True, False]),
    "model": hp.choice("model", [
        {"make": GaussianNB},
        {"make": SVC, "C": hp.lognormal("svm_C", 0, 1),
         "kernel": hp.choice("svm_kernel", ["linear", "rbf"])},
        {"make": DecisionTreeClassifier,
         "criterion": hp.choice("tree_criterion", ["gini", "entropy"]),
         "max_depth": hp.choice("tree_depth", [None, scope.int(hp.qlognormal("tree_max", 1, 0.5, 1)) + 1]),
         "random_state": 0},
        {"make": KNeighborsClassifier, "n_neighbors": hp.randint("knn", 1, 30)},
    ]),
}


def objective(point):
    options = dict(point["model"])
    model = options.pop("make")(**options)
    if point["scale"]:
        model = make_pipeline(StandardScaler(), model)
    return {"status": STATUS_OK, "loss": -cross_val_score(model, X, y, cv=3).mean()}


trials = Trials()
best = fmin(objective, space, algo=tpe.suggest, max_evals=50, trials=trials, rstate=4)
print("best of 50:", space_eval(space, best), "accuracy", -min(trials.losses()))

assert -min(trials.losses()) > 0.96
tried = {trial["misc"]["vals"]["model"][0] for trial in trials.trials}
assert tried == {0, 1, 2, 3}, tried
