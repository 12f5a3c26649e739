"""The floating-point type that the trunk computes in."""

import threading
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

import torch

from .._validation import check_option

__all__ = ["PRECISIONS", "Precision", "resolve_precision"]

PRECISIONS = {"auto", "bfloat16", "float16", "float32"}

# Forward operations an image: below this, converting costs what the faster products gain. Measured on
# two cores with AMX: 0.2 million 1.05 to 1.2 times float32's time, 0.7 million 0.9, 1 million 0.8 to 0.9.
LEAST_FLOPS = 500_000

# PyTorch's setting belongs to the process: the last of several fits in threads restores it.
_LOCK = threading.Lock()
_users, _before = 0, None

# How a GPU rounds the inputs of float32 products, and of float32 convolutions: (read, write, not at all).
_ROUNDINGS = [
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest"),
    (lambda: torch.backends.cudnn.allow_tf32, lambda value: setattr(torch.backends.cudnn, "allow_tf32", value), False),
]


@dataclass(frozen=True)
class Precision:
    """What the trunk computes in; heads, losses and weightings stay in the parameters' type.

    Attributes
    ----------
    device_type : str
        "cpu", "cuda" ...
    dtype : torch.dtype or None
        Of the trunk's products and sums; None for that of its parameters.
    """

    device_type: str
    dtype: torch.dtype | None = None

    def autocast(self):
        """Return the context in which the trunk runs."""
        if self.dtype is not None:
            # Inside of another autocast, a cache would keep the parameters of the first step.
            return torch.autocast(self.device_type, self.dtype, cache_enabled=False)
        # Not even if the user calls from inside of autocast.
        inside = torch.is_autocast_enabled(self.device_type)
        return torch.autocast(self.device_type, enabled=False) if inside else nullcontext()

    @contextmanager
    def tensor_cores(self):
        """Let a GPU round the inputs of float32 products to TF32's 10 bits meanwhile."""
        if self.device_type != "cuda" or _chosen_by_the_user(torch.get_float32_matmul_precision):
            yield
            return
        global _users, _before
        with _LOCK:
            if not _users:
                _before = torch.get_float32_matmul_precision()
                torch.set_float32_matmul_precision("high")
            _users += 1
        try:
            yield
        finally:
            with _LOCK:
                _users -= 1
                if not _users:
                    torch.set_float32_matmul_precision(_before)

    @contextmanager
    def exact(self):
        """Compute with all the digits of the parameters meanwhile: differences of losses would drown in fewer."""
        with torch.autocast(self.device_type, enabled=False), ExitStack() as stack:
            for read, write, exact in _ROUNDINGS if self.device_type == "cuda" else ():
                if _chosen_by_the_user(read):
                    break
                stack.callback(write, read())
                write(exact)
            yield

    def scaler(self):
        """Return a gradient scaler for float16, whose smallest number gradients fall below; else None."""
        return torch.amp.GradScaler(self.device_type) if self.dtype == torch.float16 else None


def resolve_precision(precision, device, flops, runs_in):
    """Return the Precision that a name stands for on this machine.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16", "float16"}
        ``"auto"`` depends on the machine and the network only, never on a clock: the same seed
        must give the same model.
    device : torch.device
        Where the network runs.
    flops : int
        Forward operations of the trunk for one image.
    runs_in : callable
        Tells whether the trunk runs in a dtype at all; asked before `"auto"` chooses it.
    """
    check_option("precision", precision, PRECISIONS)
    if precision == "float32":
        return Precision(device.type)
    if precision != "auto":
        return Precision(device.type, getattr(torch, precision))
    faster = _has_fast_bfloat16(device) and flops >= LEAST_FLOPS
    return Precision(device.type, torch.bfloat16 if faster and runs_in(torch.bfloat16) else None)


def _chosen_by_the_user(read):
    try:
        read()
    except RuntimeError:
        # What PyTorch says to whoever has used its newer interface, ``fp32_precision``.
        return True
    return False


def _has_fast_bfloat16(device):
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # AVX512-BF16 alone is native too, but measured 1.05 to 1.3 times slower than float32 in training.
    return device.type == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16"))
