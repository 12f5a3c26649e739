"""The table of accuracies: mean and standard deviation over the seeds."""

import numpy as np
import pandas as pd
from _report import markdown
from _weighting_problems import PROBLEMS

__all__ = ["SINGLE", "accuracy_table", "best_lr"]

SINGLE = "single task"


def best_lr(rows, model):
    """Return the learning rate of a model's highest mean accuracy on the validation part; None without any."""
    tried = [row for row in rows if row["model"] == model and row["part"] == "valid"]
    return max(tried, key=lambda row: np.mean(list(row["accuracy"].values())))["lr"] if tried else None


def accuracy_table(rows, problem):
    """Return a Markdown table of one problem, accuracies in per cent.

    Parameters
    ----------
    rows : list of dict
        Of one problem, as `weighting_accuracy.py` writes them.
    problem : {"multi_mnist", "glyphs"}
        Which.
    """
    tasks = PROBLEMS[problem].tasks
    single = _accuracies(rows, [f"{SINGLE}: {task}" for task in tasks])
    models = [None] if len(single) else []
    models += [m for m in dict.fromkeys(row["model"] for row in rows) if not m.startswith(SINGLE)]
    lines = [_line(rows, model, tasks, single) for model in models]
    head = ["weighting", "lr", *tasks, "mean", "Δm", "seeds", "s per fit"]
    return markdown(head, [line for line in lines if line])


def _line(rows, model, tasks, single):
    parts = [f"{SINGLE}: {task}" for task in tasks] if model is None else [model]
    found = _accuracies(rows, parts)
    if found.empty:
        return None
    found = found[list(tasks)]
    # Every seed with the single-task models of the same seed, which saw the same images.
    gain = 100 * ((found - single) / single).mean(axis=1).dropna() if model and len(single) else pd.Series()
    seconds = [np.median([row["seconds"] for row in rows if row["model"] == part]) for part in parts]
    return [
        model or SINGLE,
        ", ".join(f"{best_lr(rows, part):g}" for part in parts),
        *(_spread(100 * found[task]) for task in tasks),
        _spread(100 * found.mean(axis=1)),
        _spread(gain, "+") if len(gain) else "-",
        str(len(found)),
        f"{sum(seconds):.1f}",
    ]


def _accuracies(rows, models):
    """Return the test accuracies, a row per seed that all `models` have, a column per task."""
    found = {}
    for row in rows:
        if row["model"] in models and row["part"] == "test" and row["lr"] == best_lr(rows, row["model"]):
            found.setdefault(row["seed"], {}).update(row["accuracy"])
    return pd.DataFrame.from_dict(found, orient="index").dropna().sort_index()


def _spread(values, sign=""):
    if len(values) == 1:
        return f"{values.iloc[0]:{sign}.2f}"
    return f"{values.mean():{sign}.2f} ± {values.std():.2f}"
