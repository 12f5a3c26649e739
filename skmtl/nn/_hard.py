"""Hard sharing: one trunk for all tasks."""

from sklearn.base import BaseEstimator

__all__ = ["HardSharing"]


class HardSharing(BaseEstimator):
    """One trunk, whose features every task reads: the fewest parameters and the least time.

    The measure of all other ways of sharing: their docstrings count in trunks, of which this is one.
    Tasks meet in all layers but their heads, whether that helps them or not.

    Examples
    --------
    >>> HardSharing()
    HardSharing()

    References
    ----------
    Caruana (1997), Multitask learning, Machine Learning 28, figure 2.
    """

    def build(self, make_trunk, n_tasks, image_shape):
        """Return the trunk itself: one tensor of features for all tasks.

        Parameters
        ----------
        make_trunk : callable
            Returns a fresh trunk.
        n_tasks : int
            Number of tasks.
        image_shape : tuple of int
            Channels, height and width; fewer or more sizes for signals and volumes.

        Returns
        -------
        torch.nn.Module
        """
        return make_trunk()
