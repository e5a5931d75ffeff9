"""One training step of ESRGAN's second stage: ours beside BasicSR's, in one run.

    python benchmarks/gan_step.py [--peer BasicSR] [--device cuda] [--batch 16] [--blocks 23]

Ours is baselines.training.loop.train on config esrgan-x4 with the betas and the averaged weights of
BasicSR's train_ESRGAN_x4.yml; theirs is ESRGANModel.feed_data and optimize_parameters. Both have
the same networks with the same first weights, the same VGG19 (weights drawn from a seed: times do
not depend on them), and the same batch, which already lies on the device; reading, logging and
checkpoints are left out. They take turns, after one warm-up each, and the losses of that first step
are compared. 'float32' is both as they are; further modes are ours alone, on CUDA. A processor
defaults to a batch of 1, a CUDA device to the paper's 16. cudnn may choose its algorithms by trial
for both, as BasicSR's train.py lets it.
"""

from __future__ import annotations

import functools
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate.state import AcceleratorState
from gan_peer import ReleasedStep, find_basicsr
from machine import facts, interleave, parser, save, stopwatch, table
from torch import Tensor

from baselines.configs.config import Config, Stage
from baselines.configs.overriding import override
from baselines.configs.table import CONFIGS
from baselines.losses.vgg import VGG19Features
from baselines.networks.presets import find_preset
from baselines.objectives.adversarial import JUDGE
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.choices import open_objective
from baselines.objectives.turn import RESTORER, Batch, Where
from baselines.training.loop import train
from baselines.training.processes import Processes
from baselines.training.session import Session, Step

OURS, THEIRS = "pairsmith", "BasicSR"
SIDE = 128  # of targets: the judge takes no other
SCALE = 4
RELEASED = ("optimizers.*.betas=[0.9,0.99]", "ema=0.999")
# mode -> what is changed in the config
MODES: Mapping[str, Sequence[str]] = {
    "float32": (),
    "channels-last": ("channels_last=true",),
    "bf16": ("precision=bf16",),
    "bf16 channels-last": ("precision=bf16", "channels_last=true"),
    "bf16 compiled": ("precision=bf16", "compile=true"),
}
QUICK = (
    'network.set={"width": 8, "growth": 4, "blocks": 1}', 'objective.judge.set={"width": 2}',
    'objective.perceptual.layers={"conv1_2": 1.0}',
)  # fmt: skip


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    asked = parser(__doc__, result="gan_step.json")
    asked.add_argument("--peer", type=Path, action="append", default=[], help="may be repeated")
    asked.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    asked.add_argument("--batch", type=int, help="default: 16 on CUDA, else 1")
    asked.add_argument("--blocks", type=int, default=23, help="of RRDB; the paper's are 23")
    asked.add_argument("--threads", type=int, default=2, help="of a processor")
    asked.add_argument("--mode", action="append", choices=list(MODES), help="may be repeated")
    options = asked.parse_args()
    quick, device = options.quick, options.device
    torch.set_num_threads(1 if quick else options.threads)
    torch.backends.cudnn.benchmark = True
    batch = options.batch or (16 if device == "cuda" and not quick else 1)
    changes = [*RELEASED, *(QUICK if quick else (f'network.set={{"blocks": {options.blocks}}}',))]
    config = override(CONFIGS["esrgan-x4"], changes)
    modes = options.mode or (list(MODES) if device == "cuda" else ["float32"])
    root = find_basicsr(options.peer)
    if root is None:
        print("peer not found; name a checkout of BasicSR with --peer")
    with tempfile.TemporaryDirectory(dir=options.temp) as folder:
        report: dict[str, Any] = {
            "machine": facts(), "device": _device(device), "threads": torch.get_num_threads(),
            "batch": batch, "side": SIDE, "network": config.network.set or "whole",
            "peer": "not found" if root is None else "found", "modes": {},
            "repeats": options.repeats or (1 if quick else 5 if device == "cpu" else 30),
        }  # fmt: skip
        for mode in modes:
            changed = override(config, MODES[mode])
            report["modes"][mode] = _compare(
                changed, vgg=Path(folder) / "vgg19.pth", report=report, device=device,
                root=root if mode == "float32" else None,
            )  # fmt: skip
    _show(report)
    report["load_at_end"] = facts()["load"]
    save(report, out=options.out)
    return 0


class _OneBatch:
    """The same micro-batch at each step."""

    waited = 0.0

    def __init__(self, pictures: Mapping[str, Tensor]) -> None:
        self.pictures = pictures

    def at(self, where: Where, stage: Stage) -> list[Batch]:
        """See baselines.training.session.Batches."""
        keys = tuple(map(str, range(stage.batch)))
        return [Batch(where=where, pictures=self.pictures, keys=keys, draw=_no_draw)]

    def close(self) -> None:
        """Nothing is open."""


def _no_draw(name: str) -> torch.Generator:
    raise NotImplementedError(f"{name}: nothing is drawn here")


def _session(config: Config, *, pictures: Mapping[str, Tensor], vgg: Path, device: str) -> Session:
    architecture, preset = find_preset(config.network.preset)
    kwargs = {**preset, **config.network.set}
    restorer = first_weights(lambda: architecture.build(**kwargs), seed=config.seed, name=RESTORER)
    AcceleratorState._reset_state()  # it holds the precision of a process's first run
    ingredients = Ingredients(restorer=restorer, seed=config.seed, patch=SIDE, vgg=vgg)
    return Session(
        config=config,
        objective=open_objective(config.objective, ingredients=ingredients),
        processes=Processes(precision=config.precision, device=device),
        batches=_OneBatch(pictures),
    )


def _pictures(batch: int, *, device: str) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    sides = {"lq": SIDE // SCALE, "gt": SIDE}
    return {
        name: torch.rand(batch, 3, side, side, generator=generator).to(device)
        for name, side in sides.items()
    }


def _vgg_file(path: Path, layers: Mapping[str, float]) -> dict[str, Tensor]:
    """VGG19's weights drawn from a seed, written where ours looks for them."""
    features = VGG19Features(layers=list(layers), generator=torch.Generator().manual_seed(0))
    state = features.state_dict()
    torch.save(state, path)
    return state


def _compare(
    config: Config, *, vgg: Path, report: Mapping[str, Any], device: str, root: Path | None
) -> dict[str, Any]:
    """Times of a mode, losses of the first step, memory."""
    layers: dict[str, float] = config.objective.perceptual.layers  # type: ignore[union-attr]
    weights = _vgg_file(vgg, layers)
    pictures = _pictures(report["batch"], device=device)
    session = _session(config, pictures=pictures, vgg=vgg, device=device)
    seen: list[Step] = []

    def ours() -> None:
        train(session, until=session.step + 1, hooks=[lambda _, step: seen.append(step)])

    works: dict[str, Callable[[], None]] = {OURS: ours}
    released = None
    if root is not None:
        released = _released(config, root=root, layers=layers, vgg=weights, device=device)
        networks = session.objective.networks
        released.take_weights(networks[RESTORER], networks[JUDGE])
        works[THEIRS] = functools.partial(released.once, pictures)
    peaks: dict[str, int] = {}
    first: dict[str, float] = {}
    if released is not None:
        released.once(pictures)
        first = released.losses()
    ours()
    timings = interleave(
        {
            name: functools.partial(_timed, work, name=name, device=device, peaks=peaks)
            for name, work in works.items()
        },
        repeats=report["repeats"],
    )
    own = _losses(seen[0])
    found: dict[str, Any] = {
        "times": {
            name: {**timing.summary(), "steps_per_second": 1 / timing.summary()["wall"]}
            for name, timing in timings.items()
        },
        "peak_bytes": peaks,
        "losses": {OURS: own, **({THEIRS: first} if first else {})},
    }
    if first:
        times = found["times"]
        found["ratio_wall"] = times[THEIRS]["wall"] / times[OURS]["wall"]
        found["ratio_cpu"] = times[THEIRS]["cpu"] / times[OURS]["cpu"]
        found["difference"] = _apart(own, first)
        if released is not None:
            found["difference_at_end"] = _apart(_losses(seen[-1]), released.losses())
    return found


def _losses(step: Step) -> dict[str, float]:
    return {name: float(value) for name, value in step.terms.items()}


def _apart(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """The largest difference of a loss, by its own size."""
    return max(abs(ours[name] / value - 1) for name, value in theirs.items())


def _released(
    config: Config,
    *,
    root: Path,
    layers: Mapping[str, float],
    vgg: Mapping[str, Tensor],
    device: str,
) -> ReleasedStep:
    ours = config.network.set
    names = {"width": "num_feat", "growth": "num_grow_ch", "blocks": "num_block"}
    judge = config.objective.judge.set  # type: ignore[union-attr]
    return ReleasedStep(
        root,
        networks={
            "network_g": {names[name]: value for name, value in ours.items()},
            "network_d": {"num_feat": judge["width"]} if judge else {},
        },
        layers=layers,
        vgg=vgg,
        device=device,
    )


def _timed(
    work: Callable[[], None], *, name: str, device: str, peaks: dict[str, int]
) -> tuple[float, float]:
    """(wall, cpu) of one step, waiting for the device; its peak memory there."""
    if device != "cuda":
        return stopwatch(work)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()

    def whole() -> None:
        work()
        torch.cuda.synchronize()

    times = stopwatch(whole)
    peaks[name] = torch.cuda.max_memory_allocated()
    return times


def _device(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else device


def _show(report: Mapping[str, Any]) -> None:
    rows = []
    for mode, found in report["modes"].items():
        base = report["modes"].get("float32", found)["times"]
        beside = base.get(THEIRS)
        for name, times in found["times"].items():
            ratio = beside["wall"] / times["wall"] if beside else None
            peak = found["peak_bytes"].get(name)
            rows.append([
                f"{name}, {mode}", f"{1e3 * times['wall']:.1f}", f"{times['steps_per_second']:.2f}",
                f"{ratio:.2f}" if ratio else "-", f"{peak / 1e9:.2f}" if peak else "-",
            ])  # fmt: skip
        if "difference" in found:
            print(
                f"{mode}: losses of the first step differ by {found['difference']:.1e} at most, of "
                f"the last by {found['difference_at_end']:.1e}"
            )
    print(f"ESRGAN, stage 2, {report['batch']} of {report['side']}x{report['side']}")
    print(table(["step", "ms", "steps/s", f"x {THEIRS}, float32", "peak, GB"], rows))


if __name__ == "__main__":
    sys.exit(main())
