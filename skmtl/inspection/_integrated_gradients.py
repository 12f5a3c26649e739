"""Integrated gradients: how much every pixel adds on the way from a baseline to the image."""

from numbers import Real

import numpy as np
import torch

__all__ = ["IntegratedGradients", "baseline_image"]


class IntegratedGradients:
    """Maps of one task.

    Parameters
    ----------
    captum : module
        ``captum.attr``.
    output : callable
        Explained output of (images, codes), shape (batch,).
    baseline : tensor of shape (1, channels, ...)
        Where the way begins.
    n_steps : int
        Points on the way.
    batch_size : int
        Images computed at once.
    """

    def __init__(self, captum, output, baseline, n_steps, batch_size):
        self.explainer = captum.IntegratedGradients(output)
        self.baseline = baseline
        self.n_steps = n_steps
        self.batch_size = batch_size

    def __call__(self, images, codes):
        """Return (maps of shape (batch, ...), sum of the map minus what it should be, shape (batch,))."""
        maps, delta = self.explainer.attribute(
            images,
            self.baseline,
            additional_forward_args=(codes,),
            n_steps=self.n_steps,
            internal_batch_size=max(self.batch_size, len(images)),
            return_convergence_delta=True,
        )
        return maps.detach().sum(1), delta.detach()


def baseline_image(baseline, module, layout, dtype):
    """Return the image that stands for nothing, shape (1, channels, ...).

    Parameters
    ----------
    baseline : "mean", float or array-like
        See ``task_saliency``.
    module : TaskModule
        The network of the task.
    layout : ImageLayout
        Of one image.
    dtype : torch.dtype
        Of the result.
    """
    like = module.baseline
    if isinstance(baseline, str) and baseline == "mean":
        image = like
    elif isinstance(baseline, Real) and np.isfinite(baseline):
        image = torch.full_like(like, float(baseline))
    else:
        image = torch.as_tensor(_given(baseline, layout), dtype=dtype).to(like.device)
    return image.to(dtype).expand(1, *layout.image_shape).clone()


def _given(baseline, layout):
    image = None if isinstance(baseline, str) else np.asarray(baseline)
    if image is not None and image.shape == layout.row_shape and image.dtype.kind in "biuf":
        if np.isfinite(image).all():
            return layout.images(image[None].astype(np.float64))
        found = "an image with NaN or infinity"
    else:
        found = repr(baseline) if image is None or not image.ndim else f"{image.dtype} of shape {image.shape}"
    raise ValueError(
        "The 'baseline' parameter of task_saliency must be 'mean', a finite number in the units of X (0 for black) "
        f"or one image as in X, finite numbers of shape {layout.row_shape}. Got {found} instead."
    )
