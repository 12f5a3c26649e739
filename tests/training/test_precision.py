import threading
from types import SimpleNamespace

import pytest
import torch

from skmtl.training import _precision, resolve_precision
from skmtl.training._precision import LEAST_FLOPS, PRECISIONS, Precision

CPU = torch.device("cpu")
GPU = SimpleNamespace(type="cuda")


def anything(dtype):
    return True


@pytest.fixture
def capabilities(monkeypatch):
    """What the processor can do, to be changed."""
    flags = {"amx_bf16": True, "avx512_bf16": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    return flags


@pytest.fixture(autouse=True)
def _matmul_precision():
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


def test_auto_is_bfloat16_where_it_is_faster(capabilities):
    assert resolve_precision("auto", CPU, LEAST_FLOPS, anything) == Precision("cpu", torch.bfloat16)


def test_auto_is_float32_for_small_networks(capabilities):
    assert resolve_precision("auto", CPU, LEAST_FLOPS - 1, anything) == Precision("cpu", None)


@pytest.mark.parametrize("flags", [{"amx_bf16": False}, {"amx_bf16": False, "avx512_bf16": False}, {}])
def test_auto_is_float32_without_amx(capabilities, flags):
    capabilities.clear()
    capabilities.update(flags)
    assert resolve_precision("auto", CPU, 10**9, anything) == Precision("cpu", None)


def test_auto_is_float32_for_a_trunk_that_does_not_run_in_bfloat16(capabilities):
    asked = []
    assert resolve_precision("auto", CPU, 10**9, asked.append) == Precision("cpu", None)
    assert asked == [torch.bfloat16]


def test_the_trunk_is_tried_only_where_it_matters(capabilities):
    resolve_precision("auto", CPU, LEAST_FLOPS - 1, lambda dtype: pytest.fail("tried"))
    resolve_precision("bfloat16", CPU, 10**9, lambda dtype: pytest.fail("tried"))


@pytest.mark.parametrize(("capability", "native"), [((7, 5), False), ((8, 0), True), ((8, 6), True), ((9, 0), True)])
def test_auto_on_a_gpu(monkeypatch, capabilities, capability, native):
    capabilities.clear()
    dtype = torch.bfloat16 if native else None
    asked = []
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: asked.append(device) or capability)
    assert resolve_precision("auto", GPU, LEAST_FLOPS, anything) == Precision("cuda", dtype)
    assert asked == [GPU]
    assert resolve_precision("auto", GPU, LEAST_FLOPS - 1, anything) == Precision("cuda", None)


def test_auto_elsewhere_is_float32(capabilities):
    assert resolve_precision("auto", SimpleNamespace(type="mps"), 10**9, anything) == Precision("mps", None)


@pytest.mark.parametrize(
    ("name", "dtype"), [("float32", None), ("bfloat16", torch.bfloat16), ("float16", torch.float16)]
)
@pytest.mark.parametrize("amx", [True, False])
def test_a_name_means_what_it_says_on_every_machine(capabilities, name, dtype, amx):
    capabilities["amx_bf16"] = amx
    for flops in (0, 10**9):
        assert resolve_precision(name, CPU, flops, lambda dtype: False) == Precision("cpu", dtype)


def test_unknown_names():
    assert {"auto", "float32", "bfloat16", "float16"} == PRECISIONS
    with pytest.raises(ValueError, match=r"precision must be one of .* Got 'float23' instead. Did you mean 'float32'"):
        resolve_precision("float23", CPU, 0, anything)


@pytest.mark.parametrize(
    ("dtype", "computed"), [(None, torch.float32), (torch.bfloat16, torch.bfloat16), (torch.float16, torch.float16)]
)
def test_autocast(dtype, computed):
    layer, x = torch.nn.Linear(3, 2), torch.ones(1, 3)
    with Precision("cpu", dtype).autocast():
        assert layer(x).dtype == computed
    assert layer(x).dtype == torch.float32


def test_only_float16_scales_gradients():
    assert Precision("cpu").scaler() is None
    assert Precision("cpu", torch.bfloat16).scaler() is None
    weight = torch.ones(1, requires_grad=True)
    scaler = Precision("cpu", torch.float16).scaler()
    scaler.scale(weight.sum()).backward()
    assert weight.grad.item() == scaler.get_scale() > 1


@pytest.mark.parametrize("before", ["highest", "medium"])
def test_tensor_cores_are_used_meanwhile_only(before):
    torch.set_float32_matmul_precision(before)
    with Precision("cuda").tensor_cores():
        assert torch.get_float32_matmul_precision() == "high"
        with Precision("cuda").tensor_cores():
            assert torch.get_float32_matmul_precision() == "high"
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before


def test_tensor_cores_rest_after_an_error():
    def fail():
        with Precision("cuda").tensor_cores():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert torch.get_float32_matmul_precision() == "highest"
    torch.set_float32_matmul_precision("medium")
    with Precision("cuda").tensor_cores():
        pass
    assert torch.get_float32_matmul_precision() == "medium"


def test_the_last_of_overlapping_fits_restores():
    entered, leave, seen = threading.Event(), threading.Event(), []

    def work():
        with Precision("cuda").tensor_cores():
            entered.set()
            assert leave.wait(timeout=20)
            seen.append(torch.get_float32_matmul_precision())

    thread = threading.Thread(target=work)
    with Precision("cuda").tensor_cores():
        thread.start()
        assert entered.wait(timeout=20)
    leave.set()
    thread.join(timeout=20)
    assert seen == ["high"]
    assert torch.get_float32_matmul_precision() == "highest"
    assert _precision._users == 0


def test_a_cpu_has_no_tensor_cores(monkeypatch):
    monkeypatch.setattr(torch, "set_float32_matmul_precision", lambda name: pytest.fail("set"))
    with Precision("cpu", torch.bfloat16).tensor_cores():
        pass


def test_tensor_cores_leave_a_choice_made_in_pytorchs_newer_interface(monkeypatch):
    def refuse(*args):
        raise RuntimeError("mix of the legacy and new APIs")

    monkeypatch.setattr(torch, "get_float32_matmul_precision", refuse)
    monkeypatch.setattr(torch, "set_float32_matmul_precision", refuse)
    with Precision("cuda").tensor_cores():
        pass


def test_exact_keeps_all_digits_meanwhile():
    torch.set_float32_matmul_precision("high")
    with Precision("cuda").exact():
        assert torch.get_float32_matmul_precision() == "highest"
        assert not torch.backends.cudnn.allow_tf32
    assert torch.get_float32_matmul_precision() == "high"
    assert torch.backends.cudnn.allow_tf32
    with torch.autocast("cpu", torch.bfloat16), Precision("cpu", torch.bfloat16).exact():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.fixture
def own_convolutions():
    """PyTorch's newer setting for convolutions, chosen by the user."""
    setting = getattr(torch.backends.cudnn, "conv", None)
    if not hasattr(setting, "fp32_precision"):
        pytest.skip("this PyTorch has only the older interface")
    before = setting.fp32_precision
    setting.fp32_precision = "ieee"
    yield setting
    setting.fp32_precision = before


def test_exact_leaves_what_the_user_chose_for_convolutions(own_convolutions):
    torch.set_float32_matmul_precision("high")
    with Precision("cuda").exact():
        assert torch.get_float32_matmul_precision() == "highest"
        assert own_convolutions.fp32_precision == "ieee"
    assert torch.get_float32_matmul_precision() == "high"
    assert own_convolutions.fp32_precision == "ieee"
