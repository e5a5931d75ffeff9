"""Checkpoints of this project: written whole, read back, damage named, cards without torch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_networks import small_kwargs, small_network

from baselines.checkpoints.card import VERSION, Card
from baselines.checkpoints.load import load_checkpoint
from baselines.checkpoints.ours import METADATA, is_ours, read_card, read_ours, write_ours

NAMES = ["folder", "one.safetensors"]


def card() -> Card:
    return Card(
        network="dncnn", kwargs=small_kwargs("dncnn"), method="DnCNN-S", licence="MIT",
        scores={"set12": {"psnr": 30.4}}, steps=7,
    )  # fmt: skip


def written(path: Path) -> Path:
    write_ours(path, state=small_network("dncnn").state_dict(), card=card())
    return path


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / name)
    state, found = read_ours(path)
    wanted = small_network("dncnn").state_dict()
    assert is_ours(path)
    assert found == read_card(path) == card()
    assert state.keys() == wanted.keys()
    assert all(torch.equal(state[key], wanted[key]) for key in wanted)
    loaded = load_checkpoint(path)
    assert loaded is not None
    assert (loaded.card, loaded.method, loaded.assumed) == (card(), "DnCNN-S", ())


@pytest.mark.parametrize("name", NAMES)
def test_types_and_shared_weights_survive(name: str, tmp_path: Path) -> None:
    one = torch.arange(6.0).reshape(2, 3)
    state = {"a": one.to(torch.bfloat16), "b": one, "c": one, "n": torch.tensor(3), "t": one.T}
    write_ours(tmp_path / name, state=state, card=card())
    found, _ = read_ours(tmp_path / name)
    assert {key: value.dtype for key, value in found.items()} == {
        key: value.dtype for key, value in state.items()
    }
    assert all(torch.equal(found[key], state[key]) for key in state)


@pytest.mark.parametrize("name", NAMES)
def test_cards_need_no_torch(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / name)
    code = (
        "import sys; from pathlib import Path; from baselines.checkpoints.ours import read_card;"
        f"assert read_card(Path({str(path)!r})).steps == 7; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_weight_is_damage(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / name)
    file = path if path.is_file() else next(path.glob("weights-*"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(ValueError, match=r"sha256 .* damaged"):
        read_ours(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_short_is_damage(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / name)
    file = path if path.is_file() else next(path.glob("weights-*"))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match="damaged"):
        read_ours(path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "folder")
    next(path.glob("weights-*")).unlink()
    with pytest.raises(FileNotFoundError, match=r"weights-.* named by checkpoint.json"):
        read_ours(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": VERSION + 1, "colour": 1}, f"version {VERSION + 1}.*update it"),
        ({"network": "dncn"}, "which this version has not; did you mean 'dncnn'"),
        ({"kwargs": {"detph": 4}}, "no argument 'detph'.*did you mean 'depth'"),
        ({"kwargs": {"depth": "many"}}, "cannot be made of depth='many'"),
        ({"kwargs": {**small_kwargs("dncnn"), "depth": 5}}, r"does not fit: model\.\d+.* missing"),
        ({"colour": 1}, "unknown field `colour`"),
    ],
)
def test_cards_that_cannot_be_followed(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "folder") / "checkpoint.json"
    held = json.loads(path.read_text())
    held["card"] |= change
    path.write_text(json.dumps(held))
    with pytest.raises(ValueError, match=said):
        load_checkpoint(path.parent)
    single = tmp_path / "one.safetensors"
    metadata = {METADATA: msgspec.json.encode(held["card"]).decode()}
    save_file(small_network("dncnn").state_dict(), single, metadata=metadata)
    with pytest.raises(ValueError, match=said):
        load_checkpoint(single)


def test_a_safetensors_without_a_card_is_not_ours(tmp_path: Path) -> None:
    save_file(small_network("dncnn").state_dict(), tmp_path / "one.safetensors")
    assert not is_ours(tmp_path / "one.safetensors")
    assert not is_ours(tmp_path)
    with pytest.raises(ValueError, match="no card"):
        read_card(tmp_path / "one.safetensors")


def test_loading_leaves_the_shared_random_state(tmp_path: Path) -> None:
    path = written(tmp_path / "folder")
    before = torch.get_rng_state()
    load_checkpoint(path)
    assert torch.equal(torch.get_rng_state(), before)


WRITER = """
import sys, torch
from pathlib import Path
from baselines.checkpoints.card import Card
from baselines.checkpoints.ours import write_ours
for steps in range(1, 100000):
    state = {"w": torch.full((200_000,), float(steps))}
    write_ours(Path(sys.argv[1]), state=state, card=Card(network="dncnn", kwargs={}, steps=steps))
    print(steps, flush=True)
"""


@pytest.mark.parametrize("name", NAMES)
def test_kill_leaves_the_old_or_the_new(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    for turn in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        done = 0
        while done < 3:
            done = int(writer.stdout.readline())
        time.sleep(0.003 * turn)
        os.kill(writer.pid, signal.SIGKILL)
        done = int((writer.stdout.read().split() or [done])[-1])
        writer.wait()
        writer.stdout.close()
        state, found = read_ours(path)
        assert found.steps in (done, done + 1)
        assert torch.equal(state["w"], torch.full((200_000,), float(found.steps)))
    written(path)
    left = list(path.iterdir()) if path.is_dir() else list(tmp_path.iterdir())
    assert len(left) == (2 if path.is_dir() else 1), "what kills left is removed"


def test_weights_stand_in_a_plain_safetensors(tmp_path: Path) -> None:
    path = written(tmp_path / "folder")
    assert (
        load_file(next(path.glob("weights-*"))).keys() == small_network("dncnn").state_dict().keys()
    )
