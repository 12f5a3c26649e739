"""How much labels tell about labels, from how often they meet."""

import numpy as np
from scipy.sparse import csr_array
from scipy.special import entr, xlogy
from sklearn.metrics.cluster import expected_mutual_information

__all__ = ["ASSOCIATIONS"]


def _cramers_v(counts):
    """Return V both ways, without the bias by which independent labels have one (Bergsma 2013, section 2)."""
    n = counts.n_rows
    shares = counts.cells / np.maximum(n, 1)
    degrees = counts.n_labels - 1
    others = np.maximum(n - 1, 1)
    phi2 = np.maximum(0.0, (shares * (counts.over_chance() - 1)).sum(axis=0) - degrees.prod(axis=0) / others)
    # A label of its own in every row, or one label in all, leaves nothing to tell.
    told = ((degrees > 0) & (degrees < n - 1)).all(axis=0)
    v = np.full(len(n), np.nan)
    v[told] = np.sqrt(phi2[told] / (degrees - degrees**2 / others).min(axis=0)[told])
    return v, v


def _mutual_information(counts):
    """Return the share of the receiver's entropy that the giver tells, above chance (after Vinh et al. 2010)."""
    n = counts.n_rows
    # A label of its own in every row tells all by chance, and of one label in all there is nothing to tell.
    told = np.stack([(counts.n_labels[r] > 1) & (counts.n_labels[1 - r] < n) for r in (1, 0)])
    told &= told[:, :1]  # what nobody can tell of all rows, resamples cannot either
    shares = np.full(told.shape, np.nan)
    if told.any():
        found = xlogy(counts.cells / np.maximum(n, 1), counts.over_chance()).sum(axis=0)
        entropies = np.stack([entr(counts.margins[r] / np.maximum(n, 1)).sum(axis=0) for r in (1, 0)])
        chance = _information_by_chance(counts)
        shares[told] = ((found - chance) / np.where(told, entropies - chance, 1))[told]
    return tuple(shares)


def _information_by_chance(counts):
    """Return the mean mutual information of tables with the margins of the first one, in nats.

    Resamples hardly differ in it, and it takes scikit-learn hundreds of times as long as all the rest.
    """
    # Numbered anew: scikit-learn takes no label that does not occur.
    rows, columns = (np.unique(labels, return_inverse=True)[1] for labels in counts.pairs)
    return expected_mutual_information(csr_array((counts.cells[:, 0], (rows, columns))), counts.n_rows[0])


# PairCounts, the first of all rows -> (giver to receiver, receiver to giver), each of shape (n_tables,).
ASSOCIATIONS = {"cramers_v": _cramers_v, "mutual_information": _mutual_information}
