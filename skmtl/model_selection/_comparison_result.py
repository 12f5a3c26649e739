"""What a comparison with single-task models found."""

from dataclasses import dataclass

import pandas as pd

__all__ = ["SingleTaskComparison"]


@dataclass(frozen=True, eq=False)
class SingleTaskComparison:
    """A multi-task model against one model per task, from :func:`compare_with_single_task`.

    Parameters
    ----------
    table : DataFrame
        A row per task: ``single_task`` and ``multi_task``, the mean scores over all splits; ``difference``, multi
        minus single; ``lower`` and ``upper``, the confidence interval of the expected difference; and
        ``negative_transfer``, whether that lies below zero as a whole.
    delta_m : float
        Mean relative gain of the multi-task model in percent; **higher is better**. See
        :func:`skmtl.metrics.delta_m`.
    delta_m_interval : tuple of float
        Its confidence interval.
    costs : DataFrame
        Rows ``multi_task`` and ``single_task`` (all its models together): ``parameters`` (NaN where a model does
        not tell), ``fit_time`` and ``predict_time`` in seconds, means over the splits.
    scores : DataFrame
        A row per repeat, split and task, with the columns ``repeat``, ``split``, ``task``, ``single_task`` and
        ``multi_task``.
    metric : str or dict task -> str
        The score; a dict where tasks have different ones.
    confidence_level : float
        Of the intervals.

    See Also
    --------
    skmtl.inspection.SingleTaskComparisonDisplay : A picture of it.

    Examples
    --------
    >>> from skmtl import MultiTaskCNNClassifier
    >>> from skmtl.datasets import load_two_digits
    >>> from skmtl.model_selection import compare_with_single_task
    >>> X, y = load_two_digits(n_samples=150, return_X_y=True, as_frame=True)
    >>> compare_with_single_task(MultiTaskCNNClassifier(max_epochs=1), X, y, cv=2, n_repeats=1, random_state=0)
    SingleTaskComparison(delta_m=..., tasks=['left', 'right'])
    """

    table: pd.DataFrame
    delta_m: float
    delta_m_interval: tuple
    costs: pd.DataFrame
    scores: pd.DataFrame
    metric: str | dict
    confidence_level: float

    def __str__(self):
        low, high = self.delta_m_interval
        level = f"{100 * self.confidence_level:g} %"
        title, table = self.metric, self.table
        if isinstance(title, dict):
            table = table.assign(metric=[title[name] for name in table.index])[["metric", *table.columns]]
            title = "Each task by its metric"
        return (
            f"{title}, multi-task against single-task, {level} intervals\n\n"
            f"{table.to_string(float_format='{:.4f}'.format)}\n\n"
            f"delta_m {self.delta_m:+.2f} % [{low:+.2f}, {high:+.2f}], higher is better\n\n"
            f"{self.costs.to_string(formatters={'parameters': '{:,.0f}'.format}, float_format='{:.3g} s'.format)}"
        )

    def __repr__(self):
        return f"SingleTaskComparison(delta_m={self.delta_m:.4g}, tasks={list(self.table.index)!r})"
