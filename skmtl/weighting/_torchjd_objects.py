"""TorchJD's aggregators, weightings and scalarizers as weightings of ours."""

import copy

import torch

from ._base import GradientAggregator, GramianWeighting, LossWeighting
from ._log_losses import log_losses
from ._torchjd_base import MISFITS, FromTorchJD, derivative, is_void, parts_are, run, shown

__all__ = ["TorchJDAggregator", "TorchJDGramian", "TorchJDJacobian", "TorchJDRows", "TorchJDScalarizer"]


class TorchJDRows(FromTorchJD, LossWeighting):
    """A weighting that reads nothing but the number of tasks, which spares the gradients of each."""

    def weights(self, losses):
        """Return the weights in TorchJD's scale."""
        return run(self.module_, torch.ones(len(losses), 1)).to(losses)


class _OfGradients(FromTorchJD):
    """What reads gradients; tasks without one are left out if the object takes any number and is not `Stateful`."""

    def build(self, n_tasks):
        """Return a fresh object for a model of `n_tasks` tasks, having tried whether it fits fewer, too."""
        built = super().build(n_tasks)
        # Nothing is shorter than a zero gradient: MGDA and CAGrad would stand still whenever a batch lacks a task.
        built.only_active = _takes_fewer(built.module_, n_tasks)
        return built


def _takes_fewer(module, n_tasks):
    if parts_are(module, {"Stateful"}):
        return False
    module = copy.deepcopy(module)
    try:
        sizes = (n_tasks, max(n_tasks - 1, 1), 1, n_tasks)
        return all(run(module, torch.eye(n, dtype=torch.float64)).shape == (n,) for n in sizes)
    except MISFITS:
        return False


class TorchJDGramian(_OfGradients, GramianWeighting):
    """A weighting that reads the Gramian."""

    def weights(self, gramian):
        """Return the weights in TorchJD's scale."""
        return run(self.module_, torch.tensor(gramian, dtype=torch.float64)).numpy()


class TorchJDJacobian(_OfGradients, GramianWeighting):
    """A weighting that reads the jacobian.

    ExcessMTL, which keeps a sum for every value of the gradient, begins anew on another device.
    """

    reads = ("jacobian",)

    def build(self, n_tasks):
        """Return a fresh object for a model of `n_tasks` tasks."""
        built = super().build(n_tasks)
        # The features of a step are not those of the next one, the parameters are.
        built.needs_parameters = parts_are(built.module_, {"ExcessMTLWeighting"})
        built.n_values_ = None
        return built

    def weights(self, jacobian):
        """Return the weights in TorchJD's scale."""
        if is_void(jacobian):
            return jacobian.new_ones(len(jacobian))
        n_values = jacobian.shape[1]
        if self.needs_parameters and self.n_values_ not in (None, n_values):
            raise ValueError(
                f"weighting={shown(self.source)} keeps a state for every value of the gradients, of which there were "
                f"{self.n_values_} in the last step and are {n_values} now: set gradient_level='parameters'."
            )
        self.n_values_ = n_values
        return run(self.module_, jacobian)


class TorchJDAggregator(_OfGradients, GradientAggregator):
    """An aggregator that is no weighting: ConFIG, GradDrop, TrimmedMean or the user's own.

    Where equal gradients come back as their sum (ConFIG, GradDrop), the result is divided by the
    number of tasks, so that it has the scale of a mean. Otherwise the scale is the aggregator's own.
    """

    def _try(self, module, n_tasks):
        # The largest of many values, as GradDrop may drop some.
        largest = run(module, torch.ones(n_tasks, 64)).max().item()
        self.sums_ = abs(largest / n_tasks - 1) < 1e-4

    def aggregate(self, jacobian):
        """Return the shared gradient."""
        if is_void(jacobian):
            return jacobian.mean(0)
        return run(self.module_, jacobian) / (len(jacobian) if self.sums_ else 1)


class TorchJDScalarizer(FromTorchJD, LossWeighting):
    """A scalarizer, as the derivative of its value with respect to the losses.

    Where it is negative (COSMOS, PBI) it counts as 0: a head would only get worse. ``update``
    (FAMO) is called with the losses after the step, ``step`` (DWA) at the end of an epoch.
    """

    def build(self, n_tasks):
        """Return a fresh object for a model of `n_tasks` tasks."""
        built = super().build(n_tasks)
        built.looks_again = hasattr(built.module_, "update")
        return built

    def _try(self, module, n_tasks):
        derivative(module, torch.ones(n_tasks))

    def weights(self, losses):
        """Return the derivatives; the scalarizer stays in CPU memory."""
        # Nothing is known of a task whose loss is exactly 0: a product of losses would vanish with it.
        self.before_ = torch.where(losses != 0, losses, log_losses(losses).exp())
        return derivative(self.module_, self.before_).clamp(min=0).to(losses)

    def look_again(self, losses):
        """Pass on the losses of the same batch after the step."""
        after = torch.where(losses != 0, losses, self.before_.to(losses))
        self.module_.update(after.detach().float().cpu())

    def end_epoch(self, losses):
        """Pass on the end of the epoch."""
        if hasattr(self.module_, "step"):
            self.module_.step()
