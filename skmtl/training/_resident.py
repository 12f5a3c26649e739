"""A data set that moves to the GPU once, if it fits."""

import numpy as np
import torch
from torch.utils.data import Dataset

from ._data import as_tensor

__all__ = ["ResidentDataset", "make_resident"]

SHARE_OF_FREE = 0.5  # the rest is for activations
PART_BYTES = 16 * 2**20  # copied at a time: the images may lie in a file larger than memory
# What PyTorch picks rows of on every device, for what it does not.
_PICKED_AS = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


class ResidentDataset(Dataset):
    """A `BatchDataset` whose tensors lie on the device, so that no batch waits for the bus.

    Parameters
    ----------
    dataset : BatchDataset
        Copied, in the dtype of its images.
    device : torch.device
        Where to.
    """

    on_device = True

    def __init__(self, dataset, device):
        self.layout = dataset.layout
        self.codes, self.draws = dataset.codes, dataset.draws
        self.images, self.dtype = _copied(dataset, device)
        parts = (dataset.codes,) if dataset.weights is None else (dataset.codes, dataset.weights)
        self.target = tuple(torch.from_numpy(part).to(device) for part in parts)

    def __len__(self):
        return len(self.target[0])

    def __getitems__(self, indices):
        """Return (images, (codes, weights)) for `indices`, or (images, (codes,)), all on the device."""
        # Pinned, the copy does not wait for the kernels before it.
        indices = torch.from_numpy(indices)
        if self.images.is_cuda:
            indices = indices.pin_memory().to(self.images.device, non_blocking=True)
        target = tuple(part[indices] for part in self.target)
        return self.layout.images(self.images[indices].view(self.dtype)), target


def _copied(dataset, device):
    """Return the images of `dataset` on the device, and the dtype to view them in."""
    rows, picked, out = dataset.images, dataset.rows, None
    # In the order of the storage, where neighbours share pages and chunks.
    order = np.arange(len(dataset)) if picked is None else np.argsort(picked, kind="stable")
    n_rows = max(1, PART_BYTES // max(1, rows.row_bytes))
    for start in range(0, len(order), n_rows):
        places = order[start : start + n_rows]
        part = as_tensor(rows.read(start, start + len(places)) if picked is None else rows.take(picked[places]))
        dtype, part = part.dtype, part.view(_PICKED_AS.get(part.dtype, part.dtype))
        if out is None:
            out = torch.empty((len(order), *part.shape[1:]), dtype=part.dtype, device=device)
        out[torch.from_numpy(places).to(device)] = part.to(device)
    return out, dtype


def make_resident(dataset, device):
    """Return the data set on `device`, or as it is where it stays on the CPU or would not fit.

    Parameters
    ----------
    dataset : BatchDataset
        Left as it is.
    device : torch.device
        Where the training runs.
    """
    if device.type != "cuda":
        return dataset
    needed = len(dataset) * dataset.images.row_bytes + 3 * dataset.codes.nbytes
    free, _ = torch.cuda.mem_get_info(device)
    return ResidentDataset(dataset, device) if needed <= SHARE_OF_FREE * free else dataset
