"""What a file of weights is, and reading it without running what is in it.

A pickle is a program: it may name any function and have it called. Files are read with
torch.load(weights_only=True), which knows tensors and plain containers only; a file that asks for
more is refused, and what it asks for is found by reading its instructions, not by following them.
"""

from __future__ import annotations

import pickle
import pickletools
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

# What torch.load raises on a file that ends or goes wrong somewhere.
_DAMAGED = (
    RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError,
    struct.error,
)  # fmt: skip
# Globals that a file of plain weights names.
_PLAIN = re.compile(
    r"collections\.OrderedDict|typing\.OrderedDict|torch\.(\w+Storage|storage\.\w+|Size|device"
    r"|(b?float|u?int|complex)\d*|bool|half|double|long|short"
    r"|_utils\._rebuild_\w+|nn\.parameter\.(Parameter|Buffer)|_tensor\._rebuild_from_type_v2"
    r"|serialization\._get_layout)"
)


def kind_of(path: Path) -> str:
    """'torchscript', 'safetensors', 'onnx', 'matlab' or 'weights' (a pickle of PyTorch's), by its
    content.

    Raises FileNotFoundError, or ValueError for files that are empty, cut short, or something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise ValueError(f"{path}: the file is empty; fetch it again")
    if head.startswith(b"version https://git-lfs"):
        raise ValueError(
            f"{path}: a Git LFS pointer, not the weights; run `git lfs pull` in its repository, or "
            "fetch the file itself"
        )
    if re.match(rb"\s*<(!doctype|html|\?xml|head|body)", head, re.IGNORECASE):
        raise ValueError(
            f"{path}: a web page, not weights (a download that needed a login or a confirmation); "
            "fetch it again with a browser"
        )
    if path.suffix.lower() == ".onnx":
        return "onnx"
    if head.startswith(b"PK"):
        return _kind_of_zip(path)
    if head.startswith(b"MATLAB "):
        return "matlab"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32:
        return "safetensors"
    if head[:1] == b"\x80" or head[257:262] == b"ustar":
        return "weights"
    raise ValueError(
        f"{path}: begins with {head[:8]!r}, which is no PyTorch file, no TorchScript and no "
        "safetensors; damaged or something else"
    )


def _kind_of_zip(path: Path) -> str:
    # a zip's list of files is at its end, so that one cut short has none
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path}: cut short ({path.stat().st_size} bytes); fetch it again")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any("/code/" in f"/{name}" for name in names) and any(
        name.endswith("constants.pkl") for name in names
    ):
        return "torchscript"
    if any(name.endswith("data.pkl") for name in names):
        return "weights"
    if any(name.endswith("models/model.json") for name in names):
        raise ValueError(
            f"{path}: a program of torch.export, which torch.export.load runs; give the checkpoint "
            "that it was made from, or an ONNX file"
        )
    raise ValueError(
        f"{path}: a zip of {', '.join(names[:3])}, not of PyTorch's; unpack it and give the file "
        "of weights inside"
    )


def load_weights(path: Path) -> Mapping[str, Any]:
    """What a file of weights holds, on the CPU; tensors and plain containers only.

    path: of kind 'weights' or 'safetensors'. Raises ValueError for a pickle that needs code, a
    damaged file, or one that holds no dictionary.
    """
    import torch

    kind = kind_of(path)
    if kind == "safetensors":
        return _load_safetensors(path)
    if kind == "matlab":
        raise ValueError(
            f"{path}: a MATLAB file of no network that is read from one; save its weights by name "
            "as .safetensors or .pth"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols
            held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        asked = asked_for(path)
        if not asked:
            raise ValueError(f"{path}: damaged, or no PyTorch file ({_first(error)})") from error
        raise ValueError(
            f"{path}: asks for {', '.join(asked[:5])}{' ...' if len(asked) > 5 else ''}. Loading "
            "it would run that code, so it is refused. Weights need none: ask whoever made it for "
            "the state dict, torch.save(model.state_dict(), 'weights.pth')"
        ) from error
    except _DAMAGED as error:
        raise ValueError(f"{path}: damaged or cut short ({_first(error)}); fetch it again") from (
            error
        )
    if not isinstance(held, Mapping):
        raise ValueError(
            f"{path}: holds a {type(held).__name__}, not a dictionary of weights by name"
        )
    return held


def _load_safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path, device="cpu")
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: damaged or cut short ({_first(error)}); fetch it again") from (
            error
        )


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


def asked_for(path: Path) -> list[str]:
    """The globals ('module.name') that a pickle asks for and plain weights do not, in its order.

    Its instructions are read, none is followed. Of a zip, its data.pkl; of an older file, the
    pickles at its beginning.
    """
    found: dict[str, None] = {}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("data.pkl"):
                    with archive.open(name) as file:
                        found |= dict.fromkeys(_globals(file))
    else:
        with path.open("rb") as file:
            for _ in range(5):  # magic number, version, machine, the object, storage keys
                found |= dict.fromkeys(_globals(file))
    return [name for name in found if not _PLAIN.fullmatch(name)]


def _globals(file: IO[bytes]) -> Iterator[str]:
    """'module.name' of one pickle's GLOBAL, INST and STACK_GLOBAL instructions, to its end or to
    what is no pickle."""
    strings: list[str] = []  # the last ones pushed, for STACK_GLOBAL
    memo: dict[int, str] = {}
    last: str | None = None
    try:
        for code, value, _ in pickletools.genops(file):
            if code.name in ("GLOBAL", "INST"):
                yield str(value).replace(" ", ".")
            elif code.name == "STACK_GLOBAL":
                yield ".".join(strings[-2:])
            elif code.name == "MEMOIZE":
                if last is not None:
                    memo[len(memo)] = last
                else:
                    memo[len(memo)] = ""
                continue
            elif code.name.endswith("BINPUT"):
                memo[int(str(value))] = last or ""
                continue
            elif code.name.endswith("BINGET"):
                last = memo.get(int(str(value)))
                strings += [last] if last else []
                continue
            last = value if isinstance(value, str) and "UNICODE" in code.name else None
            strings += [last] if last is not None else []
    except (ValueError, EOFError, UnicodeDecodeError, IndexError):
        return  # the rest is no pickle, or is cut short
