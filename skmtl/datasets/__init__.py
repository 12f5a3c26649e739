"""Images with several labels each, real or drawn, and what takes images of several tasks through scikit-learn."""

from .._rows import LazyRows, TaskImages
from ._glyphs import load_glyphs
from ._multi_mnist import fetch_multi_mnist, load_multi_mnist
from ._signals import make_signals
from ._stack_tasks import stack_tasks
from ._two_digits import load_two_digits
from ._volumes import make_volumes

__all__ = [
    "LazyRows",
    "TaskImages",
    "fetch_multi_mnist",
    "load_glyphs",
    "load_multi_mnist",
    "load_two_digits",
    "make_signals",
    "make_volumes",
    "stack_tasks",
]
