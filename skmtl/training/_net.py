"""skorch's training loop for many losses."""

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from torch.utils.data import DataLoader

from ..weighting import StepWeights
from ._balanced_batches import BalancedBatches
from ._batches import ConsecutiveBatches, RandomBatches
from ._data import keep_batch
from ._gradient_step import gradient_step
from ._interruption import raised_by_statement
from ._loader import BatchLoader
from ._meter import EpochMeter
from ._param_groups import parameter_groups
from ._random import no_randomness
from ._second_look import no_trace, random_state
from ._task_losses import TaskLosses

__all__ = ["MultiTaskNet", "build_net"]


class MultiTaskNet(TaskLosses, NeuralNet):
    """A skorch net whose loss is a weighted mean of task losses.

    skorch owns the loop; this overrides the loss, the training step (private random stream,
    precision), where batches come from and the end of an epoch (one read from the device instead
    of one per batch).

    Parameters
    ----------
    weighting : object with ``weights`` or ``aggregate``
        Built weighting; its state lives and is saved here.
    task_weights : tensor of shape (n_tasks,)
        The user's importances.
    random_stream : RandomStream
        Source of every random number of the training.
    precision : Precision
        What the trunk computes in.
    gradient_level : {"representation", "parameters"}
        With respect to what weightings that read gradients read them.
    record_conflicts : bool
        Whether to record the cosines of the task gradients.
    """

    def __init__(
        self,
        *args,
        weighting,
        task_weights,
        random_stream,
        precision,
        gradient_level="representation",
        record_conflicts=False,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.weighting = weighting
        self.task_weights = task_weights
        self.random_stream = random_stream
        self.precision = precision
        self.gradient_level = gradient_level
        self.record_conflicts = record_conflicts
        self.interrupted = self.cancelled = False
        self.input_of = None

    @property
    def _default_callbacks(self):
        return []

    def __getstate__(self):
        # Callbacks may pickle the net in the middle of a fit, whose validation images are not part of it.
        return {**super().__getstate__(), "train_split": None, "reached_": None}

    def initialize(self):
        """Initialise everything, with a fresh meter."""
        self.meter = EpochMeter()
        self.listeners_ = {}
        self.scaler = self.precision.scaler()
        return super().initialize()

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Return the groups of parameters, and the optimiser's arguments."""
        named_parameters = list(named_parameters)
        _, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        parameters = [parameter for _, parameter in named_parameters]
        return (parameter_groups(self.module_, parameters, self.optimizer, kwargs["lr"]),), kwargs

    def on_train_begin(self, net, *args, **kwargs):
        """Put what every step needs on the device."""
        super().on_train_begin(net, *args, **kwargs)
        importance = self.task_weights.to(self.device, self.module_.heads.dtype)
        self.reached_ = None
        last = self.step_weights_.last if hasattr(self, "step_weights_") else None
        self.step_weights_ = StepWeights(self.weighting, importance, last)

    def _look_once(self):
        """Look once an epoch, the callbacks having begun it, at what no step needs to look at."""
        # Parts of the network may be in another mode, which `_set_training` would not notice.
        super()._set_training(True)
        # Most callbacks have nothing to do in the thousands of steps of an epoch.
        self.listeners_ = {
            name: [callback for _, callback in self.callbacks_ if _overrides(callback, name)]
            for name in ("on_batch_begin", "on_batch_end", "on_grad_computed")
        }
        self.randomness_ = no_randomness(self) or self.random_stream

    def train_step(self, batch, **fit_params):
        """Do one optimisation step with random numbers from the private stream."""
        with self.randomness_:
            if not getattr(self.weighting, "looks_again", False):
                return super().train_step(batch, **fit_params)
            state = random_state(torch.device(self.device))
            step = super().train_step(batch, **fit_params)
            with no_trace(self.module_, torch.device(self.device), state):
                losses, _, weights = self.task_losses(self.infer(batch[0]), batch[1])
            self.step_weights_.look_again(*self.labelled_means(losses, weights))
            return step

    def validation_step(self, batch, **fit_params):
        """Compute the loss without gradients; what a user's own trunk draws here is the stream's too."""
        with self.randomness_:
            return super().validation_step(batch, **fit_params)

    def train_step_single(self, batch, **fit_params):
        """Compute loss and gradients; those of float16 are scaled up meanwhile."""
        self._set_training(True)
        images, target = batch
        if self.record_conflicts or self.step_weights_.reads_gradients:
            loss, logits = gradient_step(self, images, target)
        else:
            logits = self.infer(images)
            loss = self.get_loss(logits, target, X=images, training=True)
            (loss if self.scaler is None else self.scaler.scale(loss)).backward()
        if self.scaler is not None:
            self.scaler.unscale_(self.optimizer_)
        return {"loss": loss, "y_pred": logits}

    def notify(self, method_name, **cb_kwargs):
        """Tell the net and the callbacks that listen."""
        if method_name not in self.listeners_:
            return super().notify(method_name, **cb_kwargs)
        getattr(self, method_name)(self, **cb_kwargs)
        for callback in self.listeners_[method_name]:
            getattr(callback, method_name)(self, **cb_kwargs)

    def _step_optimizer(self, step_fn):
        if self.scaler is None:
            return super()._step_optimizer(step_fn)
        step_fn()
        self.scaler.step(self.optimizer_)
        self.scaler.update()

    def _set_training(self, training=True):
        # Walking through all layers before every step would take as long as a small one's forward pass.
        if self.module_.training != training:
            super()._set_training(training)

    def get_iterator(self, dataset, training=False):
        """Return a loader of whole batches; PyTorch's, if the user set anything of it."""
        kwargs = self.get_params_for("iterator_train" if training else "iterator_valid")
        batch_size = kwargs.pop("batch_size")
        if not training:
            batches = ConsecutiveBatches(len(dataset), batch_size)
        elif getattr(dataset, "draws", None) is None:
            batches = RandomBatches(len(dataset), batch_size, kwargs["generator"])
        else:
            batches = BalancedBatches(dataset.codes, dataset.draws, batch_size, kwargs["generator"])
        if self.own_loaders:
            return BatchLoader(dataset, batches, torch.device(self.device))
        # PyTorch draws a seed for its workers every epoch, which must not change the order of the batches.
        kwargs["generator"] = torch.Generator().manual_seed(kwargs["generator"].initial_seed())
        return DataLoader(dataset, batch_sampler=batches, **kwargs)

    @property
    def own_loaders(self):
        """Whether the user has set no argument of PyTorch's loaders."""
        ours = {"batch_size", "collate_fn", "generator"}
        return all(set(self.get_params_for(f"iterator_{kind}")) <= ours for kind in ("train", "valid"))

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run an epoch without waiting for the device after every batch."""
        if iterator is None:
            return
        if training:
            self._look_once()
        count = 0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.notify("on_batch_end", batch=batch, training=training, **step)
            count += 1
        self.history.record(prefix + "_batch_count", count)

    def fit_loop(self, *args, **kwargs):
        """Train; remember whether it was the user, not early stopping, who stopped it, and whether by Ctrl-C."""
        self.interrupted = self.cancelled = False
        try:
            return super().fit_loop(*args, **kwargs)
        except KeyboardInterrupt as error:
            self.cancelled = not raised_by_statement(error)
            self.interrupted = not any(
                isinstance(cb, EarlyStopping) and cb.misses_ == cb.patience for _, cb in self.callbacks_
            )
            return self


def _overrides(callback, name):
    return getattr(getattr(callback, name), "__func__", None) is not getattr(Callback, name)


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
