"""Trunks that somebody else has trained."""

from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from ._outputs import pick_output
from ._own_module import make_module
from ._spec import check_spec

__all__ = ["PretrainedModule", "PretrainedTrunk"]


class PretrainedTrunk(BaseEstimator):
    """A module with weights of its own: part of it frozen, the rest trained at another learning rate.

    Every fit starts from a deep copy of the module. What is frozen keeps its weights and stays in
    evaluation mode while the rest is trained, so that the running statistics of its batch
    normalisation stay what they are, and nothing in it is dropped out.

    Parameters
    ----------
    module : torch.nn.Module instance, class or factory
        Maps a batch of images to features. A class or factory is called with those of ``image_shape``
        and ``in_channels`` that it accepts.
    freeze : None, "none", "all" or int, default=None
        What is not trained: nothing, the whole module, or that many of its leading children, in the
        order of ``module.named_children()``. Parameters that belong to no child are trained then.
    lr_factor : float, default=1.0
        The learning rate of what is trained of the module, as a multiple of the heads'. Pretrained
        layers want less than new ones: 0.1, say.
    output : None, str or int, default=None
        Of a module that returns several tensors, which of them is the features: the key or attribute,
        or the position. None for a module that returns one tensor.

    Examples
    --------
    >>> import torch
    >>> backbone = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 8))
    >>> trunk = PretrainedTrunk(backbone, freeze=2, lr_factor=0.1).build((1, 8, 8))
    >>> trunk(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 8])
    >>> trunk.parameter_options()
    {'module.3.weight': {'lr_factor': 0.1}, 'module.3.bias': {'lr_factor': 0.1}}

    References
    ----------
    Yosinski et al. (2014), How transferable are features in deep neural networks?, NeurIPS,
    section 2, for frozen and fine-tuned leading layers.
    """

    _parameter_constraints = {
        "freeze": [StrOptions({"all", "none"}), None, Interval(Integral, 0, None, closed="left")],
        "lr_factor": [Interval(Real, 0, None, closed="neither")],
        "output": [str, None, Interval(Integral, None, None, closed="neither")],
    }

    def __init__(self, module, freeze=None, lr_factor=1.0, output=None):
        self.module = module
        self.freeze = freeze
        self.lr_factor = lr_factor
        self.output = output

    def build(self, image_shape):
        """Return a fresh copy of the module, partly frozen.

        Parameters
        ----------
        image_shape : tuple of int
            Channels, and length (signals), height and width (images), or depth, height and width (volumes).

        Returns
        -------
        torch.nn.Module
            Maps (batch, channels, ...) to what the module returns, or the `output` of it. Its
            ``parameter_options()`` is the learning rates of its parameters.

        Raises
        ------
        TypeError
            If `module` is none.
        ValueError
            If a parameter is out of range, there are fewer children to freeze, or `lr_factor` has
            nothing to act on.
        """
        check_spec(self)
        module = make_module(self.module, image_shape, "the 'module' parameter of PretrainedTrunk")
        built = PretrainedModule(module, self._frozen(module), float(self.lr_factor), self.output)
        if self.lr_factor != 1 and not built.parameter_options():
            raise ValueError(
                f"lr_factor={self.lr_factor} of PretrainedTrunk has nothing to act on: no parameter of "
                f"{type(module).__name__} is trained (freeze={self.freeze!r}). Freeze less, or leave lr_factor=1.0."
            )
        return built

    def _frozen(self, module):
        """Return the names of the submodules to freeze; "" is the module itself."""
        if isinstance(self.freeze, bool):
            raise ValueError(
                "The 'freeze' parameter of PretrainedTrunk must be None, 'all' or a number of leading children. "
                f"Got {self.freeze} instead: use {'all' if self.freeze else None!r}."
            )
        if self.freeze == "all":
            return [""]
        freeze = 0 if self.freeze in (None, "none") else self.freeze
        children = [name for name, _ in module.named_children()]
        if freeze > len(children):
            found = f"{len(children)}: {', '.join(children)}" if children else "none"
            raise ValueError(
                f"freeze={self.freeze} asks PretrainedTrunk to freeze that many leading children of "
                f"{type(module).__name__}, which has {found}. Use freeze='all' to freeze the whole module."
            )
        return children[:freeze]


class PretrainedModule(nn.Module):
    """A module of the user's, of which some parts are never trained.

    Parameters
    ----------
    module : torch.nn.Module
        Changed: the parameters of the frozen parts need no gradients from here on.
    frozen : list of str
        Names of submodules; ``""`` is the module itself.
    lr_factor : float
        Learning rate of the other parameters, as a multiple of the heads'.
    output : None, str or int
        Which of the module's outputs to return.
    """

    def __init__(self, module, frozen, lr_factor, output):
        super().__init__()
        self.module = module
        self.frozen = frozen
        self.lr_factor = lr_factor
        self.output = output
        for parameter in (p for part in self._frozen_parts() for p in part.parameters()):
            parameter.requires_grad_(False)
        self.train(module.training)

    def _frozen_parts(self):
        # Not get_submodule, which TorchScript's modules lack.
        parts = {"": self.module, **dict(self.module.named_children())}
        return [parts[name] for name in self.frozen]

    def train(self, mode=True):
        """Set training or evaluation mode, evaluation mode for what is frozen."""
        super().train(mode)
        for part in self._frozen_parts():
            part.eval()
        return self

    def forward(self, images):
        """Return the features."""
        return pick_output(self.module(images), self.output)

    def parameter_options(self):
        """Return for the name of every parameter that is trained at another learning rate, by which factor.

        Returns
        -------
        dict of str to dict
            ``{name: {"lr_factor": factor}}``; empty if the factor is 1.
        """
        if self.lr_factor == 1:
            return {}
        options = {"lr_factor": self.lr_factor}
        return {name: dict(options) for name, p in self.named_parameters() if p.requires_grad}
