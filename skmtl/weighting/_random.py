"""Random loss weighting."""

from typing import ClassVar

import torch
from sklearn.utils._param_validation import StrOptions

from ._base import LossWeighting

__all__ = ["RandomWeighting"]


class RandomWeighting(LossWeighting):
    """Draw new weights in every step, whatever the losses: random loss weighting, RLW.

    A yardstick: on average it is equal weighting, with noise. A method that does not beat it has
    not earned its cost. The weights of a step sum to 1.

    Parameters
    ----------
    distribution : {"normal", "dirichlet"}, default="normal"
        ``"normal"``: softmax of independent standard normal numbers. ``"dirichlet"``: uniform on
        the simplex, Dirichlet(1, ..., 1).

    Examples
    --------
    >>> import torch
    >>> weighting = RandomWeighting().build(3)
    >>> _ = torch.manual_seed(0)
    >>> weights = weighting.weights(torch.ones(3))
    >>> bool((weights > 0).all()), round(float(weights.sum()), 4)
    (True, 1.0)

    References
    ----------
    Lin et al. (2022), Reasonable effectiveness of random weighting: a litmus test for multi-task
    learning, TMLR, algorithm 2.
    """

    _parameter_constraints: ClassVar[dict] = {"distribution": [StrOptions({"normal", "dirichlet"})]}

    def __init__(self, distribution="normal"):
        self.distribution = distribution

    def weights(self, losses):
        """Return the step's draw, from PyTorch's global CPU generator."""
        # On the CPU and in one dtype, so that a seed means the same weights everywhere.
        drawn = torch.empty(len(losses), dtype=torch.float64, device="cpu")
        if self.distribution == "normal":
            weights = drawn.normal_().softmax(0)
        else:
            # Independent exponential numbers over their sum are Dirichlet(1, ..., 1).
            drawn.exponential_()
            weights = drawn / drawn.sum()
        return weights.to(losses.dtype).to(losses.device)
