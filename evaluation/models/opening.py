"""What `--model` takes, and the model that it names."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

from degrade.option_error import OptionError, nearest
from evaluation.models.by_function import PATTERN, open_function
from evaluation.models.by_onnx import open_onnx
from evaluation.models.by_spandrel import open_spandrel
from evaluation.models.by_torchscript import open_torchscript
from evaluation.models.classical import NAMES, classical
from evaluation.models.network import Network
from evaluation.models.network_restorer import restorer_of
from evaluation.models.options import ModelOptions
from evaluation.models.pickles import kind_of
from evaluation.models.restorer import Restorer

# Opens a checkpoint of this project (a folder, or a file of weights); None where it is none.
Ours = Callable[[Path, ModelOptions], Restorer | None]

SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors", ".onnx", ".ts", ".torchscript", ".mat")


def open_model(
    text: str, *, options: ModelOptions, ours: Ours | None = None, besides: Sequence[str] = ()
) -> Restorer:
    """The model that `text` names.

    text: one of NAMES; a file (SUFFIXES; which kind it is is told by its content); a folder of this
    project's checkpoints; or 'module:function'. ours: asked first for folders and files of weights.
    besides: names that the caller opens himself, which a wrong text may mean too. Raises
    OptionError for a text that names nothing, FileNotFoundError for a file that is not there,
    ValueError for one that cannot be read.
    """
    if text in NAMES:
        return classical(text, options=options)
    path = Path(text).expanduser()
    if path.is_dir():
        return _open_folder(path, options=options, ours=ours)
    if path.is_file():
        return _open_file(path, options=options, ours=ours)
    if PATTERN.fullmatch(text):
        return restorer_of(open_function(text, options=options), name=text, options=options)
    if path.suffix.lower() in SUFFIXES or path.name != text:
        raise FileNotFoundError(f"{text}: no such file{_beside(path)}")
    names = (*NAMES, *besides)
    raise OptionError(
        f"--model {text}: one of {', '.join(names)}; a file ({' '.join(SUFFIXES)}) or a folder of "
        f"a checkpoint; or module:function{nearest(text, names)}"
    )


def _open_folder(path: Path, *, options: ModelOptions, ours: Ours | None) -> Restorer:
    restorer = ours(path, options) if ours is not None else None
    if restorer is None:
        files = sorted(one.name for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
        raise ValueError(
            f"{path}: a folder, but no checkpoint of this project; "
            + (f"give one of its files: {', '.join(files[:5])}" if files else "give a file")
        )
    return restorer


def _open_file(path: Path, *, options: ModelOptions, ours: Ours | None) -> Restorer:
    kind = kind_of(path)
    network: Network
    if kind == "onnx":
        network = open_onnx(path, options=options)
    elif kind == "torchscript":
        network = open_torchscript(path, options=options)
    else:
        restorer = ours(path, options) if ours is not None else None
        if restorer is not None:
            return restorer
        network = open_spandrel(path, options=options)
    return restorer_of(network, name=path.stem, options=options)


def _beside(path: Path) -> str:
    """The nearest name of a model's file in the same folder, or that there is no such folder."""
    if not path.parent.is_dir():
        return f"; there is no folder {path.parent} either"
    files = [one for one in sorted(path.parent.iterdir()) if one.suffix.lower() in SUFFIXES]
    stems = [one.stem for one in files]  # the suffix is alike, and says nothing of what is meant
    close = difflib.get_close_matches(path.stem, stems, n=1, cutoff=0.6)
    return f"; did you mean {files[stems.index(close[0])].name!r}?" if close else ""
