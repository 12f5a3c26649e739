from types import SimpleNamespace

import numpy as np
import pytest


def conv(x, w, b, padding):
    """out[o, i, j] = b[o] + sum_{c, u, v} w[o, c, u, v] x[c, i + u, j + v]: cross-correlation, plus signs."""
    n_out, _, k, _ = w.shape
    if padding == "same":
        before, after = (k - 1) // 2, k - 1 - (k - 1) // 2
        x = np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))
    n, n_in, height, width = x.shape
    out = np.zeros((n, n_out, height - k + 1, width - k + 1))
    for s, o, i, j in np.ndindex(*out.shape):
        out[s, o, i, j] = b[o]
        for c, u, v in np.ndindex(n_in, k, k):
            out[s, o, i, j] += w[o, c, u, v] * x[s, c, i + u, j + v]
    return out


def pool(x):
    """Largest value of every 2 x 2 window, windows side by side; a last odd line is dropped, an axis of 1 kept."""
    height, width = (min(2, s) for s in x.shape[2:])
    out = np.zeros((*x.shape[:2], x.shape[2] // height, x.shape[3] // width))
    for s, c, i, j in np.ndindex(*out.shape):
        out[s, c, i, j] = max(x[s, c, height * i + u, width * j + v] for u in range(height) for v in range(width))
    return out


def dense(x, w, b):
    """out[o] = b[o] + sum_i w[o, i] x[i]."""
    out = np.zeros((len(x), len(w)))
    for s, o in np.ndindex(*out.shape):
        out[s, o] = b[o] + sum(w[o, i] * x[s, i] for i in range(x.shape[1]))
    return out


def relu(x):
    return np.where(x > 0, x, 0.0)


def softmax(z):
    """p[k] = exp z[k] / sum_l exp z[l]."""
    out = np.zeros_like(z)
    for s, k in np.ndindex(*z.shape):
        out[s, k] = np.exp(z[s, k]) / sum(np.exp(z[s, m]) for m in range(z.shape[1]))
    return out


@pytest.fixture(scope="session")
def formulas():
    """The layers in plain NumPy loops, from their textbook formulas."""
    return SimpleNamespace(conv=conv, pool=pool, dense=dense, relu=relu, softmax=softmax)
