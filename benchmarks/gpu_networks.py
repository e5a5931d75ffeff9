"""Networks on one GPU: ours beside the released code, in float32, tf32, bf16, compiled.

    python benchmarks/gpu_networks.py [--peer FOLDER ...] [--case NAME ...] [--minutes 9]

Modes: 'float32' (tf32 off), 'channels-last' (the same, weights and pictures in that order),
'tf32', 'bf16' (autocast), 'bf16 channels-last', 'bf16 compiled' (torch.compile; its compile time
apart). Milliseconds by the device's own events, median of the repeats; peak memory by its
allocator; multiply-adds a second as a share of what a matrix product of 8192x8192 reaches in the
same precision. Cases that --minutes leaves no time for are listed as skipped. Without a CUDA device
the script says so and ends with 0, unless --device cpu is asked for, which tries the code.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import torch
from machine import facts, parser, save, table
from network_cases import CASES, Case, find_peer, random_network, random_picture, released_network
from torch import Tensor, nn

from evaluation.models.cost import count_macs

# mode -> (precision, channels last, compiled)
MODES = {
    "float32": ("float32", False, False),
    "tf32": ("tf32", False, False),
    "channels-last": ("float32", True, False),
    "bf16": ("bf16", False, False),
    "bf16 channels-last": ("bf16", True, False),
    "bf16 compiled": ("bf16", False, True),
}
OURS, THEIRS = "pairsmith", "released"
# preset -> (batch, side); others take their case's own side, and a batch of 8
SHAPES = {"restormer": ((1, 1024), (8, 256))}
CEILING, QUICK_CEILING = 8192, 64


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    asked = parser(__doc__, result="gpu_networks.json")
    asked.add_argument("--peer", type=Path, action="append", default=[], help="may be repeated")
    asked.add_argument("--case", action="append", help="a preset; may be repeated")
    asked.add_argument("--minutes", type=float, default=9.0)
    asked.add_argument("--device", default="cuda")
    options = asked.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device: nothing was measured (--device cpu tries the code)")
        return 0
    began, quick, device = time.monotonic(), options.quick, options.device
    repeats = options.repeats or (1 if quick else 10)
    if quick:
        torch.set_num_threads(1)  # so small, threads would wait for each other
    report: dict[str, Any] = {
        "machine": facts(), "repeats": repeats, "cases": [], "skipped": [], "peers": {},
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "ceiling": {
            kind: _ceiling(kind, device=device, side=QUICK_CEILING if quick else CEILING)
            for kind in ("float32", "tf32", "bf16")
        },
    }  # fmt: skip
    chosen = {one.preset: one for one in CASES if not options.case or one.preset in options.case}
    if quick:
        chosen = {"restormer": chosen["restormer"]}
    loaded = {name: _networks(case, options.peer, device=device) for name, case in chosen.items()}
    report["peers"] = {n: "found" if THEIRS in v else "not found" for n, v in loaded.items()}
    for mode, name in ((mode, name) for mode in MODES for name in chosen):
        if quick and MODES[mode][2]:
            continue  # compiling takes longer than the rest together
        shapes = SHAPES.get(name, ((1, chosen[name].side), (8, chosen[name].side)))
        for shape in [(1, 16)] if quick else shapes[-1:] if MODES[mode][2] else shapes:
            for who, network in loaded[name].items():
                title = f"{name}, {shape[0]} of {shape[1]}x{shape[1]}, {mode}, {who}"
                if time.monotonic() - began > 60 * options.minutes:
                    report["skipped"].append(title)
                    continue
                found = _measure(network, shape=shape, mode=mode, device=device, repeats=repeats)
                found |= {"network": name, "who": who, "mode": mode, "shape": shape}
                _rate(found, macs=report.setdefault("macs", {}), network=loaded[name][OURS],
                      ceiling=report["ceiling"][MODES[mode][0]])  # fmt: skip
                report["cases"].append(found)
                print(f"{title}: {found['ms']:.1f} ms", file=sys.stderr)
    _show(report)
    report["load_at_end"] = facts()["load"]
    save(report, out=options.out)
    return 0


def _networks(case: Case, peers: list[Path], *, device: str) -> dict[str, nn.Module]:
    ours = random_network(case.preset)
    networks = {OURS: ours}
    root = find_peer(case, peers)
    if root is None:
        print(f"{case.preset}: peer not found; name a checkout of {case.folder} with --peer")
    else:
        networks[THEIRS] = released_network(case, root=root, ours=ours)
    return {who: network.to(device) for who, network in networks.items()}


@contextmanager
def _precision(kind: str, *, device: str) -> Iterator[None]:
    """No gradients; float32 products as 'float32', 'tf32', or under autocast to bf16."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if kind == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = kind == "tf32"
    try:
        with (
            torch.inference_mode(),
            torch.autocast(device, dtype=torch.bfloat16, enabled=kind == "bf16"),
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def _milliseconds(work: Callable[[], object], *, device: str, repeats: int) -> list[float]:
    """Of each repeat, after two that are not counted."""
    for _ in range(2):
        work()
    times = []
    for _ in range(repeats):
        if device == "cpu":
            began = time.perf_counter()
            work()
            times.append(1e3 * (time.perf_counter() - began))
            continue
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        work()
        last.record()
        torch.cuda.synchronize()
        times.append(first.elapsed_time(last))
    return times


def _ceiling(kind: str, *, device: str, side: int) -> float:
    """Multiply-adds a second of a square matrix product."""
    matrix = torch.rand(side, side, device=device)
    with _precision(kind, device=device):
        own = matrix.bfloat16() if kind == "bf16" else matrix
        times = _milliseconds(lambda: own @ own, device=device, repeats=5)
    return side**3 / (1e-3 * median(times))


def _measure(
    network: nn.Module, *, shape: tuple[int, int], mode: str, device: str, repeats: int
) -> dict[str, Any]:
    """Milliseconds, peak bytes, seconds of compiling, difference from float32."""
    precision, last, compiled = MODES[mode]
    order = torch.channels_last if last else torch.contiguous_format
    network = network.to(memory_format=order)
    picture = _picture(network, shape).to(device).contiguous(memory_format=order)
    with _precision("float32", device=device):
        exact = network(picture[:1])
    began = time.perf_counter()
    with _precision(precision, device=device):
        call: Any = torch.compile(network) if compiled else network
        apart = (call(picture)[:1].float() - exact).abs().max() / exact.abs().max()
        found: dict[str, Any] = {"difference": float(apart)}
        if compiled:
            found["compile_seconds"] = time.perf_counter() - began
        if device == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        times = _milliseconds(lambda: call(picture), device=device, repeats=repeats)
        if device == "cuda":
            found["peak_bytes"] = torch.cuda.max_memory_allocated()
    network.to(memory_format=torch.contiguous_format)
    return found | {"ms": median(times), "ms_range": [min(times), max(times)], "ms_all": times}


def _picture(network: nn.Module, shape: tuple[int, int]) -> Tensor:
    if not hasattr(network, "traits"):  # the released ones here take RGB
        return torch.rand(shape[0], 3, shape[1], shape[1], generator=torch.Generator())
    return random_picture(network, side=shape[1], batch=shape[0])


def _rate(found: dict[str, Any], *, macs: dict[str, Any], network: Any, ceiling: float) -> None:
    """Multiply-adds a second and their share of the ceiling."""
    name, (batch, side) = found["network"], found["shape"]
    if name not in macs:
        traits = network.traits
        macs[name] = count_macs(
            network, call=lambda module, picture: module(picture), channels=traits.channels,
            sizes=traits.sizes,
        )  # fmt: skip
    if macs[name]:
        found["macs_per_second"] = macs[name] * batch * (side / 256) ** 2 / (1e-3 * found["ms"])
        found["share_of_ceiling"] = found["macs_per_second"] / ceiling


def _show(report: dict[str, Any]) -> None:
    rows = [
        [
            f"{one['network']} {one['shape'][0]}x{one['shape'][1]}, {one['mode']}, {one['who']}",
            f"{one['ms']:.1f}",
            f"{one['peak_bytes'] / 1e9:.2f}" if "peak_bytes" in one else "-",
            f"{one['share_of_ceiling']:.1%}" if "share_of_ceiling" in one else "-",
            f"{one['difference']:.0e}",
        ]
        for one in report["cases"]
    ]
    print(table(["case", "ms", "peak, GB", "of the ceiling", "from float32"], rows))
    for title in report["skipped"]:
        print(f"skipped for want of time: {title}")


if __name__ == "__main__":
    sys.exit(main())
