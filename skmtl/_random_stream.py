"""A private stream of PyTorch's global random numbers."""

import threading

import torch

__all__ = ["RandomStream"]

# PyTorch's default generator belongs to the process: layers such as dropout draw from it and
# take no other. Fits in several threads must not draw from each other's stream.
_LOCK = threading.RLock()


class RandomStream:
    """Context in which PyTorch's global generator continues this stream, and no other.

    The user's own global state is as before afterwards.

    Parameters
    ----------
    seed : int
        Start of the stream.

    Examples
    --------
    >>> stream = RandomStream(0)
    >>> with stream:
    ...     a = torch.rand(1)
    >>> with RandomStream(0):
    ...     b = torch.rand(1)
    >>> bool(a == b)
    True
    """

    def __init__(self, seed):
        self.state = torch.Generator().manual_seed(seed).get_state()
        self.seed = seed
        self.cuda_state = None
        self._depth = 0

    def __enter__(self):
        _LOCK.acquire()
        if self._depth == 0:
            self._outer = torch.get_rng_state()
            torch.set_rng_state(self.state)
            self._swap_cuda_in()
        self._depth += 1
        return self

    def __exit__(self, *exc):
        self._depth -= 1
        if self._depth == 0:
            self.state = torch.get_rng_state()
            torch.set_rng_state(self._outer)
            self._swap_cuda_out()
            del self._outer
        _LOCK.release()

    def _swap_cuda_in(self):
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            self._outer_cuda = torch.cuda.get_rng_state()
            if self.cuda_state is None:
                torch.cuda.manual_seed(self.seed)
            else:
                torch.cuda.set_rng_state(self.cuda_state)

    def _swap_cuda_out(self):
        if self.__dict__.get("_outer_cuda") is not None:
            self.cuda_state = torch.cuda.get_rng_state()
            torch.cuda.set_rng_state(self._outer_cuda)
            self._outer_cuda = None
