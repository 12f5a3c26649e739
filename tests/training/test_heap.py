import ctypes
import platform
import threading
from types import SimpleNamespace

import pytest

from skmtl.training import _heap
from skmtl.training._heap import large_blocks_kept

KEPT = [("mmap", 2**30), ("trim", 2**31 - 1)]
GIVEN_BACK = [("mmap", 32 * 2**20), ("trim", 64 * 2**20), "all"]
MIB = 2**20


class Libc:
    """A C library that notes what it is told."""

    def __init__(self, most=2**31):
        self.most, self.told = most, []

    def mallopt(self, option, value):
        # The numbers of malloc.h.
        self.told.append(({-1: "trim", -3: "mmap"}[option], value))
        return int(option == -1 or value <= self.most)

    def malloc_trim(self, pad):
        assert pad == 0
        self.told.append("all")


@pytest.fixture
def libc(monkeypatch):
    library = Libc()
    monkeypatch.setattr(_heap, "_glibc", lambda: library)
    return library


def test_blocks_are_kept_meanwhile_and_given_back(libc):
    with large_blocks_kept():
        assert libc.told == KEPT
    assert libc.told == KEPT + GIVEN_BACK


def test_blocks_are_given_back_after_an_error(libc):
    def fail():
        with large_blocks_kept():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert libc.told == KEPT + GIVEN_BACK
    assert _heap._users == 0


def test_the_outermost_gives_back(libc):
    with large_blocks_kept():
        with large_blocks_kept():
            pass
        assert "all" not in libc.told
    assert libc.told == KEPT + KEPT + GIVEN_BACK


def test_the_last_of_overlapping_threads_gives_back(libc):
    entered, leave = threading.Event(), threading.Event()

    def work():
        with large_blocks_kept():
            entered.set()
            assert leave.wait(timeout=20)

    thread = threading.Thread(target=work)
    with large_blocks_kept():
        thread.start()
        assert entered.wait(timeout=20)
    assert libc.told == KEPT + KEPT
    leave.set()
    thread.join(timeout=20)
    assert libc.told == KEPT + KEPT + GIVEN_BACK


def test_an_older_glibc_keeps_what_it_may(monkeypatch):
    library = Libc(most=32 * MIB)
    monkeypatch.setattr(_heap, "_glibc", lambda: library)
    with large_blocks_kept():
        # Refusing a threshold leaves the one of the moment, which would stop adapting at as little as 128 KiB.
        assert library.told == [("mmap", 2**30), ("mmap", 32 * MIB), ("trim", 2**31 - 1)]


@pytest.mark.parametrize("version", [("", ""), ("musl", "1.2.5"), ("libc", "5")])
def test_nothing_happens_without_glibc(monkeypatch, version):
    monkeypatch.setattr(platform, "libc_ver", lambda *args: version)
    monkeypatch.setattr(ctypes, "CDLL", lambda *args: pytest.fail("loaded"))
    assert _heap._glibc() is None
    inside = []
    with large_blocks_kept():
        inside.append(_heap._users)
    assert inside == [0]


@pytest.mark.parametrize("there", [("mallopt",), ("malloc_trim",), ()])
def test_nothing_happens_without_the_functions(monkeypatch, there):
    monkeypatch.setattr(platform, "libc_ver", lambda *args: ("glibc", "2.36"))
    monkeypatch.setattr(ctypes, "CDLL", lambda *args: SimpleNamespace(**dict.fromkeys(there)))
    assert _heap._glibc() is None


class Mallinfo2(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


def mapped_bytes(n_bytes):
    """How many bytes more are mapped, outside the heap, while a block of `n_bytes` is in use."""
    library = ctypes.CDLL(None)
    library.mallinfo2.restype, library.malloc.restype = Mallinfo2, ctypes.c_void_p
    library.malloc.argtypes, library.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
    before = library.mallinfo2().hblkhd
    block = library.malloc(n_bytes)
    try:
        return library.mallinfo2().hblkhd - before
    finally:
        library.free(block)


def is_new_glibc():
    name, version = platform.libc_ver()
    return name == "glibc" and tuple(map(int, version.split("."))) >= (2, 36)


@pytest.mark.skipif(not is_new_glibc(), reason="older ones take blocks above 32 MiB from nowhere but the system")
def test_glibc_takes_large_blocks_from_the_heap():
    with large_blocks_kept():
        assert mapped_bytes(200 * MIB) == 0
    assert mapped_bytes(200 * MIB) >= 200 * MIB
    # What glibc reaches by itself.
    assert mapped_bytes(20 * MIB) == 0


def test_training_keeps_its_blocks(libc, small, digits):
    clf = small().fit(*digits)
    assert libc.told == KEPT + GIVEN_BACK
    clf.predict(digits[0])
    assert libc.told == KEPT + GIVEN_BACK
