"""Real images with several labels each: most need no download, the others keep a cache."""

from .._rows import LazyRows
from ._glyphs import load_glyphs
from ._multi_mnist import fetch_multi_mnist, load_multi_mnist
from ._two_digits import load_two_digits

__all__ = ["LazyRows", "fetch_multi_mnist", "load_glyphs", "load_multi_mnist", "load_two_digits"]
