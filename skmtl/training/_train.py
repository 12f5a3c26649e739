"""One fit of a net, undone whole if it fails."""

import copy

import numpy as np
import torch
from skorch.helper import predefined_split

from ._heap import large_blocks_kept
from ._resident import make_resident

__all__ = ["train"]


def train(net, train_data, valid_data, callbacks, max_epochs, augment=None, compiled=False):
    """Train `net` for up to `max_epochs` more epochs.

    Parameters
    ----------
    net : MultiTaskNet
        Continues where it is, if it has been trained before.
    train_data, valid_data : BatchDataset
        The latter may be None.
    callbacks : list of (name, callback)
        Of this fit.
    max_epochs : int
        Epochs of this fit.
    augment : callable, default=None
        Applied to training batches of this fit.
    compiled : bool, default=False
        Whether to train with ``torch.compile``.

    Returns
    -------
    bool
        Whether the user interrupted it.

    Raises
    ------
    Exception
        Whatever stops the training; a net trained before is then as it was before.
    """
    net.callbacks, net.max_epochs = callbacks, max_epochs
    before = _state(net) if net.initialized_ else None
    if net.initialized_:
        net.initialize_callbacks()
    else:
        net.initialize()
    epochs_before = len(net.history)
    device = torch.device(net.device)
    if net.own_loaders:
        train_data = make_resident(train_data, device)
        valid_data = None if valid_data is None else make_resident(valid_data, device)
    net.train_split = None if valid_data is None else predefined_split(valid_data)
    net.module_.inputs.set_augment(augment)
    if compiled:
        # Of the module itself, so that the names of its parameters stay as they are.
        net.module_.compile()
    try:
        # A caller's autocast would reduce the precision of gradients.
        plain = torch.autocast(device.type, enabled=False)
        with plain, net.precision.tensor_cores(), large_blocks_kept():
            net.partial_fit(train_data, y=None)
            # Every new batch size costs a compilation, which predictions rarely earn back.
            net.module_._compiled_call_impl = None
            _check_finite(net, train_data)
    except Exception:
        if before is not None:
            _restore(net, before)
        del net.history[epochs_before:]
        raise
    finally:
        # The validation images and what trained the model must not travel with it.
        net.train_split = None
        net.module_.inputs.set_augment(None)
        net.module_._compiled_call_impl = None
    if net.interrupted and "train_loss" not in net.history[-1]:
        # The row of an epoch broken off would leave a gap in the numbers of later ones.
        net.history.pop()
    return net.interrupted


def _state(net):
    generators = [getattr(net, f"iterator_{kind}__generator").get_state() for kind in ("train", "valid")]
    stream = net.random_stream
    scaler = None if net.scaler is None else net.scaler.state_dict()
    parts = net.module_.state_dict(), net.optimizer_.state_dict(), scaler, (net.weighting, net.step_weights_)
    return copy.deepcopy((*parts, (stream.state, stream.cuda_state), generators))


def _restore(net, state):
    module, optimizer, scaler, (net.weighting, net.step_weights_), stream, generators = state
    net.module_.load_state_dict(module)
    net.optimizer_.load_state_dict(optimizer)
    if scaler is not None:
        net.scaler.load_state_dict(scaler)
    net.random_stream.state, net.random_stream.cuda_state = stream
    for kind, generator in zip(("train", "valid"), generators, strict=True):
        getattr(net, f"iterator_{kind}__generator").set_state(generator)


def _check_finite(net, data):
    # The last step of a fit can diverge after the last loss was read.
    batch = data.__getitems__(np.arange(min(2, len(data))))
    with net.randomness_:
        outputs = net.evaluation_step(batch)
    if not torch.isfinite(outputs).all():
        raise ValueError(
            f"Training diverged: after the last step the network's outputs are not finite. Lower lr (now {net.lr})."
        )
