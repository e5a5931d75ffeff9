"""Before step 0: every pair's and picture's header, and the first wrong one by name.

Nothing is decoded: built datasets have sizes and depths in their indexes (in the hf format at the
head of each picture), files of folders at their beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from baselines.networks.architecture import Traits
from baselines.training_data.batches import TrainingBatches
from baselines.training_data.collection import Collection
from baselines.training_data.files import PictureFolder
from baselines.training_data.geometry import patch_sides
from baselines.training_data.stored import Entry, StoredPairs
from builders.formats.shape import Outline
from evaluation.sets.reading import Header, read_header

Report = Callable[[int, int], None]
_THREADS = 4  # that wait for a disk; a header in the page cache takes a tenth of a millisecond


@dataclass(frozen=True)
class _Need:
    """What a stage asks of pictures of one scale. target, input: least sides in pixels. whole:
    whether a batch holds whole pictures, so that all are of one size."""

    scale: float
    target: int
    input: int
    whole: bool


def check_sources(batches: TrainingBatches, *, report: Report) -> None:
    """Raises ValueError naming the first pair or file that the run cannot use: another scale, too
    small, other channels, another depth than those before it in its root, no picture at all.

    report: (done, total) of pairs and pictures looked at.
    """
    needs = _needs(batches)
    total, done = sum(batches.counts.values()), 0
    for one in batches.collections:
        walk = _stored if isinstance(one, StoredPairs) else _files
        for _ in walk(one, needs, batches.maker.traits):
            done += 1
            report(done, total)


def _needs(batches: TrainingBatches) -> list[_Need]:
    config, traits = batches.config, batches.maker.traits
    found = []
    for number, stage in enumerate(config.stages):
        share = stage.batch // (batches.group.count * stage.accumulate)
        for scale in batches.picker.scales(number):
            enlarged = traits.pre_upsampled
            sides = patch_sides(
                stage.patch, of=config.data.patch_of,
                scale=(1.0 if enlarged and batches.picker.stored else scale) or 1.0,
                enlarged=enlarged and not batches.picker.stored,
            )  # fmt: skip
            squeezed = config.data.fit == "resize"
            # The part of a picture that is used is a multiple of the scale
            target = sides.target + (sides.grid - 1 if enlarged else 0)
            whole = not stage.patch and share > 1
            found.append(
                _Need(scale, 1, 1, False) if squeezed
                else _Need(scale, target or sides.grid, sides.input, whole)
            )  # fmt: skip
    return found


def _stored(one: Collection, needs: Sequence[_Need], traits: Traits) -> Iterator[None]:
    assert isinstance(one, StoredPairs)
    first = one.entries[0].outlines[0]
    for entry in one.entries:
        fault = _pair_fault(entry, needs, first=first, traits=traits)
        if fault:
            raise ValueError(f"{one.folder}: pair {entry.outlines[0].key!r}: {fault}")
        yield


def _pair_fault(entry: Entry, needs: Sequence[_Need], *, first: Outline, traits: Traits) -> str:
    """What is wrong with a pair, '' where nothing is."""
    wanted = [need for need in needs if need.scale in (0.0, entry.scale)]
    head = entry.outlines[0]
    (height, width, _), (tall, wide, _) = head.lq_shape, head.gt_shape
    sizes = f"lq of {width}x{height} pixels and gt of {wide}x{tall}"
    if not wanted:
        if entry.named:  # of a pyramid's other scales
            return ""
        scales = ", ".join(f"x{scale:g}" for scale in dict.fromkeys(need.scale for need in needs))
        return f"{sizes}; the network needs {scales}"
    for one in entry.outlines:
        if (one.lq_shape[0] * entry.scale, one.lq_shape[1] * entry.scale) != (tall, wide):
            return f"{sizes}: not x{entry.scale:g} of it"
        if (one.lq_dtype, one.gt_dtype) != (first.lq_dtype, first.gt_dtype):
            return (
                f"lq is {one.lq_dtype} and gt {one.gt_dtype}; of {first.key!r} they are "
                f"{first.lq_dtype} and {first.gt_dtype}: one depth a dataset"
            )
    channels = sum(one.lq_shape[2] for one in entry.outlines)
    if channels != traits.channels and (channels, traits.channels) != (3, 1):
        return f"lq of {channels} channels, the network takes {traits.channels}"
    if head.gt_shape[2] != traits.out_channels and (head.gt_shape[2], traits.out_channels) != (
        3,
        1,
    ):
        return f"gt of {head.gt_shape[2]} channels, the network gives {traits.out_channels}"
    for need in wanted:
        if min(tall, wide) < need.target or min(height, width) < need.input:
            return f"{sizes}: smaller than stages.patch, which takes {need.target} of gt"
        if need.whole and head.lq_shape != first.lq_shape:
            return (
                f"{sizes}, of {first.key!r} lq has {first.lq_shape[1]}x{first.lq_shape[0]}: "
                "a batch of whole pictures is of one size; set stages.patch"
            )
    return ""


def _files(one: Collection, needs: Sequence[_Need], traits: Traits) -> Iterator[None]:
    del traits  # clean pictures become what the network takes
    assert isinstance(one, PictureFolder)
    paths = [one.path(index) for index in range(len(one))]
    first: Header | None = None
    with ThreadPoolExecutor(_THREADS) as pool:
        for path, header in zip(paths, pool.map(read_header, paths), strict=True):
            first = first or header
            fault = _file_fault(header, needs, first=first)
            if fault:
                pool.shutdown(cancel_futures=True)
                raise ValueError(f"{path}: {fault} ({one.label(0)} was looked at first)")
            yield


def _file_fault(header: Header, needs: Sequence[_Need], *, first: Header) -> str:
    size = f"{header.width}x{header.height} pixels"
    if header.bits != first.bits:
        return f"{header.bits} bits, others have {first.bits}: one depth a folder"
    for need in needs:
        if min(header.height, header.width) < need.target:
            return f"{size}: stages.patch takes {need.target}; remove it, or lower the patch"
        if need.whole and (header.height, header.width) != (first.height, first.width):
            return (
                f"{size}, others have {first.width}x{first.height}: a batch of whole pictures is "
                "of one size; set stages.patch"
            )
    return ""
