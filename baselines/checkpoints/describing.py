"""An inspection and the bundled networks in words, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from baselines.checkpoints.inspecting import Cost, Inspection, network_rows
from evaluation.models.network import TILINGS
from evaluation.models.sizes import SizeRule

_KINDS = {
    "pairsmith": "checkpoint of this project",
    "released": "weights of a bundled network",
    "spandrel": "read by spandrel",
    "onnx": "ONNX file",
    "torchscript": "TorchScript file",
}


def inspection_lines(found: Inspection) -> list[str]:
    """Name and value a line; what is not known is left out."""
    scale = found.scale
    rows: list[tuple[str, str]] = [
        ("kind", _KINDS[found.kind]),
        ("network", found.network),
        ("paper", found.paper),
        ("preset", found.preset),
        ("arguments", _arguments(found)),
        ("parameters", "" if found.parameters is None else f"{found.parameters:,}"),
        *(("multiply-adds", _cost(one)) for one in found.costs),
        ("scale", "told at each call" if scale == 0 else f"x{scale}" if scale else ""),
        ("channels", _channels(found)),
        ("told", {"sigma": "the noise's sigma", "scale": "the scale"}.get(found.told, "")),
        ("sizes", _sizes(found.sizes)),
        ("tiles", f"{found.tiling}: {TILINGS[found.tiling]}" if found.tiling else ""),
        ("weights", _weights(found)),
        ("sha256", found.sha256),
        ("printed as", found.method),
        ("task", found.task),
        ("trained on", found.trained_on),
        ("trained for", f"x{found.trained_scale}" if found.trained_scale else ""),
        ("sigma", f"{found.sigma:g} of 255" if found.sigma else ""),
        ("steps", f"{found.steps:,}" if found.steps else ""),
        ("licence", found.licence),
        ("published at", found.url),
        ("code followed", found.reference),
        *((f"input {name}", shape) for name, shape in found.inputs.items()),
        *((f"output {name}", shape) for name, shape in found.outputs.items()),
    ]
    for benchmark, scores in found.scores.items():
        rows.append((f"on {benchmark}", ", ".join(f"{k} {v:g}" for k, v in scores.items())))
    for part in (found.data, found.config, found.metadata):
        rows += list(_told(part))
    width = max(len(name) for name, value in rows if value)
    return [found.file, *(f"  {name:<{width}}  {value}" for name, value in rows if value)]


def inspection_facts(found: Inspection) -> dict[str, Any]:
    """The same for JSON: every field, whether known or not."""
    return asdict(found)


def network_lines() -> list[str]:
    """One line a preset: name, network, parameters, paper."""
    head = ("preset", "network", "parameters", "paper")
    rows = [head, *((r.preset, r.network, f"{r.parameters:,}", r.paper) for r in network_rows())]
    first, second, third, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [
        f"{preset:<{first}}  {network:<{second}}  {count:>{third}}  {paper}"
        for preset, network, count, paper in rows
    ]


def network_facts() -> list[dict[str, Any]]:
    """The same for JSON."""
    return [asdict(row) for row in network_rows()]


def _arguments(found: Inspection) -> str:
    unsure = set(found.assumed)
    return ", ".join(
        f"{name}={_plain(value)}{' (assumed)' * (name in unsure)}"
        for name, value in found.kwargs.items()
    )


def _told(part: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """name and value, of what is inside another with that one's name before: card.network."""
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield from _told(value, f"{before}{name}.")
        elif value not in ("", None, 0):
            yield f"{before}{name}", _plain(value)


def _plain(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _cost(cost: Cost) -> str:
    height, width = cost.input
    told = "not counted" if cost.macs is None else f"{cost.macs / 1e9:,.2f} G"
    put_in = f", input {width}x{height}"
    return f"{told}, {cost.of}{put_in * (f'input {width}x{height}' != cost.of)}"


def _channels(found: Inspection) -> str:
    taken = " or ".join(map(str, found.channels))
    given = "" if found.out_channels is None else f" in, {found.out_channels} out"
    notes = ["Y of YCbCr alone"] * found.luma + ["enlarged by bicubic first"] * found.pre_upsampled
    return f"{taken}{given}{'; ' * bool(notes)}{'; '.join(notes)}" if taken else ""


def _sizes(rule: SizeRule) -> str:
    if rule.fixed is not None:
        return f"{rule.fixed[1]}x{rule.fixed[0]} only"
    parts = [f"multiples of {rule.multiple} px"] * (rule.multiple > 1)
    parts += [f"at least {rule.minimum} px"] * (rule.minimum > 1)
    parts += ["square"] * rule.square
    return f"sides {', '.join(parts)} (others are padded)" if parts else "any"


def _weights(found: Inspection) -> str:
    parts = [found.dtype] if found.dtype else []
    parts += [f"in {found.wrapper}"] if found.wrapper else []
    if found.alternatives:
        parts.append(f"the file has {', '.join(found.alternatives)} too, which is not taken")
    return ", ".join(parts)
