"""Every task's gradient of a batch, from one pass backward through the heads."""

import torch

__all__ = ["LinearGradients", "OwnGradients", "task_gradients", "through_trunk"]


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
            rows = torch.stack(self.of_tasks()).flatten(1)
            return rows @ rows.T
        products = (self.errors.T @ self.errors) * (self.weight @ self.weight.T)
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
        # No task's loss depends on another's copy.
        self.gradients = list(torch.autograd.grad(losses.sum(), self.copies, retain_graph=True))

    def gramian(self):
        """Return the inner products of the task gradients, shape (n_tasks, n_tasks)."""
        rows = torch.stack(self.gradients).flatten(1)
        return rows @ rows.T

    def of_tasks(self):
        """Return the gradient of every task, a list of n_tasks tensors of the features' shape."""
        return self.gradients

    def combined(self, weights):
        """Return the sum of the task gradients times `weights`, shape (n_tasks,), in the features' shape."""
        return torch.tensordot(weights, torch.stack(self.gradients), 1)


def through_trunk(features, gradients, parameters):
    """Return every task's gradient with respect to the trunk's parameters, shape (n_tasks, n_values).

    Parameters
    ----------
    features : tensor of shape (batch, n_features), or list of n_tasks of them
        Outputs of the trunk, with their graph, which is used up.
    gradients : list of n_tasks tensors
        With respect to `features`.
    parameters : list of n tensors
        Those to be trained.
    """
    if not parameters:
        return gradients[0].new_zeros(len(gradients), 0)
    rows = []
    for t, gradient in enumerate(gradients):
        output = features if isinstance(features, torch.Tensor) else features[t]
        parts = torch.autograd.grad(
            output, parameters, gradient.to(output.dtype), retain_graph=t + 1 < len(gradients), allow_unused=True
        )
        parts = [torch.zeros_like(p) if part is None else part for p, part in zip(parameters, parts, strict=True)]
        rows.append(torch.cat([part.reshape(-1) for part in parts]))
    return torch.stack(rows)
