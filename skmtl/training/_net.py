"""skorch's training loop for many losses."""

import copy

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from skorch.helper import predefined_split
from torch.utils.data import DataLoader

from ._data import RandomBatches, keep_batch
from ._meter import EpochMeter

__all__ = ["MultiTaskNet", "build_net", "train"]


class MultiTaskNet(NeuralNet):
    """A skorch net whose loss is a weighted mean of task losses.

    skorch owns the loop; this overrides the loss, the training step (private random stream) and
    the end of an epoch (one read from the device instead of one per batch).

    Parameters
    ----------
    weighting : object with ``weights(losses)``
        Built weighting; its state lives and is saved here.
    task_weights : tensor of shape (n_tasks,)
        The user's importances.
    random_stream : RandomStream
        Source of every random number of the training.
    """

    def __init__(self, *args, weighting, task_weights, random_stream, **kwargs):
        super().__init__(*args, **kwargs)
        self.weighting = weighting
        self.task_weights = task_weights
        self.random_stream = random_stream
        self.interrupted = False

    @property
    def _default_callbacks(self):
        return []

    def initialize(self):
        """Initialise everything, with a fresh meter."""
        self.meter = EpochMeter()
        return super().initialize()

    def train_step(self, batch, **fit_params):
        """Do one optimisation step with random numbers from the private stream."""
        with self.random_stream:
            return super().train_step(batch, **fit_params)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return ``1/T sum_t w_t L_t``, where the weights w average 1."""
        codes, cell_weights = (part.to(y_pred.device) for part in y_true)
        losses = self.criterion_(y_pred, codes, cell_weights)
        prefix = "train" if training else "valid"
        if training:
            weights = self._weights(losses.detach())
            self.meter.add("weight", weights, 1)
        else:
            weights = self.task_weights.to(losses) / self.task_weights.mean()
            self._add_accuracy(y_pred, codes)
        self.meter.add(f"{prefix}_loss", losses.detach() * len(codes), len(codes))
        loss = (weights * losses).mean()
        self.meter.add(f"{prefix}_total", loss.detach() * len(codes), len(codes))
        return loss

    def _weights(self, losses):
        weights = torch.as_tensor(self.weighting.weights(losses)).to(losses) * self.task_weights.to(losses)
        # A step in which every task has weight 0 teaches nothing; 0 / 0 would be the end of the model.
        return weights / weights.mean().clamp(min=torch.finfo(weights.dtype).tiny)

    def _add_accuracy(self, logits, codes):
        for t, task_logits in enumerate(logits.split(self.module_.heads.n_classes, dim=1)):
            labelled = codes[:, t] >= 0
            right = (task_logits.argmax(1) == codes[:, t]) & labelled
            self.meter.add(f"valid_score_{t}", right.sum(), labelled.sum())

    def get_iterator(self, dataset, training=False):
        """Return a loader; in training one that leaves no lone row for a last batch."""
        if not training:
            return super().get_iterator(dataset, training=False)
        kwargs = self.get_params_for("iterator_train")
        batches = RandomBatches(len(dataset), kwargs.pop("batch_size"), kwargs["generator"])
        return self.iterator_train(dataset, batch_sampler=batches, **kwargs)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run an epoch without waiting for the device after every batch."""
        if iterator is None:
            return
        count = 0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.notify("on_batch_end", batch=batch, training=training, **step)
            count += 1
        self.history.record(prefix + "_batch_count", count)

    def fit_loop(self, *args, **kwargs):
        """Train; remember whether it was the user, not early stopping, who stopped it."""
        self.interrupted = False
        try:
            return super().fit_loop(*args, **kwargs)
        except KeyboardInterrupt:
            self.interrupted = not any(
                isinstance(cb, EarlyStopping) and cb.misses_ == cb.patience for _, cb in self.callbacks_
            )
            return self


def build_net(module, criterion, *, optimizer, optimizer_kwargs, batch_size, predict_batch_size, seed, **kwargs):
    """Return an uninitialised net with loaders that fetch whole batches.

    Parameters
    ----------
    module : MultiTaskModule
        The network.
    criterion : MultiTaskLoss
        Task losses.
    optimizer : type
        ``torch.optim.Optimizer`` subclass.
    optimizer_kwargs : dict
        Its arguments but for the learning rate.
    batch_size, predict_batch_size : int
        Rows a batch, in training and without gradients.
    seed : int
        Seeds the order of the batches.
    **kwargs : dict
        Further arguments of `MultiTaskNet`.
    """
    # The user's own optimizer__* come in kwargs and overrule those that a name stands for.
    kwargs = {f"optimizer__{k}": v for k, v in optimizer_kwargs.items()} | kwargs
    loader = {"iterator_train__" + k: v for k, v in _loader_arguments(seed).items()}
    loader |= {"iterator_valid__" + k: v for k, v in _loader_arguments(seed).items()}
    return MultiTaskNet(
        module,
        criterion=criterion,
        optimizer=optimizer,
        iterator_train=DataLoader,
        iterator_train__batch_size=batch_size,
        iterator_valid=DataLoader,
        iterator_valid__batch_size=predict_batch_size,
        **loader,
        **kwargs,
    )


def _loader_arguments(seed):
    # An own generator also keeps the loader from drawing its base seed from the global one.
    return {"collate_fn": keep_batch, "generator": torch.Generator().manual_seed(seed)}


def train(net, train_data, valid_data, callbacks, max_epochs, augment=None):
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
    net.train_split = None if valid_data is None else predefined_split(valid_data)
    net.module_.inputs.set_augment(augment)
    try:
        net.partial_fit(train_data, y=None)
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
    if net.interrupted and "train_loss" not in net.history[-1]:
        # The row of an epoch broken off would leave a gap in the numbers of later ones.
        net.history.pop()
    return net.interrupted


def _state(net):
    generators = [getattr(net, f"iterator_{kind}__generator").get_state() for kind in ("train", "valid")]
    stream = net.random_stream
    kept = net.module_.state_dict(), net.optimizer_.state_dict(), net.weighting, (stream.state, stream.cuda_state)
    return copy.deepcopy((*kept, generators))


def _restore(net, state):
    module, optimizer, net.weighting, stream, generators = state
    net.module_.load_state_dict(module)
    net.optimizer_.load_state_dict(optimizer)
    net.random_stream.state, net.random_stream.cuda_state = stream
    for kind, generator in zip(("train", "valid"), generators, strict=True):
        getattr(net, f"iterator_{kind}__generator").set_state(generator)


def _check_finite(net, data):
    # The last step of a fit can diverge after the last loss was read.
    batch = data.__getitems__(range(min(2, len(data))))
    if not torch.isfinite(net.evaluation_step(batch)).all():
        raise ValueError(
            f"Training diverged: after the last step the network's outputs are not finite. Lower lr (now {net.lr})."
        )
