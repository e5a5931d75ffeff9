"""ONNX files, run by onnxruntime on the CPU or CUDA."""

from __future__ import annotations

import hashlib
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from builders.atomic import sha256_file
from degrade.option_error import OptionError
from evaluation.models.network import DEFAULT_SIGMA, Network
from evaluation.models.options import ModelOptions, find_device, refuse
from evaluation.models.probing import CHANNELS, probe
from evaluation.models.sizes import SizeRule

if TYPE_CHECKING:
    from torch import Tensor

FACTS = "pairsmith"  # in the metadata of files that this project exported
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


def open_onnx(path: Path, *, options: ModelOptions) -> Network:
    """An ONNX file of one input [1,C,H,W] in [0,1], float32 or float16, and one output.

    A size or a number of channels that the file fixes is kept to; the rest is read in its metadata
    where this project exported it, and else found by trying. Such a file may have a second input,
    for the noise.
    Raises ValueError where onnxruntime is missing, cannot read it, or it maps no picture.
    """
    try:
        import onnxruntime

        raised: Any = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    except ImportError as error:
        raise ValueError(f"{path}: needs onnxruntime: pip install 'pairsmith[onnx]'") from error
    why = f"{path.name} is ONNX, which has its own precision and is compiled by onnxruntime"
    refuse(options, ("half", "compile", "network"), why=why)
    failures = (
        raised.Fail, raised.InvalidArgument, raised.InvalidGraph, raised.InvalidProtobuf,
        raised.NoSuchFile, raised.NotImplemented, raised.RuntimeException,
    )  # fmt: skip
    device, providers = _providers(options, set(onnxruntime.get_available_providers()))
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4  # its warnings go to stderr past Python; failures are raised
    try:
        session = onnxruntime.InferenceSession(str(path), quiet, providers=providers)
    except failures as error:
        raise ValueError(f"{path}: onnxruntime cannot read it ({_said(error)})") from error
    facts = json.loads(session.get_modelmeta().custom_metadata_map.get(FACTS, "{}"))
    told = facts.get("told") == "sigma"
    source, kind = _input(path, session, besides=("sigma",) if told else ())
    outputs = [output.name for output in session.get_outputs()][:1]

    def call(picture: Tensor, sigma: float = DEFAULT_SIGMA) -> Tensor:
        import torch

        feed = {source.name: picture.numpy().astype(kind, copy=False)}
        if told:
            feed["sigma"] = np.full(len(picture), sigma / 255.0, np.float32)
        try:
            (output,) = session.run(outputs, feed)
        except failures as error:
            # RuntimeError: what probing and the search for a tile that fits understand
            raise RuntimeError(f"onnxruntime: {_said(error)}") from error
        return torch.from_numpy(np.array(output, np.float32))

    _, channels, height, width = source.shape
    fixed = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    if fixed:
        refuse(options, ("tile",), why=f"{path.name} takes {width}x{height} alone, tiles of it")
    if facts:
        count, scale, sizes = facts["channels"], facts["scale"], SizeRule(**facts["sizes"])
    else:
        try:
            count, scale, sizes = probe(
                call, channels=(channels,) if isinstance(channels, int) else CHANNELS, fixed=fixed
            )
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    notes = []
    if options.tile == "auto" and not fixed:
        notes.append("memory of ONNX files is not measured: --tile auto takes whole pictures first")
    return Network(
        call=call,
        scale=scale,
        told="sigma" if told else "",
        channels=(count,),
        sizes=sizes,
        device=device,
        facts={
            "kind": "onnx",
            "file": path.name,
            "sha256": _digest(path),
            "parameters": _parameters(path),
            "macs": None,
        },
        tiling=facts.get("tiling", "supported"),
        luma=facts.get("luma", False),
        pre_upsampled=facts.get("pre_upsampled", False),
        trained_scale=facts.get("trained_scale", 0),
        method=facts.get("method", ""),
        notes=tuple(notes),
    )


def _providers(options: ModelOptions, there: set[str]) -> tuple[str, list[Any]]:
    """(device, onnxruntime's providers). 'auto' is CUDA where torch and onnxruntime have it."""
    processor = "CPUExecutionProvider"
    cuda = "CUDAExecutionProvider"
    if options.device == "mps":
        raise OptionError("--device mps: ONNX files run on cpu or cuda")
    wants = find_device(options)
    if not wants.startswith("cuda") or (options.device == "auto" and cuda not in there):
        return "cpu", [processor]
    if cuda not in there:
        raise OptionError(
            f"--device {options.device}: this onnxruntime has no CUDA; pip install "
            "onnxruntime-gpu, or take --device cpu"
        )
    number = int(wants.partition(":")[2] or 0)
    # TF32 off, as for torch's networks
    return wants, [(cuda, {"device_id": number, "use_tf32": 0}), processor]


def _digest(path: Path) -> str:
    """sha256 of the file; where weights lie beside it (external data), of them and it."""
    data = path.read_bytes()
    beside = [
        one
        for one in sorted(path.parent.iterdir())
        if one.is_file() and one != path and one.name.encode() in data
    ]
    if not beside:
        return sha256_file(path)
    return hashlib.sha256("".join(map(sha256_file, [path, *beside])).encode()).hexdigest()


def _input(
    path: Path, session: Any, *, besides: tuple[str, ...] = ()
) -> tuple[Any, type[np.floating[Any]]]:
    """The file's one input but for those named `besides`, and its type."""
    inputs = [one for one in session.get_inputs() if one.name not in besides]
    if len(inputs) != 1:
        names = ", ".join(one.name for one in inputs)
        raise ValueError(f"{path}: has {len(inputs)} inputs ({names}); one picture is given")
    (source,) = inputs
    if source.type not in _TYPES or len(source.shape) != 4:
        raise ValueError(
            f"{path}: its input is {source.type} {source.shape}; wanted is tensor(float) or "
            "tensor(float16) [1,C,H,W]"
        )
    if isinstance(source.shape[0], int) and source.shape[0] != 1:
        raise ValueError(f"{path}: takes batches of {source.shape[0]}; export it for 1")
    if any(isinstance(a, int) for a in source.shape[2:]) and not all(
        isinstance(a, int) for a in source.shape[2:]
    ):
        raise ValueError(f"{path}: fixes one side only {source.shape}; fix both or neither")
    return source, _TYPES[source.type]


def _parameters(path: Path) -> int | None:
    """Values of its floating initializers; None without the onnx package."""
    try:
        import onnx
    except ImportError:
        return None
    floats = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
    graph = onnx.load(str(path), load_external_data=False).graph
    return sum(int(np.prod(one.dims)) for one in graph.initializer if one.data_type in floats)


def _said(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
