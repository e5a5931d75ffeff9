"""Networks of any scale, networks of enlarged pictures, several tiles at a time, compilation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from degrade.images import read_picture
from degrade.option_error import OptionError
from degrade.resize import resize_matlab
from evaluation.models import module_call as calling
from evaluation.models.chaining import chain
from evaluation.models.classical import classical
from evaluation.models.module_call import module_call
from evaluation.models.network import Network
from evaluation.models.network_restorer import restorer_of
from evaluation.models.options import MOST_TILES, ModelOptions
from evaluation.models.sizes import SizeRule
from evaluation.models.tiles import in_tiles, unused_margin

CPU = ModelOptions(device="cpu")
SAYS = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"


def _noise(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def _nearest(scale: Fraction) -> Callable[[Tensor], Tensor]:
    """A network of any scale that looks 3 pixels around: output i is of input floor(i / scale),
    told where in it i lies."""
    kernel = (torch.arange(49.0).view(1, 1, 7, 7) % 5) / 100

    def call(picture: Tensor) -> Tensor:
        single = picture.reshape(-1, 1, *picture.shape[2:])
        blurred = nn.functional.conv2d(single, kernel, padding=3).reshape(picture.shape)
        rows, columns = (torch.arange(int(n * scale)) for n in picture.shape[2:])
        within = [i * scale.denominator % scale.numerator / 50 for i in (rows, columns)]
        at = [i * scale.denominator // scale.numerator for i in (rows, columns)]
        return blurred[:, :, at[0]][..., at[1]] + within[0][:, None] + within[1]

    return call


@settings(max_examples=25, deadline=None)
@given(
    scale=st.sampled_from(["5/2", "3/2", "8/3", "11/10", "2", "7/5"]),
    height=st.integers(64, 140), width=st.integers(64, 140), batch=st.integers(1, 5),
    overlap=st.integers(8, 32),
)  # fmt: skip
def test_tiles_of_a_fraction_meet_the_whole_picture(
    scale: str, height: int, width: int, batch: int, overlap: int
) -> None:
    fraction = Fraction(scale)
    call, picture = _nearest(fraction), _noise(1, 2, height, width)
    whole = call(picture)
    assert whole.shape == (1, 2, int(height * fraction), int(width * fraction))
    made = in_tiles(
        call, picture, scale=fraction, tile=(64, 64), overlap=overlap, sizes=SizeRule(),
        batch=batch,
    )  # fmt: skip
    assert made.shape == whole.shape
    assert unused_margin(overlap) >= 3
    assert (made - whole).abs().max() <= 1e-5


def test_a_network_told_the_scale_is_told_it_at_each_call() -> None:
    told: list[float] = []

    def call(picture: Tensor, scale: float) -> Tensor:
        told.append(scale)
        return _nearest(Fraction(scale).limit_denominator(100))(picture)

    network = Network(call=call, scale=0, told="scale")
    model = restorer_of(network, name="meta", options=CPU)
    assert (model.scale, model.fractions, model.default_scale) == (0, True, 0)
    picture = np.random.default_rng(0).random((20, 30, 3), np.float32)
    assert model.restore(picture, 3).shape == (60, 90, 3)
    assert model.restore(picture[:15, :25], Fraction(5, 2)).shape == (37, 62, 3)
    assert told == [3, 2.5]
    both = chain([model, restorer_of(Network(call=_twice, scale=2), name="x2", options=CPU)])
    assert both.restore(picture, 3).shape == (60, 90, 3)
    assert told[-1] == 1.5
    ensemble = restorer_of(network, name="m", options=ModelOptions(device="cpu", ensemble="mean"))
    assert ensemble.restore(picture[:15, :25], Fraction(3, 2)).shape == (22, 37, 3)
    with pytest.raises(OptionError, match="--pre-upsample: m enlarges by any scale itself"):
        restorer_of(network, name="m", options=ModelOptions(device="cpu", pre_upsample=True))


def test_fractions_are_refused_by_what_takes_whole_scales() -> None:
    picture = np.random.default_rng(0).random((8, 8, 3), np.float32)
    function = restorer_of(Network(call=_twice, scale=0), name="f", options=CPU)
    for model in (function, classical("bicubic", options=CPU)):
        with pytest.raises(ValueError, match=r"enlarges by whole numbers; asked is x2\.5"):
            model.restore(picture, Fraction(5, 2))


def _twice(picture: Tensor) -> Tensor:
    return picture.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_a_network_of_enlarged_pictures_needs_no_option() -> None:
    network = Network(
        call=lambda part: 1 - part, scale=1, channels=(1,), pre_upsampled=True, luma=True,
        trained_scale=3,
    )  # fmt: skip
    model = restorer_of(network, name="vdsr", options=CPU)
    assert (model.scale, model.default_scale, model.luma) == (0, 3, True)
    luma = np.random.default_rng(0).random((9, 11, 1))
    for factor in (1, 2, 3):
        large = resize_matlab(luma, scale=factor, reading="matlab-bicubic-double")
        assert np.array_equal(model.restore(luma, factor), 1 - large.astype(np.float32))
    assert model.restore(luma, Fraction(3, 2)).shape == (14, 17, 1)
    with pytest.raises(OptionError, match="--pre-upsample: vdsr has its pictures enlarged"):
        restorer_of(network, name="vdsr", options=ModelOptions(device="cpu", pre_upsample=True))


class Watched:
    """A call that remembers how many pictures it got, and takes no more than `most`."""

    def __init__(self, most: int = 99) -> None:
        self.most, self.seen = most, []

    def __call__(self, picture: Tensor) -> Tensor:
        self.seen.append(len(picture))
        if len(picture) > self.most:
            raise RuntimeError(SAYS)
        return picture * 2


def _restored(call: Watched, *, batches: bool = True, batch: int = 3) -> tuple[bool, list[str]]:
    picture = np.random.default_rng(0).random((150, 130, 3), np.float32)
    options = ModelOptions(device="cpu", tile=64, batch=batch)
    model = restorer_of(Network(call=call, scale=1, batches=batches), name="n", options=options)
    return bool(np.array_equal(model.restore(picture, 1), picture * 2)), model.notes


def test_several_tiles_go_at_a_time() -> None:
    call = Watched()
    assert _restored(call) == (True, [])
    assert call.seen == [3, 3, 3, 3, 3, 1]  # 4 x 4 tiles of 64 that share 32


def test_a_network_of_one_picture_gets_one() -> None:
    call = Watched(1)
    same, notes = _restored(call, batches=False)
    assert same and set(call.seen) == {1}
    assert notes == ["n takes one picture at a time: --batch is left aside"]


def test_fewer_tiles_are_taken_where_memory_runs_out() -> None:
    call = Watched(2)
    same, notes = _restored(call, batch=8)
    assert same and call.seen[:3] == [8, 4, 2] and set(call.seen[2:]) == {2}
    assert notes == [
        "out of memory with several tiles at a time, went on with 4",
        "out of memory with several tiles at a time, went on with 2",
    ]


def test_batch_auto_is_what_memory_holds_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    free = "evaluation.models.memory_plan.free_memory"
    picture = np.random.default_rng(0).random((150, 130, 3), np.float32)
    options = ModelOptions(tile=64, batch="auto")
    for device, room, most in (("cuda:0", 5, 5), ("cuda:0", 900, MOST_TILES), ("cpu", 900, 1)):
        monkeypatch.setattr(free, lambda _, n=room: 2 * n * 64**2 * 100)
        call = Watched()
        network = Network(
            call=call, scale=1, batches=True, device=device,
            measure=lambda part: 100 * part.shape[2] * part.shape[3],
        )  # fmt: skip
        restorer_of(network, name="n", options=options).restore(picture, 1)
        assert max(call.seen) == most, (device, room)
    with pytest.raises(OptionError, match="--batch 0: 'auto', or 1 or more"):
        ModelOptions(batch=0)


def test_a_seam_is_no_step_on_a_photograph(testdata: Path) -> None:
    """Receptive radius 12: with overlap 32 nothing differs, with 16 no join is a visible step.

    The network is a Gaussian of sigma 3: as in trained ones, far pixels count for little.
    """
    ramp = torch.exp(-((torch.arange(25.0) - 12) ** 2) / 18)
    kernel = (ramp[:, None] * ramp / ramp.sum() ** 2)[None, None]

    def call(part: Tensor) -> Tensor:
        return nn.functional.conv2d(part.transpose(0, 1), kernel, padding=12).transpose(0, 1)

    picture = torch.from_numpy(read_picture(min((testdata / "bsds200").glob("*.jpg"))))[:200]
    tensor = picture.permute(2, 0, 1)[None].float() / 255

    def tiled(overlap: int) -> Tensor:
        rule = SizeRule()
        return in_tiles(call, tensor, scale=1, tile=(64, 64), overlap=overlap, sizes=rule)

    whole = call(tensor)

    def step(overlap: int) -> float:
        """The most that the joins add to the difference of two neighbours."""
        apart = tiled(overlap) - whole
        return max(float(apart.diff(dim=axis).abs().max()) for axis in (2, 3))

    assert unused_margin(32) == 12
    assert (tiled(32) - whole).abs().max() < 1e-5
    assert 1e-3 < step(16) < 2 / 255
    assert step(0) > 10 / 255  # what the blend is for


def test_compiling_without_a_compiler_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling.shutil, "which", lambda _: None)
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(OptionError, match=r"--compile: needs a C\+\+ compiler"):
        module_call(nn.Identity(), device="cpu", half="", compiled=True)


@pytest.mark.slow
def test_compiled_gives_the_same_numbers() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))
    try:
        compiled = module_call(net.eval(), device="cpu", half="", compiled=True)
    except OptionError:
        pytest.skip("no C++ compiler here")
    plain = module_call(net, device="cpu", half="")
    for size in ((20, 24), (33, 17)):
        picture = _noise(1, 1, *size)
        torch.testing.assert_close(compiled(picture), plain(picture), rtol=1e-5, atol=1e-6)
