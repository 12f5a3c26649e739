"""An affinity to read: its matrix, errors and what they are worth."""

import math

import numpy as np
import pandas as pd

__all__ = ["affinity_report"]

MEANINGS = {
    "lookahead": "the share by which a step for the giver lowers the receiver's loss",
    "gradient_cosine": "the cosine of the two tasks' gradients",
    "transfer": "the share by which the receiver's held-out score rises beside the giver",
    "label_association": "what the giver's labels tell about the receiver's",
}
# Tasks that have room side by side; of more the matrix is cut, and the strongest pairs stand below.
MOST, CUT, STRONGEST, WIDTH = 12, 8, 10, 110


def affinity_report(result):
    """Return what `print` shows of a `TaskAffinity`.

    Parameters
    ----------
    result : TaskAffinity
        Of any number of tasks.
    """
    repeats = "1 repeat" if len(result.repeats) == 1 else f"{len(result.repeats)} repeats"
    title = f"Affinity of {len(result.task_names)} tasks by {result.method!r}, {repeats}"
    values, errors = (frame.to_numpy(dtype=float) for frame in (result.affinity, result.standard_error))
    number = _format(values)
    parts = [f"{title}: rows give, columns receive", _matrix(values, result.task_names, number)]
    with_errors = np.isfinite(errors).any()
    if len(result.task_names) > MOST:
        parts.append(_strongest(values, errors, result.task_names, number))
    elif with_errors:
        parts += ["Standard errors", _matrix(errors, result.task_names, number)]
    parts.append(_reading(result, with_errors))
    return "\n\n".join(parts)


def _format(values):
    """Return the format that shows three digits of the largest entry off the diagonal."""
    others = np.abs(values[~np.eye(len(values), dtype=bool)])
    largest = others[np.isfinite(others) & (others > 0)].max(initial=0)
    places = 3 if not largest else min(max(2 - math.floor(math.log10(largest)), 0), 8)
    return f"{{:.{places}f}}".format


def _matrix(values, names, number):
    cells = [["-" if i == j else number(v) for j, v in enumerate(row)] for i, row in enumerate(values)]
    cut = CUT if len(names) > MOST else None
    text = pd.DataFrame(cells, names, names).to_string(max_rows=cut, max_cols=cut)
    if len(text.partition("\n")[0]) <= WIDTH:
        return text
    # Long names stand once, with the number of their column.
    numbers = [f"({n})" for n in range(len(names))]
    rows = [f"{name} {n}" for name, n in zip(names, numbers, strict=True)]
    return pd.DataFrame(cells, rows, numbers).to_string(max_rows=cut, max_cols=cut)


def _strongest(values, errors, names, number):
    others = np.isfinite(values) & ~np.eye(len(names), dtype=bool)
    symmetric = np.allclose(values, values.T, equal_nan=True)
    pairs = np.argwhere(np.triu(others) if symmetric else others)
    first = pairs[np.argsort(-np.abs(values[tuple(pairs.T)]), kind="stable")[:STRONGEST]]
    rows = {f"{names[i]} {'--' if symmetric else '->'} {names[j]}": (i, j) for i, j in first}
    width = max(map(len, rows), default=0)
    ends = [f"{number(values[ij])} ± {number(errors[ij])}" for ij in rows.values()]
    lines = [f"{pair:<{width}}  {end.removesuffix(' ± nan')}" for pair, end in zip(rows, ends, strict=True)]
    return "\n".join([f"The {len(lines)} largest of {len(pairs)} pairs, ± standard error", *lines])


def _reading(result, with_errors):
    lines = []
    if result.method in MEANINGS:
        lines.append(f"An entry is {MEANINGS[result.method]}; more is better.")
    if not np.isnan(result.stability):
        lines.append(f"Stability {result.stability:.2f}: 1 where all repeats rank the givers alike, 0 as by chance.")
    if with_errors:
        lines.append(
            "No task is seen to give another anything that chance does not explain."
            if result.nothing_seen
            else "An entry within two standard errors of 0 may be chance."
        )
    return "\n".join(lines)
