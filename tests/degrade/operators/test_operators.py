"""The contract that every operator keeps, over the whole table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor

from degrade.apply import apply_steps, apply_together, call
from degrade.operator import KINDS, RUNNER_NAMES, Array, NoiseSeed, Number, Operator, Whole
from degrade.operators import FAMILIES, OPERATORS
from degrade.recipe import Recipe, Step
from degrade.record import draw_record, parse_record, record_json

SIZES = [(48, 56), (33, 64), (64, 40)]
# The canvas path does its sums in another order (torch for the batch, compiled loops for the one):
# float32 sums of up to a few hundred terms of order 1. Quantisers turn such a difference into a
# whole step for values that lie on a rounding boundary: those may differ in this share of samples.
TOLERANCE, SHARE = 2e-5, 2e-3


# What an operator's own law would set too large for these small pictures.
FITTING: dict[str, dict[str, Any]] = {"crop": {"height": 5, "width": 4}}


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A depth map for each size and a kernel, as files."""
    folder = tmp_path_factory.mktemp("arrays")
    for h, w in SIZES:
        depth = np.linspace(1.6, 3.0, h * w, dtype=np.float32).reshape(h, w)
        np.save(folder / f"depth-{h}x{w}.npy", depth)
    kernel = np.outer([1, 2, 1], [1, 2, 4]).astype(np.float32)
    np.save(folder / "kernel.npy", kernel)
    return folder


def pictures() -> list[Tensor]:
    """Smooth pictures with an edge and some texture, each of its own size."""
    made = []
    for index, (h, w) in enumerate(SIZES):
        y, x = np.mgrid[:h, :w]
        wave = 0.5 + 0.3 * np.sin(x / 5.0 + index) * np.cos(y / 7.0)
        wave[:, w // 2 :] *= 0.6
        rng = np.random.default_rng(index)
        texture = 0.05 * rng.standard_normal((3, h, w))
        made.append(torch.from_numpy((wave[None] + texture).clip(0, 1).astype(np.float32)))
    return made


def steps(op: Operator, arrays: Path, *, seed: int = 0, neutral: bool = False) -> list[dict]:
    """One drawn step for each size."""
    drawn = []
    for index, (h, w) in enumerate(SIZES):
        laws: dict[str, Any] = dict(FITTING.get(op.name, {}))
        for name, parameter in op.parameters.items():
            if isinstance(parameter, Array):
                file = "kernel.npy" if name == "kernel" else f"depth-{h}x{w}.npy"
                laws[name] = {"file": str(arrays / file)}
            elif neutral and parameter.neutral is not None:
                laws[name] = parameter.neutral
        recipe = Recipe("one", "", "", (Step("it", op.name, laws),))
        record = draw_record(recipe, seed=seed, key=f"sample-{index}")
        assert parse_record(record_json(record), file="r") == record
        drawn.append(record.steps["it"])
    return drawn


def run(op: Operator, arrays: Path, *, seed: int = 0, neutral: bool = False) -> list[Tensor]:
    return apply_steps(
        pictures(), [[step] for step in steps(op, arrays, seed=seed, neutral=neutral)]
    )


def near(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    off = (one - other).abs() > TOLERANCE * max(1.0, float(one.abs().max()))
    return float(off.float().mean()) <= SHARE


needs_av = {"video_codec"}


@pytest.fixture(params=sorted(OPERATORS))
def op(request: pytest.FixtureRequest) -> Operator:
    if request.param in needs_av:
        pytest.importorskip("av")
    return OPERATORS[request.param]


def test_declaration(op: Operator) -> None:
    assert op.kind in KINDS
    assert op.source
    assert any(op.apply.__module__ == family.__name__ for family in FAMILIES)
    assert op.about
    said = f"{op.apply.__doc__} {sys.modules[op.apply.__module__].__doc__}"
    assert "clip" in said.lower(), "says whether it clips"
    for name, parameter in op.parameters.items():
        assert isinstance(parameter, Array | NoiseSeed) or name in RUNNER_NAMES or parameter.unit, (
            name
        )
        if isinstance(parameter, Number | Whole):
            assert parameter.low < parameter.high, name


def test_output(op: Operator, arrays: Path) -> None:
    before = pictures()
    images = pictures()
    made = apply_steps(images, [[step] for step in steps(op, arrays)])
    for picture, kept, out in zip(images, before, made, strict=True):
        assert torch.equal(picture, kept), "the input is untouched"
        assert out.dtype == torch.float32
        assert out.ndim == 3
        assert out.shape[0] == 3
        assert bool(torch.isfinite(out).all())
        if op.kind != "resizing":
            assert out.shape == picture.shape


def test_replay_is_the_same_bytes(op: Operator, arrays: Path) -> None:
    drawn = steps(op, arrays)
    again = msgspec.json.decode(msgspec.json.encode(drawn))
    for one, other in zip(
        run(op, arrays), apply_steps(pictures(), [[s] for s in again]), strict=True
    ):
        assert one.numpy().tobytes() == other.numpy().tobytes()


def test_order_and_batch_do_not_matter(op: Operator, arrays: Path) -> None:
    drawn = steps(op, arrays)
    whole = run(op, arrays)
    for index in (2, 0, 1):
        alone = apply_steps([pictures()[index]], [[drawn[index]]])[0]
        assert alone.numpy().tobytes() == whole[index].numpy().tobytes()


def test_a_ragged_canvas_gives_the_same(op: Operator, arrays: Path) -> None:
    drawn = steps(op, arrays)
    alone = run(op, arrays)
    for order in ([0, 1, 2], [2, 0, 1]):
        together = apply_together([pictures()[i] for i in order], [[drawn[i]] for i in order])
        for index, out in zip(order, together, strict=True):
            assert near(alone[index], out), f"picture {index} in order {order}"


def test_what_lies_outside_does_not_leak_in(op: Operator, arrays: Path) -> None:
    if op.kind == "host":
        return  # handed one picture at a time, cut to its size
    step = steps(op, arrays)[0]
    h, w = SIZES[0]
    results = []
    for outside in (0.0, 0.7):
        canvas = torch.full((1, 3, h + 9, w + 5), outside)
        canvas[0, :, :h, :w] = pictures()[0]
        made, sizes = call(op, canvas, sizes=[(h, w)], origins=[(h, w)], values=[step])
        results.append(made[0, :, : sizes[0][0], : sizes[0][1]])
    assert torch.equal(*results)


def test_samples_differ_where_something_is_drawn(op: Operator, arrays: Path) -> None:
    one, other = steps(op, arrays, seed=1)[0], steps(op, arrays, seed=2)[0]
    if one == other:
        return
    first, second = (apply_steps([pictures()[0]], [[step]])[0] for step in (one, other))
    assert first.shape != second.shape or not torch.equal(first, second)


def test_neutral_is_identity(op: Operator, arrays: Path) -> None:
    acts = [
        p
        for n, p in op.parameters.items()
        if n not in RUNNER_NAMES and not isinstance(p, NoiseSeed)
    ]
    if not acts or any(p.neutral is None for p in acts):
        return
    for picture, out in zip(pictures(), run(op, arrays, neutral=True), strict=True):
        assert out.shape == picture.shape
        assert float((out - picture).abs().max()) < 1e-5


def test_gradients_are_right_where_promised(op: Operator, arrays: Path) -> None:
    if not op.differentiable:
        return
    step = steps(op, arrays)[0]
    if any(isinstance(p, Array) for p in op.parameters.values()):
        return  # depth and kernel operators have gradient tests of their own, at their own size
    if "method" in step:
        step["method"] = "bilinear"
    if "rounding" in step and op.name == "jpeg_simulated":
        step["rounding"] = "cubic"
    small = 0.2 + 0.6 * torch.rand((1, 3, 6, 7), dtype=torch.float64, generator=_generator())
    small.requires_grad_(True)

    def through(images: Tensor) -> Tensor:
        return call(op, images, sizes=[(6, 7)], origins=[(6, 7)], values=[step])[0]

    assert torch.autograd.gradcheck(through, (small,), eps=1e-6, atol=1e-4, fast_mode=True)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
