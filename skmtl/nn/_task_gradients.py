"""Every task's gradient of a batch, from one pass backward through the heads."""

import torch

from ._blank import as_in_prediction, blank_images

__all__ = ["LinearGradients", "OwnGradients", "inner_products", "reached_by_tasks", "task_gradients", "through_trunk"]

BLOCK = 2**20


def inner_products(rows):
    """Return the inner products of the rows, in double precision.

    Squares have half the digits of what is squared: in single precision, gradients that depend on one another, or
    oppose one another, would seem not to.

    Parameters
    ----------
    rows : tensor of shape (n, n_values)
    """
    if rows.device.type == "mps":  # which has nothing wider
        return rows @ rows.T
    # A copy of all of it would double the memory.
    parts = (part.double() for part in rows.split(BLOCK, 1))
    return sum((part @ part.T for part in parts), rows.new_zeros(len(rows), len(rows), dtype=torch.float64))


def task_gradients(heads, features):
    """Run the heads, so that the gradients of the single tasks can be told apart.

    Parameters
    ----------
    heads : Heads
    features : tensor of shape (batch, n_features), or list of n_tasks of them
        What the tasks read; the heads' graph is cut off from theirs.

    Returns
    -------
    LinearGradients or OwnGradients
    """
    linear = isinstance(features, torch.Tensor) and not len(heads.others)
    return (LinearGradients if linear else OwnGradients)(heads, features)


class LinearGradients:
    """Gradients where all heads are linear and read one representation: in closed form.

    With errors ``E[i, k]``, the derivative of the loss by logit k of row i, and the heads'
    weights ``W``, the gradient of task t is ``E_t W_t``, and the inner product of two tasks the
    sum over their block of ``(E'E) * (WW')``: nothing of size tasks x batch x features is made.

    Attributes
    ----------
    logits : tensor of shape (batch, sum of class counts)
    """

    def __init__(self, heads, features):
        self.weight = heads.linear.weight.detach()
        self.n_classes = heads.n_classes
        self.task_of = heads.task_of
        # Of the features' values only, so that a gradient of the heads ends here.
        self.logits = heads(features.detach().to(heads.dtype).requires_grad_())

    def read(self, losses):
        """Go backward from the losses, shape (n_tasks,), whose graph stays."""
        (self.errors,) = torch.autograd.grad(losses.sum(), self.logits, retain_graph=True)

    def gramian(self):
        """Return the inner products of the task gradients, shape (n_tasks, n_tasks)."""
        (batch, n_logits), n_features, n_tasks = self.errors.shape, self.weight.shape[1], len(self.n_classes)
        if n_logits**2 > n_tasks * batch * n_features:
            return inner_products(torch.stack(self.of_tasks()).flatten(1))
        products = inner_products(self.errors.T) * inner_products(self.weight)
        halved = products.new_zeros(n_tasks, n_logits).index_add_(0, self.task_of, products)
        return products.new_zeros(n_tasks, n_tasks).index_add_(1, self.task_of, halved)

    def of_tasks(self):
        """Return the gradient of every task, a list of n_tasks tensors of the features' shape."""
        blocks = zip(self.errors.split(self.n_classes, 1), self.weight.split(self.n_classes), strict=True)
        return [errors @ weight for errors, weight in blocks]

    def combined(self, weights):
        """Return the sum of the task gradients times `weights`, shape (n_tasks,), in the features' shape."""
        return (self.errors * weights[self.task_of]) @ self.weight


class OwnGradients:
    """Gradients of any heads: every task reads a copy of its own of the representation.

    Attributes
    ----------
    logits : tensor of shape (batch, sum of class counts)
    """

    def __init__(self, heads, features):
        per_task = [features] * len(heads.n_classes) if isinstance(features, torch.Tensor) else features
        self.copies = [part.detach().to(heads.dtype).requires_grad_() for part in per_task]
        self.logits = heads(self.copies)

    def read(self, losses):
        """Go backward from the losses, shape (n_tasks,), whose graph stays."""
        # No task's loss depends on another's copy, nor need it on its own.
        self.gradients = list(torch.autograd.grad(losses.sum(), self.copies, retain_graph=True, materialize_grads=True))

    def gramian(self):
        """Return the inner products of the task gradients, shape (n_tasks, n_tasks)."""
        return inner_products(torch.stack(self.gradients).flatten(1))

    def of_tasks(self):
        """Return the gradient of every task, a list of n_tasks tensors of the features' shape."""
        return self.gradients

    def combined(self, weights):
        """Return the sum of the task gradients times `weights`, shape (n_tasks,), in the features' shape."""
        return torch.tensordot(weights, torch.stack(self.gradients), 1)


def through_trunk(features, gradients, parameters):
    """Return every task's gradient with respect to the trunk's parameters, and which of these any task reaches.

    Parameters
    ----------
    features : tensor of shape (batch, n_features), or list of n_tasks of them
        Outputs of the trunk, with their graph, which is used up.
    gradients : list of n_tasks tensors
        With respect to `features`.
    parameters : list of n tensors
        Those to be trained.

    Returns
    -------
    rows : tensor of shape (n_tasks, n_values)
        Zeros where a task does not reach a parameter.
    reached : list of n bool
    """
    rows = gradients[0].new_zeros(len(gradients), sum(p.numel() for p in parameters))
    reached = [False] * len(parameters)
    for t, gradient in enumerate(gradients):
        output = features if isinstance(features, torch.Tensor) else features[t]
        if not parameters or not output.requires_grad:
            continue
        parts = torch.autograd.grad(
            output, parameters, gradient.to(output.dtype), retain_graph=t + 1 < len(gradients), allow_unused=True
        )
        places = rows[t].split([p.numel() for p in parameters])
        for p, (part, place) in enumerate(zip(parts, places, strict=True)):
            if part is not None:
                place.copy_(part.reshape(-1))
                reached[p] = True
    return rows, reached


def reached_by_tasks(trunk, image_shape):
    """Return which tasks reach which trainable values of a `TaskTrunk`, bool of shape (n_tasks, n_values).

    Found on two images of random pixels: call it with the random generator seeded.

    Parameters
    ----------
    trunk : TaskTrunk
        Left in the mode it is in.
    image_shape : tuple of int
        Channels, height and width, or other spatial axes.
    """
    parameters = [p for p in trunk.parameters() if p.requires_grad]
    blank = blank_images(trunk, image_shape)
    images = torch.randn_like(blank).to(next(trunk.parameters(), blank).device)
    with as_in_prediction(trunk), torch.enable_grad():
        features = [part.flatten(1) for part in trunk(images)]
    return through_trunk(features, [torch.randn_like(part) for part in features], parameters)[0] != 0
