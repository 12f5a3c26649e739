"""The network of an estimator and what trains it."""

import math

import torch

from ..nn import HEADS, SHARINGS, MultiTaskLoss, build_module, is_own_module
from ..training import (
    RandomStream,
    build_net,
    check_groups,
    measure_cost,
    predict_batch_size,
    resolve_precision,
    run_blank,
)

__all__ = ["build"]

# Below this many pixel values a fit in float64 costs nothing, and a sample of weight 2 trains
# the same model as the sample given twice, to the last printed digit.
FLOAT64_VALUES = 2**14


def build(estimator, setting, stage, image_shape, classes, n_train, batch_size, seeds, set_of=None):
    """Return the net of a fit, not yet initialised.

    Parameters
    ----------
    estimator : BaseMultiTaskCNN
        Only its parameters are read.
    setting : Setting
        What they stand for.
    stage : InputStage
        Scaling and standardisation.
    image_shape : tuple of int
        Channels, height and width, or other spatial axes.
    classes : list of ndarray
        Labels of every task.
    n_train, batch_size : int
        Training samples, and those of a batch.
    seeds : sequence of int
        Of the split, of the layers and steps, and of the order of the batches.
    set_of : tuple of int, default=None
        For every task, the set of images it is trained on.
    """
    device, lbfgs = setting.device, issubclass(setting.optimizer, torch.optim.LBFGS)
    if lbfgs and estimator.precision == "float16":
        raise ValueError("precision='float16' scales gradients, which LBFGS does not allow: use 'float32'.")
    n_sets = 1 if set_of is None else max(set_of) + 1
    small = n_train * n_sets * math.prod(image_shape) <= FLOAT64_VALUES and device.type == "cpu"
    exact = small and _all_built_in(setting) and estimator.precision == "auto"
    stream = RandomStream(int(seeds[1]))
    with stream:
        dtype = torch.float64 if exact else torch.float32
        module = build_module(setting.trunk, setting.sharing, setting.heads, stage, image_shape, classes, dtype, set_of)
        if estimator.augment is not None:
            _try_augment(module.inputs, estimator.augment, image_shape)
    check_groups(module, setting.optimizer)
    if lbfgs:
        # It flattens the parameters by views, which channels-last weights do not allow.
        module = module.to(memory_format=torch.contiguous_format)
    cost = measure_cost(module.trunk, image_shape)
    # The line search of LBFGS takes the rounding of bfloat16 for the shape of the loss.
    precision = "float32" if estimator.precision == "auto" and (exact or lbfgs) else estimator.precision
    return build_net(
        module,
        MultiTaskLoss([len(c) for c in classes], module.heads.ranks),
        optimizer=setting.optimizer,
        optimizer_kwargs=setting.optimizer_kwargs,
        batch_size=batch_size,
        predict_batch_size=predict_batch_size(cost, device, n_sets),
        seed=int(seeds[2]),
        lr=estimator.lr,
        device=str(device),
        verbose=0,
        precision=resolve_precision(precision, device, cost.flops, lambda d: _runs_in(module.trunk, image_shape, d)),
        weighting=setting.weighting,
        task_weights=setting.task_weights,
        random_stream=stream,
        gradient_level=estimator.gradient_level,
        record_conflicts=bool(estimator.record_conflicts),
        **setting.net_params,
    )


def _all_built_in(setting):
    # What a user has written may hold constants of its own in float32.
    heads = all(type(head) in HEADS.values() for head in setting.heads)
    return heads and type(setting.sharing) in SHARINGS.values() and not is_own_module(setting.trunk)


def _runs_in(trunk, image_shape, dtype):
    # A user's own trunk may hold layers that lack it.
    try:
        with torch.autocast("cpu", dtype):
            run_blank(trunk, image_shape)
    except Exception:
        return False
    return True


def _try_augment(stage, augment, image_shape):
    stage.set_augment(augment)
    batch = torch.zeros((2, *image_shape))
    try:
        # As a set of images of its own, of which there may be several.
        stage.train()(batch[:, None], [0])
    except Exception as error:
        raise ValueError(
            f"augment fails on a float batch of shape {tuple(batch.shape)} (batch, channels, ...): {error}"
        ) from error
    finally:
        stage.set_augment(None)
