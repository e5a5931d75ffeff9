"""pyiqa's metrics as scorers: their weights found or fetched, their silence kept.

pyiqa is an extra (its licence is non-commercial) and takes seconds to import: it is imported when
one of its metrics is opened. Nothing here changes torch's random state, threads or default type.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.client
import importlib.util
import io
import math
import os
import pickle
import urllib.error
import urllib.parse
import urllib.request
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from builders.atomic import whole_file
from evaluation import reachable
from evaluation.metrics.metric import Judged, Scorer, Unavailable
from evaluation.metrics.niqe import LEAST, PATCH, rgb2gray
from evaluation.metrics.pyiqa_table import ENTRIES, HUB, PYIQA, Entry, WeightsFile
from evaluation.pictures import to_u8, to_unit

if TYPE_CHECKING:
    import torch

SECONDS = 10  # that a server has for its first answer, and for each next piece
_CHUNK = 1 << 20
# What torch, SciPy and pyiqa raise for a file that is not the weights they expect.
_BROKEN = (
    *(RuntimeError, ValueError, TypeError, KeyError, IndexError, OSError, EOFError),
    *(AttributeError, NotImplementedError, pickle.UnpicklingError, zlib.error, MatReadError),
)
# What pyiqa raises for pictures that it cannot judge.
_REFUSED = (RuntimeError, ValueError, AssertionError, IndexError, ZeroDivisionError)


def open_perceptual(name: str, *, device: str) -> Scorer:
    """The scorer of one of pyiqa's metrics that judge picture by picture.

    name: a key of `pyiqa_table.ENTRIES` whose mode is 'full' or 'none'. device: 'cpu', 'cuda' ...
    It judges whole pictures in RGB, whatever the protocol's channel and border. Raises Unavailable
    where pyiqa or a file of weights is missing, with what to do. The scorer raises ValueError,
    naming the size, for a picture that is too small or that the metric has no number for.
    """
    entry = ENTRIES[name]
    if entry.metric.mode == "set":
        raise ValueError(f"{name} judges sets: evaluation.metrics.distribution opens it")
    with quiet_pyiqa(entry):
        import torch
        from pyiqa import create_metric

        judge = create_metric(entry.call, device=torch.device("cpu"), **entry.options)
    return functools.partial(_score, entry=entry, judge=judge.to(device))


def _score(judged: Judged, *, entry: Entry, judge: Callable[..., Any]) -> float:
    metric = entry.metric
    height, width = judged.output.shape[:2]
    size = f"{metric.name} of a picture of {width}x{height}"
    _check_size(height, width, entry=entry, size=size)
    output, target = judged.rgb
    sides = [output]
    if metric.mode == "full":
        if target is None:
            raise ValueError("this set has no targets: only no-reference metrics can score it")
        sides.append(target)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = float(judge(*(_tensor(side, gray=entry.gray) for side in sides)))
    except _REFUSED as error:
        if "out of memory" in str(error):
            raise
        raise ValueError(f"{size}: pyiqa cannot judge it ({_line(error)})") from error
    if not math.isfinite(value):
        raise ValueError(f"{size}: {value}; a flat or colourless picture may have no such score")
    return value


def _check_size(height: int, width: int, *, entry: Entry, size: str) -> None:
    if min(height, width) < entry.side:
        raise ValueError(f"{size}: it takes {entry.side}x{entry.side} or more")
    if entry.patches:
        rows, columns = ((n - 2 * entry.border) // PATCH for n in (height, width))
        if min(rows, columns) < 1 or rows * columns < LEAST:
            least = f"{PATCH + 2 * entry.border}x{LEAST * PATCH + 2 * entry.border}"
            raise ValueError(f"{size}: it takes two patches of {PATCH}x{PATCH}, {least} or more")


def _tensor(rgb: NDArray[np.float32], *, gray: int) -> torch.Tensor:
    """[1,C,H,W] float32 in [0,1]; rgb2gray of 8 bits, in `gray` channels, where that is above 0."""
    import torch

    if gray:
        rgb = to_unit(np.repeat(rgb2gray(to_u8(rgb))[..., None], gray, axis=2))
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))[None].clamp(0, 1)


@contextlib.contextmanager
def quiet_pyiqa(entry: Entry) -> Iterator[None]:
    """A place to build one of pyiqa's networks: its weights are there, or are fetched; it prints
    nothing; what it draws to initialise layers leaves torch's generator as it was.

    Raises Unavailable where pyiqa or a file is missing, and where a file cannot be read.
    """
    name = entry.metric.name
    if importlib.util.find_spec("pyiqa") is None:
        raise Unavailable(name, why="pyiqa is not installed: pip install 'pairsmith[iqa]'")
    silence = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(silence))
        stack.enter_context(contextlib.redirect_stderr(silence))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        try:
            import torch
            from pyiqa.utils import download_util

            _ensure(entry)
            # pyiqa asks torch for its folder once, at import; it may be another by now
            stack.callback(
                setattr, download_util, "DEFAULT_CACHE_DIR", download_util.DEFAULT_CACHE_DIR
            )
            download_util.DEFAULT_CACHE_DIR = str(_hub() / PYIQA)
            stack.enter_context(torch.random.fork_rng(devices=[]))
            yield
        except Unavailable:
            raise
        except ImportError as error:
            raise Unavailable(name, why=f"pyiqa cannot be imported ({error})") from error
        except _BROKEN as error:
            if not entry.files:
                raise
            raise Unavailable(
                name,
                why=f"its weights cannot be read ({_line(error)}): delete the file, or put a whole "
                "one there",
                file=_names(entry.files),
                where=_places(entry.files),
            ) from error


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _hub() -> Path:
    """torch's hub folder, as torch.hub.get_dir finds it: $TORCH_HOME, $XDG_CACHE_HOME, ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or str(Path(cache) / "torch")
    return Path(os.path.expandvars(home)).expanduser() / "hub"


def weights_place(file: WeightsFile) -> tuple[Path | None, str]:
    """(the file, or None where it is missing; the folder that is looked in, in words)."""
    if file.folder != HUB:
        folder = _hub() / file.folder
        path = folder / file.name
        return (path if path.is_file() else None), str(folder)
    from huggingface_hub import constants, try_to_load_from_cache

    found = try_to_load_from_cache(file.source, file.name)
    place = f"{constants.HF_HUB_CACHE} (by `hf download {file.source} {file.name}`)"
    return (Path(found) if isinstance(found, str) else None), place


def _names(files: Iterable[WeightsFile]) -> str:
    return ", ".join(file.name for file in files)


def _places(files: Iterable[WeightsFile]) -> str:
    return ", ".join(dict.fromkeys(weights_place(file)[1] for file in files))


def _ensure(entry: Entry) -> None:
    """Fetches the files that are missing, each whole or not at all."""
    missing = [file for file in entry.files if weights_place(file)[0] is None]
    while missing:
        try:
            (_fetch_hub if missing[0].folder == HUB else _fetch)(missing[0])
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unavailable(
                entry.metric.name,
                why=f"its weights are not on this machine and cannot be fetched ({_line(error)})",
                file=_names(missing),
                where=_places(missing),
            ) from error
        missing.pop(0)


def _fetch(file: WeightsFile) -> None:
    """From where pyiqa takes it. Raises OSError, also where less than the whole file comes."""
    from pyiqa.archs.arch_util import get_url_from_name

    address = file.source or get_url_from_name(file.name)
    reachable.reach(address)
    path = _hub() / file.folder / file.name
    digest = hashlib.sha256()
    with whole_file(path) as temporary:
        with (
            urllib.request.urlopen(address, timeout=SECONDS) as answer,
            temporary.open("wb") as out,
        ):
            while piece := answer.read(_CHUNK):
                digest.update(piece)
                out.write(piece)
            size, told = out.tell(), int(answer.headers.get("Content-Length") or out.tell())
        if size != told or not digest.hexdigest().startswith(file.sha256):
            raise OSError(f"{address}: {size} bytes of another file or of a part of it came")


def _fetch_hub(file: WeightsFile) -> None:
    """Into the Hugging Face hub's cache, by its own client, which keeps no parts."""
    from huggingface_hub import constants, hf_hub_download

    reachable.reach(constants.ENDPOINT)
    hf_hub_download(file.source, file.name, etag_timeout=SECONDS)
