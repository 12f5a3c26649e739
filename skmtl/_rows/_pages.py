"""Pages of a mapped file that count as this process's memory."""

import mmap

__all__ = ["RESIDENT_BYTES", "Pages"]

RESIDENT_BYTES = 192 * 2**20
STATM = "/proc/self/statm"


class Pages:
    """The pages of a map, given back when they are many.

    Parameters
    ----------
    file_map : mmap.mmap
        Not copy-on-write: what only its pages hold would be lost.
    """

    def __init__(self, file_map):
        self._map = file_map
        self._can_drop = hasattr(mmap, "MADV_DONTNEED")
        self._counted = 0
        # Nobody knows what was read before.
        self._kept = -RESIDENT_BYTES

    def give_back(self, n_bytes):
        """Give all pages back if more than RESIDENT_BYTES came since the last time.

        Parameters
        ----------
        n_bytes : int
            What was read; counted where the system does not tell how much of all files is in memory.
        """
        self._counted += n_bytes
        if not self._can_drop or self._resident() - self._kept <= RESIDENT_BYTES:
            return
        try:
            self._map.madvise(mmap.MADV_DONTNEED)
        except OSError:
            # Locked into memory by the user.
            self._can_drop = False
        self._kept = self._resident()

    def _resident(self):
        try:
            with open(STATM, "rb") as file:
                return int(file.read().split()[2]) * mmap.PAGESIZE
        except OSError:
            return self._counted
