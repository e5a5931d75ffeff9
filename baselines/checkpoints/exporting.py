"""A checkpoint as a file that runs without this project: ONNX, torch.export, plain weights.

What is written is compared with the network on two sizes, neither of which it was traced at, before
it gets its name: an export that froze a size, or lost precision, leaves no file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from baselines.checkpoints.card import Card
from baselines.checkpoints.load import Loaded
from baselines.checkpoints.ours import SUFFIX
from baselines.checkpoints.writing import PICKLES, check_out, write_state
from baselines.networks.architecture import RestorationNetwork, Traits, told_arguments
from builders.atomic import sha256_file
from degrade.option_error import OptionError, nearest
from evaluation.models.network import DEFAULT_SCALE, DEFAULT_SIGMA
from evaluation.models.sizes import SizeRule

# Format -> what --out may end in; a safetensors checkpoint of ours may be a folder.
FORMATS = {
    "onnx": (".onnx",),
    "torch-export": (".pt2",),
    "safetensors": (SUFFIX, ""),
    "pth": PICKLES,
}
OPSET = 17  # the first with LayerNormalization; TensorRT 8.6 and onnxruntime 1.13 read it
# Largest difference to the network, of its largest output: float32 in another order of summation;
# fp16, whose step at 1 is 1e-3, through some hundred layers.
BOUND, HALF_BOUND = 1e-4, 2e-2
_SIDE = 32  # about the least at which a picture is more than a network's border


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """format: key of FORMATS. half: weights and arithmetic in fp16; pictures go in and come out as
    float32. sigma: of 0 ... 255, built into a network that is told the noise, which then has one
    input; None leaves it a second input. scale: built into a network that is told the scale.
    Raises OptionError for another format, sigma or scale."""

    format: str = "onnx"
    half: bool = False
    sigma: float | None = None
    scale: int | None = None

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            hint = nearest(self.format, FORMATS)
            raise OptionError(f"--format {self.format}: one of {', '.join(FORMATS)}{hint}")
        if self.sigma is not None and not 0.0 <= self.sigma <= 255.0:
            raise OptionError(f"--sigma {self.sigma:g}: 0 to 255")
        if self.half and self.format == "torch-export":
            raise OptionError("--half: a program of torch.export keeps float32; autocast runs it")

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What the file's name may end in."""
        return FORMATS[self.format]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison: the picture [B,C,H,W] and the largest difference, of the largest output."""

    shape: tuple[int, ...]
    error: float


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written. runner: what ran it for the checks, '' where nothing is to run."""

    path: Path
    about: str
    runner: str = ""
    checks: tuple[Check, ...] = ()
    bound: float = 0.0
    notes: tuple[str, ...] = ()


def export_checkpoint(loaded: Loaded, out: Path, *, options: ExportOptions) -> Exported:
    """The checkpoint in options.format at `out`, written whole.

    Raises OptionError where the suffix or an option does not suit, ValueError where the network
    cannot be written so, saying why, or where the file gives other numbers.
    """
    check_out(out, overwrite=True, suffixes=options.suffixes)
    traits = loaded.module.traits
    name = loaded.architecture.name
    if options.sigma is not None and traits.told != "sigma":
        raise OptionError(f"--sigma {options.sigma:g}: {name} is not told the noise; leave it out")
    if options.scale is not None and traits.told != "scale":
        raise OptionError(f"--scale {options.scale}: {name} is not told the scale; leave it out")
    if options.format in ("safetensors", "pth"):
        return _plain(loaded, out, options=options)
    if traits.told == "scale" and options.scale is None:
        raise OptionError(f"--scale: {name} is told it at each call; give the one to build in")
    if loaded.kwargs.get("local"):
        raise ValueError(
            f"{loaded.path}: {name} with local={loaded.kwargs['local']} takes other steps on "
            "pictures above that side: no one graph of any size. --format safetensors or pth keeps "
            "its weights"
        )
    notes = []
    if loaded.architecture.inference is not None:
        notes.append(
            f"{name}: the network alone is written; what this project does around it on full-size "
            "pictures is not in the file"
        )
    if options.format == "onnx":
        from baselines.checkpoints.onnx_files import write_onnx

        return write_onnx(loaded, out, options=options, notes=tuple(notes))
    from baselines.checkpoints.torch_export_files import write_program

    return write_program(loaded, out, options=options, notes=tuple(notes))


def exported_lines(exported: Exported) -> list[str]:
    """What was written and how it compares, for people."""
    lines = [f"{exported.path}: {exported.about}"]
    for check in exported.checks:
        shape = "x".join(map(str, check.shape))
        lines.append(f"  checked by {exported.runner} on {shape}: {check.error:.1e} from torch")
    if exported.checks:
        lines.append(f"  of the largest output; allowed {exported.bound:g}")
    return lines + [f"  note: {note}" for note in exported.notes]


class Portable(nn.Module):
    """The network as it is written: (picture) or (picture, sigma) -> restored.

    sigma: of 0 ... 255, built in; scale: built in.
    """

    def __init__(
        self,
        network: RestorationNetwork,
        *,
        sigma: float = DEFAULT_SIGMA,
        scale: int = DEFAULT_SCALE,
    ) -> None:
        super().__init__()
        self.network = network
        self.sigma, self.scale = sigma, scale

    def forward(self, picture: Tensor, sigma: Tensor | None = None) -> Tensor:
        """See the class."""
        if sigma is not None:
            return self.network(picture, sigma)
        traits = self.network.traits
        told = told_arguments(traits, picture, sigma=self.sigma, scale=self.scale)
        return self.network(picture, *told)


def portable(loaded: Loaded, *, options: ExportOptions) -> Portable:
    """The network of a checkpoint as options want it."""
    # eval for the whole: exporters put a module back into the mode of its outermost part
    sigma = DEFAULT_SIGMA if options.sigma is None else options.sigma
    return Portable(loaded.module, sigma=sigma, scale=options.scale or DEFAULT_SCALE).eval()


def example(traits: Traits, *, options: ExportOptions, turn: int, count: int) -> tuple[Tensor, ...]:
    """`count` pictures to trace with (turn 0) or to check with (1, 2), and their sigmas where the
    network is told them: every turn has another size."""
    height, width = check_sizes(traits.sizes)[turn]
    random = torch.Generator().manual_seed(turn)
    picture = torch.rand(count, traits.channels, height, width, generator=random)
    if traits.told == "sigma" and options.sigma is None:
        return picture, torch.full((count,), 0.1 * (turn + 1))
    return (picture,)


def check_sizes(rule: SizeRule) -> tuple[tuple[int, int], ...]:
    """Three sizes that the rule allows, no two of one height or one width."""
    step = rule.up(8)
    side = rule.padded((_SIDE, _SIDE))[0]
    places = ((0, 0), (1, 1), (2, 2)) if rule.square else ((0, 1), (1, 3), (2, 0))
    return tuple((side + down * step, side + right * step) for down, right in places)


def checked(
    loaded: Loaded,
    run: Callable[[tuple[Tensor, ...]], Tensor],
    *,
    options: ExportOptions,
    runner: str,
) -> tuple[Check, ...]:
    """`run` beside the network in float32 on two sizes.

    Raises ValueError where it fails on one or differs by more than the bound.
    """
    return tuple(_checks(loaded, run, options=options, runner=runner))


def _checks(
    loaded: Loaded,
    run: Callable[[tuple[Tensor, ...]], Tensor],
    *,
    options: ExportOptions,
    runner: str,
) -> Iterator[Check]:
    exact = portable(loaded, options=options)
    bound = HALF_BOUND if options.half else BOUND
    for turn in (1, 2):
        inputs = example(loaded.module.traits, options=options, turn=turn, count=3 - turn)
        shape = tuple(inputs[0].shape)
        with torch.no_grad():
            wanted = exact(*inputs)
        told = f"{loaded.path}: {loaded.architecture.name} as {options.format}"
        try:
            found = run(inputs)
        except RuntimeError as error:
            said = " ".join(str(error).split())[:200]
            raise ValueError(f"{told} fails in {runner} on {list(shape)}: {said}") from error
        if found.shape != wanted.shape:
            raise ValueError(
                f"{told} gives {list(found.shape)} for {list(shape)}, not {list(wanted.shape)}: "
                "a size is frozen in it"
            )
        error = float((found - wanted).abs().max() / wanted.abs().max().clamp_min(1e-9))
        if not error <= bound:  # NaN too
            raise ValueError(
                f"{told} differs from torch by {error:.1e} of the largest output on {list(shape)}; "
                f"allowed is {bound:g}{'; leave --half out' if options.half else ''}"
            )
        yield Check(shape=shape, error=error)


def facts_json(loaded: Loaded, *, options: ExportOptions) -> str:
    """What a reader of the file must know of the network; evaluation.models.by_onnx reads it."""
    traits = loaded.module.traits
    facts: dict[str, Any] = {
        "network": loaded.architecture.name,
        "kwargs": dict(loaded.kwargs),
        **asdict(traits),
        "told": "" if (options.sigma, options.scale) != (None, None) else traits.told,
        "scale": options.scale or traits.scale,
        "half": options.half,
        "method": loaded.method,
        "trained_on": loaded.trained_on,
        "trained_scale": loaded.trained_scale,
        "licence": loaded.licence,
    }
    if options.sigma is not None:
        facts["sigma"] = options.sigma
    return json.dumps(facts)


def _plain(loaded: Loaded, out: Path, *, options: ExportOptions) -> Exported:
    state = loaded.module.state_dict()
    if options.half:
        state = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    card = loaded.card
    if card is None:
        source = {"file": loaded.path.name}
        if loaded.path.is_file():
            source["sha256"] = sha256_file(loaded.path)
        card = Card(
            network=loaded.architecture.name,
            kwargs=dict(loaded.kwargs),
            scale=loaded.trained_scale,
            method=loaded.method,
            trained_on=loaded.trained_on,
            licence=loaded.licence,
            config={"converted from": source},
        )
    write_state(out, state=state, card=card)
    kind = "fp16" if options.half else "float32"
    what = "weights by name" if options.format == "pth" else "checkpoint of pairsmith"
    return Exported(path=out, about=f"{what}, {kind}")
