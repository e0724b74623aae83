"""Which model, with which of its own hyperparameters, reads handwritten digits best?

The objective is the error of 3-fold cross-validation on three quarters of scikit-learn's digits. The
last quarter takes no part in the tuning; the accuracy on it is only told, as `test_accuracy`.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python-server"))
# One slot, one core: with -j 2 two of these run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hopt_objective as hopt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

X, y = load_digits(return_X_y=True)
X_TUNE, X_TEST, Y_TUNE, Y_TEST = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
FOLDS = list(StratifiedKFold(3, shuffle=True, random_state=0).split(X_TUNE, Y_TUNE))


def make_model(params, seed):
    model = params["model"]
    if model["_name"] == "svm":
        classifier = SVC(C=model["C"], gamma=model["gamma"])
    elif model["_name"] == "forest":
        classifier = RandomForestClassifier(
            n_estimators=int(model["trees"]),
            max_features=model["max_features"],
            min_samples_leaf=int(model["min_leaf"]),
            random_state=seed % 2**32,
            n_jobs=1,
        )
    else:
        classifier = KNeighborsClassifier(
            n_neighbors=int(model["neighbors"]), weights=model["weights"], p=model["power"]
        )
    scalers = {"minmax": [MinMaxScaler()], "standard": [StandardScaler()], "none": []}
    return make_pipeline(*scalers[params["scale"]], classifier)


def objective(trial):
    errors = []
    for step, (train, held_out) in enumerate(FOLDS, 1):
        model = make_model(trial.params, trial.seed)
        model.fit(X_TUNE[train], Y_TUNE[train])
        errors.append(1 - model.score(X_TUNE[held_out], Y_TUNE[held_out]))
        if trial.report(step, np.mean(errors)):
            break
    model = make_model(trial.params, trial.seed).fit(X_TUNE, Y_TUNE)
    return {
        "loss": float(np.mean(errors)),
        "loss_deviation": float(np.std(errors)),
        "test_accuracy": float(model.score(X_TEST, Y_TEST)),
    }


hopt.serve(objective)
