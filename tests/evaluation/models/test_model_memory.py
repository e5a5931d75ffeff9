"""evaluation.models.memory: going on with smaller tiles, and what is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evaluation.models import ModelOptions
from evaluation.models.memory import (
    _free_ram,
    free_memory,
    is_out_of_memory,
    peak_bytes,
    run_within_memory,
    tile_for,
)
from evaluation.models.network import Network
from evaluation.models.network_restorer import restorer_of

CPU_SAYS = "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you"


def _hungry(most: int, error: Exception | None = None) -> nn.Module:
    """A module that keeps the picture and runs out of memory above `most` pixels a side."""

    class Hungry(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            if max(picture.shape[2:]) > most:
                raise error or RuntimeError(CPU_SAYS)
            return picture

    return Hungry()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError(CPU_SAYS), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), True),
        (RuntimeError("onnxruntime: BFCArena: Failed to allocate memory for requested"), True),
        (MemoryError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_allocators_words_are_known(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_pytorchs_own_error_is_known() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(10**15)
    assert is_out_of_memory(raised.value)


@pytest.mark.parametrize(
    ("tile", "longest", "fits", "tried"),
    [
        (1024, 3000, 300, [1024, 512, 256]),
        (0, 1000, 300, [0, 448, 192]),
        (0, 1000, 4000, [0]),
        (256, 200, 90, [256, 64]),
    ],
)
def test_tiles_are_halved_until_they_fit(
    tile: int, longest: int, fits: int, tried: list[int]
) -> None:
    seen: list[int] = []
    notes: list[str] = []

    def run(side: int) -> str:
        seen.append(side)
        if (side or longest) > fits:
            raise RuntimeError(CPU_SAYS)
        return "done"

    result = run_within_memory(run, tile=tile, longest=longest, notes=notes)
    assert result == ("done", tried[-1])
    assert seen == tried
    assert len(notes) == len(tried) - 1
    if tile == 1024:
        assert notes[0] == "out of memory at tile 1024, went on with 512"


def test_what_never_fits_is_an_error() -> None:
    def run(_: int) -> None:
        raise RuntimeError(CPU_SAYS)

    with pytest.raises(ValueError, match=r"out of memory even at tile 64 .*DefaultCPUAllocator"):
        run_within_memory(run, tile=300, longest=1000, notes=[])


def test_other_errors_pass() -> None:
    def run(_: int) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes cannot"):
        run_within_memory(run, tile=512, longest=1000, notes=[])


def test_a_model_goes_on_and_remembers() -> None:
    sides: list[int] = []
    inner = _hungry(200)

    def call(picture: Tensor) -> Tensor:
        sides.append(max(picture.shape[2:]))
        return inner(picture)

    model = restorer_of(Network(call=call, scale=1), name="hungry", options=ModelOptions())
    picture = np.random.default_rng(0).random((500, 300, 3), np.float32)
    assert np.array_equal(model.restore(picture, 1), picture)
    assert model.notes == [
        "out of memory at whole pictures, went on with 192",
    ]
    sides.clear()
    model.restore(picture, 1)
    assert set(sides) == {192}  # the second picture runs out of nothing
    sides.clear()
    model.restore(picture[:100, :100], 1)
    assert sides == [100]  # and what the tile holds is taken whole
    assert len(model.notes) == 1


def test_a_network_that_cuts_by_itself_is_never_cut() -> None:
    model = restorer_of(
        Network(call=_hungry(200), scale=1, tiling="never"), name="own", options=ModelOptions()
    )
    with pytest.raises(ValueError, match=r"own: failed on a picture of 300x300.*allocate memory"):
        model.restore(np.zeros((300, 300, 3), np.float32), 1)


def test_the_peak_of_a_network_is_that_of_its_widest_place() -> None:
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 3, 1)).eval()
    picture = torch.zeros(1, 3, 64, 64)

    def run() -> None:
        with torch.inference_mode():
            net(picture)

    # the first layer's output and its ReLU are alive together: 2 x 16 float32 a pixel
    peak = peak_bytes(run, device="cpu") / 64**2
    assert 128 <= peak <= 128 + 3 * 4


def test_auto_tiles_need_half_of_what_is_free_at_most() -> None:
    for free in (1 << 24, 1 << 30, 1 << 34):
        side = tile_for(free=free, bytes_per_pixel=1000.0)
        assert side % 64 == 0
        assert side == 64 or side**2 * 1000.0 <= free / 2 < (side + 64) ** 2 * 1000.0
    assert tile_for(free=0, bytes_per_pixel=1000.0) == 64


def test_auto_measures_and_cuts_what_is_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    free = "evaluation.models.memory_plan.free_memory"
    monkeypatch.setattr(free, lambda _: 2 * 128**2 * 100)
    sides: list[int] = []

    def call(picture: Tensor) -> Tensor:
        sides.append(max(picture.shape[2:]))
        return picture

    network = Network(call=call, scale=1, measure=lambda part: 100 * part.shape[2] * part.shape[3])
    picture = np.random.default_rng(0).random((300, 130, 3), np.float32)
    model = restorer_of(network, name="m", options=ModelOptions(tile="auto"))
    assert np.array_equal(model.restore(picture, 1), picture)
    assert set(sides) == {128}
    assert model.notes == ["--tile auto: pictures above 128x128 went in tiles of it"]
    # long and narrow: no more pixels than the tile has, so whole
    sides.clear()
    model.restore(picture[:160, :100], 1)
    assert sides == [160]
    # one that sees the whole picture at once is cut only where memory does not hold the whole
    whole = Network(call=call, scale=1, measure=network.measure, tiling="discouraged")
    for times, side in ((2, 128), (8, 300)):
        monkeypatch.setattr(free, lambda _, n=times: n * 128**2 * 100)
        sides.clear()
        model = restorer_of(whole, name="m", options=ModelOptions(tile="auto"))
        assert np.array_equal(model.restore(picture, 1), picture)
        assert set(sides) == {side}
        assert any("tiles may change its results" in note for note in model.notes) == (times == 2)


def test_what_a_network_says_of_its_memory_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.models.memory_plan.free_memory", lambda _: 2 * 192**2 * 100)
    sides: list[int] = []

    def call(picture: Tensor) -> Tensor:
        sides.append(max(picture.shape[2:]))
        return picture

    def measure(_: Tensor) -> int:
        raise AssertionError("measured")

    network = Network(call=call, scale=1, measure=measure, bytes_per_pixel=100.0)
    model = restorer_of(network, name="m", options=ModelOptions(tile="auto"))
    model.restore(np.zeros((300, 300, 3), np.float32), 1)
    assert set(sides) == {192}


def test_free_memory_heeds_a_containers_limit(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 5000 kB\n")
    assert _free_ram(tmp_path) == 5000 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.current").write_text("1000\n")
    (group / "memory.max").write_text("max\n")
    assert _free_ram(tmp_path) == 5000 * 1024
    (group / "memory.max").write_text("3000\n")
    assert _free_ram(tmp_path) == 2000
    assert free_memory("cpu") > 0
