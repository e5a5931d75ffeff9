"""evaluation.models.pickles: what a file is, and that nothing in it is run."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from evaluation.models.pickles import asked_for, kind_of, load_weights

HELD = {"a.weight": torch.arange(12.0).view(3, 4)}


class _Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("old", [False, True], ids=["zip", "legacy"])
def test_plain_weights_are_read(tmp_path: Path, old: bool) -> None:
    path = tmp_path / "w.pth"
    torch.save({"params": HELD}, path, _use_new_zipfile_serialization=not old)
    assert kind_of(path) == "weights"
    assert torch.equal(load_weights(path)["params"]["a.weight"], HELD["a.weight"])
    assert asked_for(path) == []


def test_safetensors_are_read(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "w.safetensors"
    save_file(HELD, path)
    assert kind_of(path) == "safetensors"
    assert torch.equal(load_weights(path)["a.weight"], HELD["a.weight"])
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="damaged or cut short"):
        load_weights(path)


@pytest.mark.parametrize("old", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_needs_code_is_refused_and_not_run(
    tmp_path: Path, old: bool, protocol: int
) -> None:
    made, path = tmp_path / "made", tmp_path / "trap.pth"
    torch.save(
        {"params": HELD, "opt": argparse.Namespace(lr=1), "trap": _Trap(made)},
        path,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=not old,
    )
    mkdir = f"{os.mkdir.__module__}.mkdir"
    assert asked_for(path) == ["argparse.Namespace", mkdir]
    with pytest.raises(ValueError) as raised:
        load_weights(path)
    assert not made.exists()
    message = str(raised.value)
    assert message.startswith(f"{path}: asks for argparse.Namespace, {mkdir}.")
    assert "refused" in message
    assert "state_dict" in message


def test_names_are_found_through_the_memo(tmp_path: Path) -> None:
    """Protocol 4 pushes a module's name once and refers to it after."""
    path = tmp_path / "p.pth"
    held = [argparse.Namespace(a=1), argparse.Action([], "x"), argparse.Namespace(b=2)]
    path.write_bytes(pickle.dumps(held, protocol=4))
    assert asked_for(path) == ["argparse.Namespace", "argparse.Action"]


def _archive(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 100)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html><head>", "a web page, not weights"),
        (b"<html>Virus scan warning", "a web page, not weights"),
        (_archive(["m/data.pkl"])[:-30], "cut short"),
        (_archive(["a.png", "b.png"]), "a zip of a.png, b.png"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "no PyTorch file"),
        (b"\x80\x02}q\x00(X\x01\x00", "damaged"),
    ],
)
def test_files_that_are_no_weights_say_what_they_are(
    tmp_path: Path, data: bytes, said: str
) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=said) as raised:
        load_weights(path)
    assert str(path) in str(raised.value)


def test_weights_cut_short_anywhere_are_an_error(tmp_path: Path) -> None:
    whole, path = tmp_path / "whole.pth", tmp_path / "cut.pth"
    for old in (False, True):
        torch.save(HELD, whole, _use_new_zipfile_serialization=not old)
        data = whole.read_bytes()
        for part in (0.1, 0.5, 0.9, 0.99):
            path.write_bytes(data[: int(len(data) * part)])
            with pytest.raises(ValueError, match=r"cut short|damaged"):
                load_weights(path)


def test_what_holds_no_dictionary_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save(torch.zeros(3), path)
    with pytest.raises(ValueError, match="holds a Tensor, not a dictionary"):
        load_weights(path)


def test_torchscript_is_told_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"  # whatever it is called
    with pytest.warns(FutureWarning):
        torch.jit.save(torch.jit.trace(torch.nn.Identity(), torch.zeros(1)), path)
    assert kind_of(path) == "torchscript"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"w\.pth: no such file"):
        kind_of(tmp_path / "w.pth")
