"""The classifier: its parameters, and what it predicts."""

from numbers import Integral, Real

import pandas as pd
import torch
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..training import GRADIENT_LEVELS, PRECISIONS, mean_sharing_weights
from ._base import BaseMultiTaskCNN
from ._score import mean_accuracy

__all__ = ["MultiTaskCNNClassifier"]


class MultiTaskCNNClassifier(BaseMultiTaskCNN):
    """One convolutional network for several classification tasks.

    A trunk shared by all tasks, one head per task, trained on the mean of the tasks'
    cross-entropies, each multiplied by its weight. The tasks read the same images, signals or
    volumes, or each its own.

    Parameters
    ----------
    trunk : "cnn", spec, nn.Module class, factory or instance, default="cnn"
        Layers all tasks share. ``"cnn"`` is ``skmtl.nn.ConvTrunk()``; your own module may
        return features of any shape, and an instance (pretrained, say) is copied. ``"lenet"``
        and ``"resnet"`` stand for ``LeNetTrunk()`` and ``ResNetTrunk()``.
    head : {"linear", "mlp", "sigmoid", "ordinal"}, spec or mapping task -> any of these, default="linear"
        Layers of one task and their activation, such as ``skmtl.nn.MLPHead(hidden=(50,),
        dropout=0.5)`` or ``OrdinalHead()``. Tasks that a mapping does not name get a linear head.
    sharing : {"hard", "none", "cross-stitch", "mmoe", "cgc", "ple", "mtan"} or spec, default="hard"
        How the tasks share the trunk: ``"hard"``: all of it; ``"none"``: each has one of its
        own; the others learn how much, such as ``skmtl.nn.CrossStitch()``.
    task_weights : None, sequence or mapping task -> float, default=None
        Importance of every task, >= 0, on top of `weighting`; only the ratios matter. A task
        of weight 0 is not trained, but predicted all the same. None: all alike.
    weighting : str, spec or TorchJD object, default="equal"
        What turns the task losses or the task gradients of a step into weights: ``"equal"``, ``"random"``,
        ``"uncertainty"``, ``"dwa"``, ``"geometric"``, ``"imtl-l"``, ``"famo"``; from gradients ``"gradnorm"``,
        ``"mgda"``, ``"pcgrad"``, ``"cagrad"``, ``"imtl-g"``, ``"aligned-mtl"``, ``"nash-mtl"``,
        ``"upgrad"``; or a spec such as ``skmtl.weighting.CAGrad(c=0.4)``.
    gradient_level : {"representation", "parameters"}, default="representation"
        With respect to what weightings and `record_conflicts` read the task gradients: the
        representation that the heads share, which takes one pass backward through the trunk in all,
        or the trunk's parameters, which takes one a task. Only used by those that read gradients.
    class_weight : None, "balanced", mapping label -> float, list or mapping task -> any of these, default=None
        Weights of the classes of every task, from labelled cells only.
    missing_label : scalar, default=None
        One more marker for "no label"; NaN, None, ``pd.NA`` and NaT always mean it.
    task_sampling : {"proportional", "uniform"} or float, default="proportional"
        Which rows make a batch where tasks have labels in different rows. ``"uniform"``: as many
        of every task; a temperature >= 1 lies between, task t having a share proportional to
        its number of labelled rows to the power ``1 / temperature``. It changes how noisy the
        losses of the tasks are, not what they mean.
    image_shape : tuple of int, default=None
        How the rows of a 2-D X fold, such as (28, 28) or (28, 28, 3). None: one-row images, or
        signals of one channel.
    channel_axis : "auto", int or None, default="auto"
        Channel axis of X (after folding), the samples being axis 0; None if there is none.
        ``"auto"`` decides where one of the two readings has at most four channels, and raises
        where both or neither have; of signals, where one axis is at least four times as long.
    spatial_dims : {1, 2, 3}, default=2
        Axes of one channel: 1 for signals, 2 for images, 3 for volumes.
    standardize : bool, default=True
        Subtract the training images' mean and divide by their standard deviation, channel by
        channel, inside the network. 8- and 16-bit integer pixels are divided by the largest
        value of their dtype in any case.
    optimizer : {"adamw", "adam", "momentum", "sgd"} or torch.optim.Optimizer class, default="adamw"
        ``"momentum"`` is SGD with Nesterov momentum 0.9.
    lr : float, default=2e-3
        Learning rate; the highest one with ``"one-cycle"``.
    weight_decay : float, default=1e-2
        Weight decay of the optimiser (decoupled with ``"adamw"``).
    lr_scheduler : {"one-cycle", "cosine", "constant"} or torch.optim.lr_scheduler class, default="one-cycle"
        Schedule over the whole fit, stepped every batch; a class is stepped every epoch, its
        arguments given as ``net_params={"lr_scheduler__gamma": 0.9}``.
    max_epochs : int, default=30
        Passes over the training images.
    batch_size : int or "auto", default="auto"
        ``"auto"``: the power of two nearest ``sqrt(n_samples)``, from 32 to 256. A last batch of
        one sample, no use to batch normalisation, joins the one before it.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the samples, stratified over all tasks, stop when the
        monitored accuracy has not risen by `tol` for `n_iter_no_change` epochs, and restore
        the best weights.
    monitor : task name or index, default=None
        Task whose validation accuracy drives early stopping; None for the mean of all tasks of
        positive weight.
    validation_fraction : float, default=0.1
        Share of the samples held out, in (0, 1).
    n_iter_no_change : int, default=10
        Epochs without improvement before stopping.
    tol : float, default=1e-4
        Least rise of the monitored accuracy that counts.
    augment : callable, default=None
        Applied to every training batch, a float tensor (batch, channels, height, width), or with the
        spatial axes of signals or volumes, before standardisation, on the training device; returns
        one of the same shape. Never at predict.
    warm_start : bool, default=False
        Whether `fit` continues from the last fit (weights, optimiser and weighting state) with
        a new learning-rate schedule. What the network was built from must not have changed.
        The validation split of early stopping stays the same as long as the samples do.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the order of the batches, dropout, augmentation through
        PyTorch's generator and the validation split.
    precision : {"auto", "float32", "bfloat16", "float16"}, default="auto"
        What the trunk computes in; parameters, heads, losses and weightings stay float32.
        ``"auto"`` is bfloat16 on processors that multiply matrices of it (AMX on CPUs, Ampere and
        later GPUs), if the trunk is large enough to gain, float64 for tiny data on CPUs, and
        float32 otherwise. bfloat16 moves probabilities by up to 0.02; see the guide. ``"float16"``
        is for GPUs; on CPUs it is slow.
    compile : bool, default=False
        Whether to train with ``torch.compile``: some seconds of compilation, then, on some
        machines, faster steps. The parameters keep their names.
    device : str, default="auto"
        PyTorch device; ``"auto"`` is a CUDA GPU if there is one, else the CPU.
    record_conflicts : bool, default=False
        Whether `history_` gets the cosines of the tasks' gradients and how often these are opposed.
    verbose : int, default=0
        1: a line an epoch; 2: a progress bar with the time left as well.
    callbacks : list of skorch callbacks, default=None
        Copied, so that what you pass stays as it is; see ``net_.callbacks_`` after the fit.
    net_params : dict, default=None
        Further skorch arguments: ``optimizer__*``, ``lr_scheduler__*``, ``iterator_train__*``
        and ``iterator_valid__*`` (``num_workers``, ``pin_memory`` ...).

    Attributes
    ----------
    classes_ : ndarray or list of ndarray
        Labels; a list with one entry per task if y is 2-D.
    n_classes_ : int or list of int
        Number of labels, likewise.
    n_tasks_ : int
        Number of tasks.
    task_names_ : list
        Column names of y, or ``"task0"``, ``"task1"`` ...
    image_shape_ : tuple of int
        (channels, height, width) of the images the network sees; (channels, length) of signals,
        (channels, depth, height, width) of volumes.
    n_features_in_ : int
        Length of the second axis of X, as everywhere in scikit-learn.
    feature_names_in_ : ndarray of str
        Column names of X, where it is a data frame.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the PyTorch module.
    history_ : list of dict
        One row per epoch: ``epoch``, ``seconds``, ``lr``, ``train_loss``, per task
        ``<task>_train_loss`` and ``<task>_weight``, and with early stopping ``valid_loss``,
        ``valid_score``, ``<task>_valid_loss``, ``<task>_valid_score``. With `record_conflicts` also
        ``gradient_cosine`` and ``gradient_conflict``, lists of shape (n_tasks, n_tasks): the mean cosine
        of two tasks' gradients and the share of steps in which it is negative; and
        ``conflict_rate``, that share over all pairs.
    n_iter_ : int
        Epochs done.
    best_score_ : float or None
        Monitored validation accuracy of the weights kept; None without early stopping, or if no
        epoch was completed.

    See Also
    --------
    skmtl.metrics.multi_task_scorer : Per-task scores for model selection.
    skmtl.model_selection.MultiTaskStratifiedKFold : Folds stratified over all tasks.

    Notes
    -----
    The loss of a step is ``1/T sum_t w_t L_t`` with weights w that average 1, so that neither
    the number of tasks nor the scale of `task_weights` changes what `lr` means. Each ``L_t`` is
    the cross-entropy averaged over the *labelled* cells of task t: a task with few labels
    counts as much as one with many.

    References
    ----------
    Caruana (1997), Multitask learning, Machine Learning 28.

    Examples
    --------
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> X, y = load_two_digits(n_samples=200, return_X_y=True)
    >>> clf = MultiTaskCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> clf.predict(X[:2]).shape
    (2, 2)
    >>> [p.shape for p in clf.predict_proba(X[:2])]
    [(2, 10), (2, 10)]
    """

    _parameter_constraints = {
        "trunk": "no_validation",
        "head": "no_validation",
        "sharing": "no_validation",
        "task_weights": ["array-like", dict, None],
        "weighting": "no_validation",
        "gradient_level": [StrOptions(set(GRADIENT_LEVELS))],
        "class_weight": ["array-like", StrOptions({"balanced"}), dict, None],
        "missing_label": "no_validation",
        "task_sampling": "no_validation",
        "image_shape": [tuple, list, None],
        "channel_axis": [StrOptions({"auto"}), Integral, None],
        "spatial_dims": [Options(Integral, {1, 2, 3})],
        "standardize": ["boolean"],
        "optimizer": [str, type],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "lr_scheduler": [str, type],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "monitor": "no_validation",
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "augment": [callable, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "precision": [StrOptions(PRECISIONS)],
        "compile": ["boolean"],
        "device": [str, torch.device],
        "record_conflicts": ["boolean"],
        "verbose": ["verbose"],
        "callbacks": [list, tuple, None],
        "net_params": [dict, None],
    }

    def __init__(
        self,
        trunk="cnn",
        head="linear",
        *,
        sharing="hard",
        task_weights=None,
        weighting="equal",
        gradient_level="representation",
        class_weight=None,
        missing_label=None,
        task_sampling="proportional",
        image_shape=None,
        channel_axis="auto",
        spatial_dims=2,
        standardize=True,
        optimizer="adamw",
        lr=2e-3,
        weight_decay=1e-2,
        lr_scheduler="one-cycle",
        max_epochs=30,
        batch_size="auto",
        early_stopping=False,
        monitor=None,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        augment=None,
        warm_start=False,
        random_state=None,
        precision="auto",
        compile=False,
        device="auto",
        record_conflicts=False,
        verbose=0,
        callbacks=None,
        net_params=None,
    ):
        self.trunk = trunk
        self.head = head
        self.sharing = sharing
        self.task_weights = task_weights
        self.weighting = weighting
        self.gradient_level = gradient_level
        self.class_weight = class_weight
        self.missing_label = missing_label
        self.task_sampling = task_sampling
        self.image_shape = image_shape
        self.channel_axis = channel_axis
        self.spatial_dims = spatial_dims
        self.standardize = standardize
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.lr_scheduler = lr_scheduler
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.monitor = monitor
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.augment = augment
        self.warm_start = warm_start
        self.random_state = random_state
        self.precision = precision
        self.compile = compile
        self.device = device
        self.record_conflicts = record_conflicts
        self.verbose = verbose
        self.callbacks = callbacks
        self.net_params = net_params

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, H, W), (n_samples, H, W, C) or (n_samples, C, H, W)
            Images, or with another `spatial_dims` signals (n_samples, length) or volumes
            (n_samples, D, H, W), with or without channels; see `image_shape` and `channel_axis`. A
            mapping task -> images, or ``skmtl.datasets.TaskImages``, gives every task images of its own, all of
            one shape and dtype; each set is standardised by itself. Rows wholly masked in a NumPy
            masked array are no images: their labels count as missing.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels of any kind, one column per task, as array, list, dense tensor or data frame; NaN, None,
            ``pd.NA``, NaT and `missing_label` mark cells without one.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of samples, or of single cells, >= 0.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If an argument or parameter makes no sense; before any training. ValueError also
            if the loss stops being finite.
        """
        continuing = self.warm_start and hasattr(self, "net_")
        return self._train(X, y, sample_weight, continuing=continuing, epochs=int(self.max_epochs))

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on a chunk of the data, at a constant learning rate.

        Standardisation and batch size come from the first chunk.

        Parameters
        ----------
        X, y : array-like
            As for `fit`. A chunk may lack labels of a task.
        classes : array-like, list of array-like or mapping task -> array-like, default=None
            All labels of every task, in the first call; without it the first chunk must hold
            them all.
        sample_weight : array-like, default=None
            As for `fit`.

        Returns
        -------
        self
        """
        if self.early_stopping:
            raise ValueError(
                "early_stopping=True has no meaning in partial_fit, which does one epoch: set it to False."
            )
        continuing = hasattr(self, "net_")
        return self._train(X, y, sample_weight, continuing=continuing, classes=classes, epochs=1, partial=True)

    def predict(self, X):
        """Predict a label of every task: the most probable one; of ordered classes, the median.

        Parameters
        ----------
        X : array-like
            Images of the shape seen at fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_tasks)
            1-D if y was. Labels in the dtype they came in; tasks of different types give an
            object array.
        """
        codes = self._codes(X)
        return self._encoder.decode(codes)

    def predict_proba(self, X):
        """Predict the probability of every label.

        Parameters
        ----------
        X : array-like
            Images of the shape seen at fit.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of n_tasks such arrays
            Columns in the order of ``classes_``.
        """
        return self._distributions(X, torch.softmax)

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of every label.

        Parameters
        ----------
        X : array-like
            Images of the shape seen at fit.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of n_tasks such arrays
            Columns in the order of ``classes_``.
        """
        return self._distributions(X, torch.log_softmax)

    def sharing_weights(self, X):
        """Return how much of what the tasks share: stitches, gates or attention masks.

        Parameters
        ----------
        X : array-like
            Images of the shape seen at fit, over which gates and masks are averaged.

        Returns
        -------
        list of DataFrame
            One per place in the network where tasks share, in the order of its layers: a row per
            task, a column per source. Empty for ``sharing="hard"`` and ``"none"``, where nothing
            was to be learned about it.
        """
        images, layout, input_of = self._arranged(X)
        found = mean_sharing_weights(self.net_, images, layout, input_of)
        tasks = self.task_names_
        return [pd.DataFrame(w, index=tasks, columns=[s.format(*tasks) for s in sources]) for w, sources in found]

    def score(self, X, y, sample_weight=None):
        """Return the unweighted mean of the tasks' accuracies over labelled cells.

        Parameters
        ----------
        X : array-like
            Images of the shape seen at fit.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            True labels; cells without one do not count.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
            Weights of samples or cells, read as in `fit`: a data frame by the names of the tasks,
            masked entries as 0.

        Returns
        -------
        float
        """
        return mean_accuracy(self, X, y, sample_weight)
