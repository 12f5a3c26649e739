"""A data set that moves to the GPU once, if it fits."""

import torch
from torch.utils.data import Dataset

from ._data import as_tensor

__all__ = ["ResidentDataset", "make_resident"]

SHARE_OF_FREE = 0.5  # the rest is for activations


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
        rows = dataset.images
        part = rows.read(0, len(rows)) if dataset.rows is None else rows.take(dataset.rows)
        self.layout = dataset.layout
        self.images = as_tensor(part).to(device)
        self.codes = torch.from_numpy(dataset.codes).to(device)
        self.weights = None if dataset.weights is None else torch.from_numpy(dataset.weights).to(device)

    def __len__(self):
        return len(self.codes)

    def __getitems__(self, indices):
        """Return (images, (codes, weights)) for `indices`, all on the device."""
        # Pinned, the copy does not wait for the kernels before it.
        indices = torch.from_numpy(indices)
        if self.images.is_cuda:
            indices = indices.pin_memory().to(self.images.device, non_blocking=True)
        weights = None if self.weights is None else self.weights[indices]
        return self.layout.images(self.images[indices]), (self.codes[indices], weights)


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
