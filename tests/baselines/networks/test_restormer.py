"""Restormer beside the released code, beside its formulas written otherwise, and its fast path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils import _python_dispatch
from torch.utils.flop_counter import FlopCounterMode
from vector_file import assert_same, read_vector

from baselines.networks.restormer import rows as rows_file
from baselines.networks.restormer.network import ARCHITECTURE, PRESETS, Restormer, TransformerBlock
from evaluation.models.cost import count_parameters

TINY: dict[str, Any] = {"width": 8, "blocks": (1, 2, 1, 1), "refinement": 1}


def tiny(**more: Any) -> Restormer:
    """A small one whose every weight is random, norms and temperatures too."""
    network = Restormer(**{**TINY, **more}).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            about = 1.0 if parameter.ndim != 4 else 0.0
            parameter.copy_(about + 0.3 * torch.randn(parameter.shape, generator=generator))
    return network


def picture(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["withbias", "biasfree", "dualpixel"])
@pytest.mark.parametrize("grad", [True, False], ids=["plain", "rows"])
def test_vector(testvectors: Path, name: str, grad: bool) -> None:
    vector = read_vector(testvectors, f"restormer_{name}")
    kwargs = ARCHITECTURE.kwargs_of(vector["state_dict"]) or {}
    assert kwargs["blocks"] == (1, 1, 1, 2) and kwargs["norm_bias"] == (name != "biasfree")
    network = Restormer(**kwargs).eval()
    network.load_state_dict(vector["state_dict"])
    with torch.set_grad_enabled(grad):
        assert_same(network(*vector["inputs"]).detach(), vector["output"])


@pytest.mark.parametrize(
    ("preset", "count"),
    [
        ("restormer", 26_126_644),
        ("restormer-biasfree", 26_111_668),
        ("restormer-gray", 26_124_052),
        ("restormer-gray-biasfree", 26_109_076),
        ("restormer-dual-pixel", 26_132_548),
    ],
)
def test_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(Restormer(**PRESETS[preset])) == count


def test_names_are_the_released_ones() -> None:
    with torch.device("meta"):
        state = Restormer(channels=6).state_dict()
    assert {name: tuple(state[name].shape) for name in (
        "patch_embed.proj.weight", "encoder_level1.3.norm1.body.bias", "down1_2.body.0.weight",
        "encoder_level2.0.attn.temperature", "latent.7.attn.qkv_dwconv.weight",
        "up4_3.body.0.weight", "reduce_chan_level3.weight", "decoder_level1.0.ffn.dwconv.weight",
        "refinement.3.ffn.project_out.weight", "skip_conv.weight", "output.weight",
    )} == {
        "patch_embed.proj.weight": (48, 6, 3, 3), "encoder_level1.3.norm1.body.bias": (48,),
        "down1_2.body.0.weight": (24, 48, 3, 3), "encoder_level2.0.attn.temperature": (2, 1, 1),
        "latent.7.attn.qkv_dwconv.weight": (1152, 1, 3, 3),
        "up4_3.body.0.weight": (768, 384, 3, 3), "reduce_chan_level3.weight": (192, 384, 1, 1),
        "decoder_level1.0.ffn.dwconv.weight": (510, 1, 3, 3),
        "refinement.3.ffn.project_out.weight": (96, 255, 1, 1),
        "skip_conv.weight": (96, 48, 1, 1), "output.weight": (3, 96, 3, 3),
    }  # fmt: skip


def test_shapes_tell_another_expansion() -> None:
    for factor in (2.0, 2.66, 3.3, 1.37):
        state = tiny(expansion=factor).state_dict()
        kwargs = ARCHITECTURE.kwargs_of(state) or {}
        again = Restormer(**kwargs).state_dict()
        assert {k: v.shape for k, v in again.items()} == {k: v.shape for k, v in state.items()}


@pytest.mark.parametrize("norm_bias", [True, False])
def test_a_block_is_the_paper_s(norm_bias: bool) -> None:
    """In float64, pixel by pixel and channel by channel instead of by convolutions."""
    block = TransformerBlock(8, heads=2, expansion=2.66, norm_bias=norm_bias)
    generator = torch.Generator().manual_seed(0)
    state = {k: torch.rand(v.shape, generator=generator) for k, v in block.state_dict().items()}
    block.load_state_dict(state)
    weight = {k: v.double().squeeze() for k, v in state.items()}
    x = picture(8, 6, 5).double()

    def norm(x: Tensor, name: str) -> Tensor:
        mean = x.mean(0)
        deviation = ((x - mean).square().mean(0) + 1e-5).sqrt()
        scale = weight[f"{name}.body.weight"][:, None, None]
        if not norm_bias:
            return x / deviation * scale
        return (x - mean) / deviation * scale + weight[f"{name}.body.bias"][:, None, None]

    def depthwise(x: Tensor, taps: Tensor) -> Tensor:
        wide = functional.pad(x, (1, 1, 1, 1))
        return sum(
            (taps[:, i, j, None, None] * wide[:, i : i + 6, j : j + 5]
             for i in range(3) for j in range(3)), torch.zeros(()),
        )  # fmt: skip

    qkv = depthwise(
        torch.einsum("oc,chw->ohw", weight["attn.qkv.weight"], norm(x, "norm1")),
        weight["attn.qkv_dwconv.weight"],
    )
    out = torch.zeros(8, 30, dtype=torch.float64)
    q, k, v = qkv.flatten(1).view(3, 8, 30)
    for a, b in ((0, 4), (4, 8)):
        cosine = torch.stack([functional.cosine_similarity(one[None], k[a:b]) for one in q[a:b]])
        out[a:b] = torch.softmax(cosine * weight["attn.temperature"][a // 4], 1) @ v[a:b]
    x = x + (weight["attn.project_out.weight"] @ out).view_as(x)
    hidden = depthwise(
        torch.einsum("oc,chw->ohw", weight["ffn.project_in.weight"], norm(x, "norm2")),
        weight["ffn.dwconv.weight"],
    )
    gate, passed = hidden[:21], hidden[21:]
    gated = gate * 0.5 * (1 + torch.erf(gate / 2**0.5)) * passed
    x = x + torch.einsum("oc,chw->ohw", weight["ffn.project_out.weight"], gated)
    with torch.no_grad():
        assert_same(block(picture(1, 8, 6, 5)), x.float()[None])


@pytest.mark.parametrize(
    ("kwargs", "threads"),
    [
        *((kwargs, 2) for kwargs in PRESETS.values()),
        (PRESETS["restormer"], 1),
        (PRESETS["restormer"], 3),
    ],
)
def test_rows_equal_the_plain_path(
    kwargs: dict[str, Any], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = tiny(**kwargs)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        # 1 float: one row at a time; then what the default does
        for held, shape in ((1, (1, 16, 24)), (1 << 12, (2, 40, 8)), (1 << 20, (1, 8, 16))):
            monkeypatch.setattr(rows_file, "HELD", held)
            given = picture(shape[0], network.traits.channels, *shape[1:])
            plain = network(given).detach()
            with torch.no_grad():
                assert_same(network(given), plain)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_gate_is_gelu() -> None:
    x = torch.linspace(-12, 12, 4096).view(1, 256, 16)
    rows = torch.cat([x, torch.ones_like(x)], -1)
    taps = torch.zeros(9, 32)
    taps[4] = 1.0
    out = torch.empty(1, 256, 16)
    above = torch.zeros(1, 256, 32).numpy()
    rows_file.filter_and_gate(above, rows.numpy(), taps.numpy(), out.numpy())
    error = (out.double() - functional.gelu(x.double())).abs()
    assert error.max() < 2e-6 and (error / x.abs().clamp_min(1.0)).max() < 4e-7
    far = torch.full((1, 1, 32), 1e4)
    far[..., :16] = torch.tensor([1e4, -1e4, float("inf"), float("nan")]).repeat(4)
    out = torch.empty(1, 1, 16)
    rows_file.filter_and_gate(above[:, :1], far.numpy(), taps.numpy(), out.numpy())
    assert out[0, 0, :2].tolist() == [1e8, 0.0] and not out[0, 0, 2:4].isfinite().any()


def test_rows_without_private_names_of_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN's product and the current dispatch mode have no public name."""
    network, given = tiny(), picture(1, 3, 16, 24)
    plain = network(given).detach()
    ran: list[object] = []
    run = rows_file.run_stage
    monkeypatch.setattr(rows_file, "run_stage", lambda *call: [run(*call), ran.append(call)][0])
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    with torch.no_grad():
        assert_same(network(given), plain)
        assert len(ran) == 8
        monkeypatch.delattr(_python_dispatch, "_get_current_dispatch_mode")
        assert_same(network(given), plain)
        assert len(ran) == 8, "nobody tells whether operations are counted: the plain path"


def test_operations_are_counted_on_the_plain_path() -> None:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        tiny()(picture(1, 3, 8, 8))
    assert counter.get_total_flops() > 0


def test_gradients_reach_every_weight() -> None:
    network = tiny(channels=6).train()
    network(picture(1, 6, 16, 16)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in network.parameters())
