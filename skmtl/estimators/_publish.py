"""What every fitted estimator says of its tasks."""

__all__ = ["publish_tasks"]


def publish_tasks(estimator, encoder):
    """Set the fitted attributes that tell the tasks and their classes, lists where y had columns.

    Parameters
    ----------
    estimator : estimator
        Being fitted.
    encoder : TargetEncoder
        Of its target.
    """
    single = encoder.one_dimensional_
    estimator._encoder = encoder
    estimator.classes_ = encoder.classes_[0] if single else encoder.classes_
    estimator.n_classes_ = len(encoder.classes_[0]) if single else [len(c) for c in encoder.classes_]
    estimator.n_tasks_ = len(encoder.classes_)
    estimator.task_names_ = encoder.task_names_
