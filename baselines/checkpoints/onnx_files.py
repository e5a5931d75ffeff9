"""A network as an ONNX file of any height, width and batch, checked with onnxruntime.

PyTorch's tracing exporter is used (dynamo=False): it needs no package beyond onnx, and follows
every bundled network in seconds; the newer one needs onnxscript.
"""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.checkpoints.exporting import (
    BOUND,
    HALF_BOUND,
    OPSET,
    Exported,
    ExportOptions,
    checked,
    example,
    facts_json,
    portable,
)
from baselines.checkpoints.load import Loaded
from baselines.checkpoints.ours import METADATA
from builders.atomic import whole_file


def write_onnx(
    loaded: Loaded, out: Path, *, options: ExportOptions, notes: tuple[str, ...] = ()
) -> Exported:
    """The network at `out`: inputs 'picture' [B,C,H,W] and, where it is told the noise, 'sigma' [B]
    of 0 ... 1; output 'restored'; what must be known of it in the metadata, under 'pairsmith'.

    Raises ValueError where onnx or onnxruntime is missing, where the network cannot be traced, and
    where the file differs from it.
    """
    onnx, onnxruntime, failures = _packages(out)
    network = portable(loaded, options=options)
    inputs = example(loaded.module.traits, options=options, turn=0, count=1)
    names = ["picture", "sigma"][: len(inputs)]
    axes = {
        "picture": {0: "batch", 2: "height", 3: "width"},
        "sigma": {0: "batch"},
        "restored": {0: "batch", 2: "restored_height", 3: "restored_width"},
    }
    with whole_file(out) as temporary:
        try:
            # gradients on: what networks do otherwise without them (buffers written in place) is
            # no graph
            with warnings.catch_warnings(), torch.enable_grad():
                warnings.simplefilter("ignore")
                torch.onnx.export(
                    network,
                    inputs,
                    temporary,
                    dynamo=False,
                    input_names=names,
                    output_names=["restored"],
                    dynamic_axes={key: axes[key] for key in (*names, "restored")},
                    opset_version=OPSET,
                )
        except (RuntimeError, TypeError, ValueError, torch.onnx.errors.OnnxExporterError) as error:
            said = " ".join(str(error).split())[:250]
            raise ValueError(
                f"{loaded.path}: {loaded.architecture.name} cannot be written as ONNX ({said})"
            ) from error
        model = onnx.load(str(temporary))
        if options.half:
            model = _halved(model)
        onnx.helper.set_model_props(model, {METADATA: facts_json(loaded, options=options)})
        onnx.save(model, str(temporary))
        quiet = onnxruntime.SessionOptions()
        quiet.log_severity_level = 4  # what it warns of goes past Python
        session = onnxruntime.InferenceSession(
            str(temporary), quiet, providers=["CPUExecutionProvider"]
        )

        def run(given: tuple[Tensor, ...]) -> Tensor:
            feed = {name: one.numpy() for name, one in zip(names, given, strict=True)}
            try:
                return torch.from_numpy(session.run(["restored"], feed)[0])
            except failures as error:
                raise RuntimeError(str(error)) from error

        runner = f"onnxruntime {onnxruntime.__version__}"
        checks = checked(loaded, run, options=options, runner=runner)
    kind = "fp16 inside" if options.half else "float32"
    return Exported(
        path=out,
        about=f"ONNX, opset {OPSET}, {kind}, any height, width and batch",
        runner=runner,
        checks=checks,
        bound=HALF_BOUND if options.half else BOUND,
        notes=notes,
    )


def _halved(model: Any) -> Any:
    """The graph in fp16 but for its inputs and outputs, and for what fp16 does not suit (Resize),
    by the converter that comes with onnxruntime."""
    converter = importlib.import_module("onnxruntime.transformers.float16")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights below fp16's least number, which become it
        return converter.convert_float_to_float16(model, keep_io_types=True)


def _packages(out: Path) -> tuple[Any, Any, tuple[type[Exception], ...]]:
    """(onnx, onnxruntime, what a run of it raises)."""
    try:
        onnx = importlib.import_module("onnx")
        onnxruntime = importlib.import_module("onnxruntime")
        raised = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    except ImportError as error:
        raise ValueError(
            f"{out}: ONNX files need onnx and onnxruntime: pip install 'pairsmith[onnx]'"
        ) from error
    failures = (raised.Fail, raised.InvalidArgument, raised.RuntimeException, raised.NotImplemented)
    return onnx, onnxruntime, failures
