"""pyiqa's metrics: the authors' figures, weights that are missing or broken, silence, sizes."""

from __future__ import annotations

import csv
import io
import math
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from degrade.images import read_picture
from evaluation import reachable
from evaluation.metrics import perceptual
from evaluation.metrics.metric import Judged, Unavailable
from evaluation.metrics.perceptual import open_perceptual
from evaluation.metrics.pyiqa_table import ENTRIES, HUB
from evaluation.protocol import Protocol

pytest.importorskip("pyiqa")

NAMES = ("I03", "I04", "I06")
FREE = [name for name, entry in ENTRIES.items() if not entry.files]
ANSWERS = reachable.answers  # the tests' fixture puts another in its place
SINGLE = [name for name, entry in ENTRIES.items() if entry.metric.mode != "set"]


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder where weights are looked for, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(reachable, "answers", lambda *_, **__: False)
    return tmp_path / "hub" / "pyiqa"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small pictures: threads cost more than they bring, the more so where many tests run."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def judged(output: NDArray[Any], target: NDArray[Any] | None = None) -> Judged:
    return Judged(output, target, output, Protocol())


def noise(height: int, width: int, *, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def official(testdata: Path, metric: str) -> list[float]:
    with (testdata / "iqa" / "official.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    return [float(rows[metric][f"{name}.bmp"]) for name in NAMES]


def scores(testdata: Path, metric: str) -> list[float]:
    scorer = open_perceptual(metric, device="cpu")
    sides = [
        [read_picture(testdata / "iqa" / side / f"{name}.bmp") for side in ("dist", "ref")]
        for name in NAMES
    ]
    return [scorer(judged(output, target)) for output, target in sides]


@pytest.mark.parametrize(
    ("metric", "row", "apart", "part"),
    [
        # the authors' figures have four decimals, and their code sums in float64, pyiqa in float32
        ("fsim", "fsim", 1.3e-4, 0.0),
        ("vif", "vif", 6e-5, 0.0),
        ("gmsd", "gmsd", 2e-6, 0.0),
        ("piqe", "piqe", 0.01, 0.0),
        # pyiqa weighs the scales' products in another way; its own table has 0.6698 for 0.6733
        ("ms-ssim", "ms_ssim", 3e-3, 0.0),
        # the luma of pyiqa's input has been rounded to 8 bits, as the authors' has
        ("nlpd", "nlpd", 0.0, 3e-3),
        # see the row's `checked`: another port's figures, with another resizing
        ("vsi", "vsi", 0.013, 0.0),
    ],
)
def test_authors_figures(testdata: Path, metric: str, row: str, apart: float, part: float) -> None:
    assert scores(testdata, metric) == pytest.approx(official(testdata, row), abs=apart, rel=part)


def test_vsi_is_pyiqas_own(testdata: Path) -> None:
    # pyiqa's calibration table; the wide tolerance above would hide another metric
    assert scores(testdata, "vsi") == pytest.approx([0.9244, 0.9497, 0.9877], abs=6e-5)


def test_local_weights(testdata: Path, cache: Path) -> None:
    from scipy.io import savemat

    cache.mkdir(parents=True)
    with np.load(testdata / "iqa" / "niqe_pris_params.npz") as held:
        model = {
            "mu_prisparam": held["mu_pris_param"],
            "cov_prisparam": held["cov_pris_param"],
        }
    savemat(cache / "niqe_modelparameters.mat", model)
    # flat parts: the sign of their round-off counts (see evaluation.metrics.niqe)
    assert scores(testdata, "niqe") == pytest.approx(official(testdata, "niqe"), rel=1e-3)
    scorer = open_perceptual("niqe", device="cpu")
    for height, width in ((95, 400), (191, 191)):
        with pytest.raises(
            ValueError, match=f"niqe of a picture of {width}x{height}: it takes two"
        ):
            scorer(judged(noise(height, width)))
    with pytest.raises(ValueError, match=r"niqe of a picture of 192x192: .*"):
        scorer(judged(np.full((192, 192, 3), 9, np.uint8)))
    assert math.isfinite(scorer(judged(noise(96, 192))))


@pytest.mark.parametrize("name", FREE)
def test_least_size(name: str) -> None:
    entry, scorer = ENTRIES[name], open_perceptual(name, device="cpu")
    wide = max(64, entry.side)
    assert math.isfinite(scorer(judged(noise(entry.side, wide), noise(entry.side, wide, seed=1))))
    if entry.side > 1:
        small = noise(wide, entry.side - 1)
        with pytest.raises(ValueError) as caught:
            scorer(judged(small, small))
        assert f"{name} of a picture of {entry.side - 1}x{wide}" in str(caught.value)
        assert f"it takes {entry.side}x{entry.side} or more" in str(caught.value)


@pytest.mark.parametrize("name", [name for name in FREE if ENTRIES[name].metric.mode == "full"])
def test_full_reference(name: str) -> None:
    metric, scorer = ENTRIES[name].metric, open_perceptual(name, device="cpu")
    side = max(64, ENTRIES[name].side)
    clean, other = noise(side, side), noise(side, side, seed=1)
    same, apart = scorer(judged(clean, clean)), scorer(judged(other, clean))
    assert (same > apart) == (metric.better == "higher")
    assert metric.low <= apart <= metric.high + 1e-6
    assert scorer(judged(other, clean)) == apart
    unit = other / np.float32(255), clean / np.float32(255)
    assert scorer(judged(*unit)) == apart
    with pytest.raises(ValueError, match="this set has no targets"):
        scorer(judged(clean))


def test_gray_pictures_are_three_equal_channels() -> None:
    scorer = open_perceptual("gmsd", device="cpu")
    clean, other = noise(64, 64)[..., :1], noise(64, 64, seed=1)[..., :1]
    repeated = scorer(judged(other.repeat(3, axis=2), clean.repeat(3, axis=2)))
    assert scorer(judged(other, clean)) == repeated


def test_nothing_shared_changes(capfd: pytest.CaptureFixture[str], cache: Path) -> None:
    import torch

    def state() -> list[Any]:
        return [
            torch.get_rng_state().tolist(), torch.get_num_threads(), torch.get_default_dtype(),
            torch.is_grad_enabled(), random.getstate(), str(np.random.get_state(legacy=False)),  # noqa: NPY002
        ]  # fmt: skip

    cache.mkdir(parents=True)
    before = state()
    for name in ("gmsd", "nlpd", "piqe"):
        open_perceptual(name, device="cpu")(judged(noise(64, 64), noise(64, 64, seed=1)))
    with pytest.raises(Unavailable):
        open_perceptual("niqe", device="cpu")
    assert state() == before
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize("name", [name for name in SINGLE if ENTRIES[name].files])
def test_missing_weights(name: str, cache: Path) -> None:
    with pytest.raises(Unavailable, match=f"{name}: its weights are not on this machine") as caught:
        open_perceptual(name, device="cpu")
    files = ENTRIES[name].files
    assert caught.value.file == ", ".join(file.name for file in files)
    for file in files:
        assert (file.source if file.folder == HUB else file.folder) in caught.value.where
    assert not list(cache.parent.rglob("*.*"))


def test_broken_weights(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "niqe_modelparameters.mat").write_bytes(b"half of a file")
    with pytest.raises(Unavailable, match=r"niqe: its weights cannot be read .*delete") as caught:
        open_perceptual("niqe", device="cpu")
    assert (caught.value.file, caught.value.where) == ("niqe_modelparameters.mat", str(cache))


class Answer(io.BytesIO):
    """What a server sends: some bytes, and how many it said they are."""

    def __init__(self, data: bytes, *, told: int) -> None:
        super().__init__(data)
        self.headers = Message()
        self.headers["Content-Length"] = str(told)


def serve(monkeypatch: pytest.MonkeyPatch, data: bytes, *, told: int) -> list[str]:
    """Every address gives `data`; the addresses that were asked for."""
    asked: list[str] = []

    def urlopen(address: str, timeout: float) -> Answer:
        assert timeout == perceptual.SECONDS
        asked.append(address)
        return Answer(data, told=told)

    monkeypatch.setattr(reachable, "answers", lambda *_, **__: True)
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def test_download(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    from scipy.io import savemat

    held = io.BytesIO()
    savemat(held, {"mu_prisparam": np.zeros((1, 36)), "cov_prisparam": np.eye(36)})
    data = held.getvalue()
    asked = serve(monkeypatch, data, told=len(data))
    assert math.isfinite(open_perceptual("niqe", device="cpu")(judged(noise(192, 192))))
    (address,) = asked
    assert address.endswith("/chaofengc/IQA-PyTorch-Weights/resolve/main/niqe_modelparameters.mat")
    assert [path.name for path in cache.iterdir()] == ["niqe_modelparameters.mat"]
    open_perceptual("niqe", device="cpu")
    assert len(asked) == 1


@pytest.mark.parametrize(("name", "told"), [("niqe", 1000), ("lpips", 7)])
def test_part_of_a_download_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, cache: Path, name: str, told: int
) -> None:
    serve(monkeypatch, b"partial", told=told)  # lpips: whole, but not of the name's sha256
    with pytest.raises(Unavailable, match="7 bytes of another file or of a part of it"):
        open_perceptual(name, device="cpu")
    assert not [path for path in cache.parent.rglob("*") if path.is_file()]


def test_offline_by_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, b"", told=0)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(Unavailable, match="HF_HUB_OFFLINE is set"):
        open_perceptual("niqe", device="cpu")


def test_which_servers_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def urlopen(request: urllib.request.Request, timeout: float) -> io.BytesIO:
        assert timeout == reachable.SECONDS
        if request.host == "refuses":
            raise urllib.error.HTTPError(request.full_url, 403, "no", Message(), None)
        if request.host == "unknown":
            raise urllib.error.URLError("no such name")
        if request.host == "stuck":
            released.wait(60)
        return io.BytesIO()

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(reachable, "SECONDS", 0.2)
    ANSWERS.cache_clear()
    found = {host: ANSWERS(host, minute=0) for host in ("there", "refuses", "unknown", "stuck")}
    released.set()
    ANSWERS.cache_clear()
    assert found == {"there": True, "refuses": True, "unknown": False, "stuck": False}


def test_without_pyiqa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(
        Unavailable, match=r"pyiqa is not installed: pip install 'pairsmith\[iqa\]'"
    ):
        open_perceptual("fsim", device="cpu")
