"""What a checkpoint is: its network, costs, sizes, origin; without running it on a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from baselines.checkpoints.load import Loaded, load_checkpoint
from baselines.checkpoints.ours import METADATA as PAIRSMITH
from baselines.checkpoints.ours import weights_digest
from baselines.networks.architecture import RestorationNetwork, told_arguments
from baselines.networks.presets import preset_of
from baselines.networks.table import NETWORKS
from evaluation.models.by_onnx import open_onnx
from evaluation.models.by_spandrel import open_spandrel
from evaluation.models.by_torchscript import open_torchscript
from evaluation.models.cost import SIDE, count_macs, count_parameters
from evaluation.models.network import DEFAULT_SCALE, Network
from evaluation.models.options import ModelOptions
from evaluation.models.pickles import kind_of
from evaluation.models.sizes import Size, SizeRule

HD = (720, 1280)  # height, width of the output at which super-resolution papers state costs


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """One bundled preset. method: what printed tables call the network."""

    network: str
    preset: str
    method: str
    parameters: int
    paper: str


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Multiply-adds of one picture. input: its height and width, padded as the network needs;
    of: what the size is. macs: None where the network cannot be counted."""

    of: str
    input: Size
    macs: int | None


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What is known of a checkpoint; '', None, 0 and empty where nothing is.

    kind: pairsmith (ours), released (authors' weights as a bundled network), spandrel, onnx or
    torchscript. assumed: arguments that the file does not tell. dtype: of the weights in the file.
    wrapper: what they stand in; alternatives: other weights beside them. scale: 0 where each call
    is told it. told: what the network is told besides the picture. inputs, outputs: of ONNX files.
    """

    file: str
    kind: str
    network: str = ""
    paper: str = ""
    preset: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    parameters: int | None = None
    costs: tuple[Cost, ...] = ()
    scale: int | None = None
    channels: tuple[int, ...] = ()
    out_channels: int | None = None
    sizes: SizeRule = field(default_factory=SizeRule)
    tiling: str = ""
    luma: bool = False
    pre_upsampled: bool = False
    told: str = ""
    wrapper: str = ""
    alternatives: tuple[str, ...] = ()
    dtype: str = ""
    sha256: str = ""
    method: str = ""
    task: str = ""
    sigma: float = 0.0
    trained_on: str = ""
    trained_scale: int = 0
    steps: int = 0
    licence: str = ""
    url: str = ""
    reference: str = ""
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


def inspect_checkpoint(path: Path, *, preset: str = "") -> Inspection:
    """What the checkpoint at `path` is. preset: the bundled network that its weights are of.

    Raises FileNotFoundError, OptionError for an unknown preset, ValueError for damage, for pickles
    that need code and for what no reader knows.
    """
    options = ModelOptions(device="cpu")
    kind = "" if path.is_dir() else kind_of(path)
    if kind == "onnx":
        return _of_onnx(path, open_onnx(path, options=options))
    if kind == "torchscript":
        return _of_network(path, open_torchscript(path, options=options))
    loaded = load_checkpoint(path, preset=preset)
    if loaded is not None:
        return _of_loaded(loaded)
    if path.is_dir():
        raise ValueError(f"{path}: a folder, but no checkpoint of this project; give a file")
    return _of_network(path, open_spandrel(path, options=options))


def network_costs(network: RestorationNetwork) -> tuple[Cost, ...]:
    """Multiply-adds at 256x256, and at an output of 1280x720 (the input is that divided by the
    scale, rounded up; the network itself, without what its release does around it)."""
    traits = network.traits
    scale = 1 if traits.pre_upsampled else traits.scale or DEFAULT_SCALE
    output = "output 1280x720" + (f" at x{scale}" if traits.told == "scale" else "")
    wanted = (("input 256x256", (SIDE, SIDE)), (output, (-(-HD[0] // scale), -(-HD[1] // scale))))
    return tuple(
        Cost(
            of=of,
            input=traits.sizes.padded(size),
            macs=count_macs(
                network,
                call=lambda module, picture: module(picture, *told_arguments(traits, picture)),
                channels=traits.channels,
                sizes=traits.sizes,
                size=size,
            ),
        )
        for of, size in wanted
    )


def network_rows() -> list[NetworkRow]:
    """Every preset of every bundled network, in the order of the table."""
    rows = []
    for architecture in NETWORKS.values():
        for preset, kwargs in architecture.presets.items():
            with torch.device("meta"):
                count = count_parameters(architecture.build(**kwargs))
            rows.append(
                NetworkRow(
                    network=architecture.name,
                    preset=preset,
                    method=architecture.method,
                    parameters=count,
                    paper=architecture.paper,
                )
            )
    return rows


def _of_loaded(loaded: Loaded) -> Inspection:
    traits, card, released = loaded.module.traits, loaded.card, loaded.released
    architecture = loaded.architecture
    return Inspection(
        file=str(loaded.path),
        kind="pairsmith" if card else "released",
        network=architecture.name,
        paper=architecture.paper,
        preset=preset_of(architecture, loaded.kwargs),
        kwargs=loaded.kwargs,
        assumed=loaded.assumed,
        parameters=count_parameters(loaded.module),
        costs=network_costs(loaded.module),
        scale=traits.scale,
        channels=(traits.channels,),
        out_channels=traits.out_channels,
        sizes=traits.sizes,
        tiling=traits.tiling,
        luma=traits.luma,
        pre_upsampled=traits.pre_upsampled,
        told=traits.told,
        wrapper=loaded.wrapper,
        alternatives=loaded.alternatives,
        dtype=loaded.dtype,
        sha256=weights_digest(loaded.path),
        method=loaded.method,
        task=released.task if released else "",
        sigma=released.sigma if released else 0.0,
        trained_on=loaded.trained_on,
        trained_scale=loaded.trained_scale,
        steps=card.steps if card else 0,
        licence=loaded.licence,
        url=released.url if released else "",
        reference=architecture.reference,
        scores=card.scores if card else {},
        config=card.config if card else {},
        data=card.data if card else {},
    )


def _of_network(path: Path, network: Network) -> Inspection:
    """Of files that other readers open: as far as they tell."""
    facts = network.facts
    scale = network.scale
    return Inspection(
        file=str(path),
        kind=str(facts["kind"]),
        network=str(facts.get("architecture", "")),
        parameters=facts.get("parameters"),
        costs=(
            Cost(
                of="input 256x256",
                input=network.sizes.padded((SIDE, SIDE)),
                macs=facts.get("macs"),
            ),
        )
        if facts.get("macs")
        else (),
        scale=int(scale),
        channels=network.channels,
        sizes=network.sizes,
        tiling=network.tiling,
        told=network.told,
        sha256=str(facts.get("sha256", "")),
        method=network.method,
    )


def _of_onnx(path: Path, network: Network) -> Inspection:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    known = _of_network(path, network)
    told = dict(session.get_modelmeta().custom_metadata_map)
    if PAIRSMITH in told:
        told[PAIRSMITH] = json.loads(told[PAIRSMITH])
    return replace(
        known,
        network=str(told.get(PAIRSMITH, {}).get("network", "")),
        inputs={one.name: _shape(one) for one in session.get_inputs()},
        outputs={one.name: _shape(one) for one in session.get_outputs()},
        metadata=told,
    )


def _shape(one: Any) -> str:
    return f"{one.type} [{', '.join(map(str, one.shape))}]"
