"""Losses of a student that learns from a teacher: from its outputs or from its feature maps.

No gradient reaches the teacher. `features_of` reads feature maps of any network by the names of its
modules, as `network.named_modules()` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from baselines.losses.distances import distance
from baselines.losses.operands import chosen, widened
from degrade.option_error import OptionError, nearest


def output_distillation(student: Tensor, teacher: Tensor, *, norm: str = "l1") -> Tensor:
    """Distance of two outputs of one shape [B,...]; a scalar.

    Regression of the teacher's outputs as they are (Ba and Caruana, NeurIPS 2014, eq. 1: half of
    the squares' sum over a sample); here norm, key of DISTANCES, is the mean of |difference|
    unless another is chosen. Raises ValueError, OptionError.
    """
    return distance(student, teacher.detach(), norm=norm, loss="output_distillation")


def _maps(features: Tensor) -> Tensor:
    return features


def _attention(features: Tensor) -> Tensor:
    # the mean over channels is the paper's sum: the length is divided out
    return functional.normalize((features**2).mean(1).flatten(1), dim=1)


# Name -> what of the features [B,C,h,w] is compared.
KINDS: Mapping[str, Callable[[Tensor], Tensor]] = {"maps": _maps, "attention": _attention}


def feature_distillation(
    student_features: Sequence[Tensor],
    teacher_features: Sequence[Tensor],
    *,
    norm: str = "l2",
    kind: str = "maps",
) -> Tensor:
    """Sum over pairs of maps [B,C,h,w] of their distance; a scalar.

    kind 'maps': the maps themselves, of as many channels (hints, Romero et al., FitNets, ICLR 2015,
    eq. 3). 'attention': sums of squares over channels, divided by their length over places, so that
    channels may differ (Zagoruyko and Komodakis, ICLR 2017, eq. 2). norm: key of DISTANCES. With
    'attention', 'l2', the mean square, is the authors' release, and 'euclidean' the paper's norm;
    the weight beta/2 is the caller's. Raises ValueError, OptionError.
    """
    seen = chosen(KINDS, kind, option="feature_distillation: kind")
    if len(student_features) != len(teacher_features) or not student_features:
        raise ValueError(
            f"feature_distillation: {len(student_features)} maps of the student and "
            f"{len(teacher_features)} of the teacher; it takes as many of both, one or more"
        )
    total = student_features[0].new_zeros(())
    for place, (ours, theirs) in enumerate(zip(student_features, teacher_features, strict=True)):
        _check(ours, theirs, place=place, kind=kind)
        ours, theirs = seen(widened(ours)), seen(widened(theirs.detach()))
        total = total + distance(ours, theirs, norm=norm, loss="feature_distillation")
    return total


def _check(ours: Tensor, theirs: Tensor, *, place: int, kind: str) -> None:
    if ours.dim() == 4 and ours.shape == theirs.shape:
        return
    sides = f"map {place} of shape {list(ours.shape)}, the teacher's of {list(theirs.shape)}"
    if ours.dim() != 4 or theirs.dim() != 4:
        raise ValueError(f"feature_distillation: {sides}; it takes [B,C,h,w]")
    if ours.shape[0] != theirs.shape[0] or ours.shape[2:] != theirs.shape[2:]:
        raise ValueError(
            f"feature_distillation: {sides}; batch, height and width must be equal: choose layers "
            "of one scale"
        )
    if kind == "maps":
        raise ValueError(
            f"feature_distillation: {sides}; kind 'maps' compares as many channels: take kind "
            "'attention', or layers of one width"
        )


def features_of(
    network: nn.Module, picture: Tensor, *, names: Sequence[str]
) -> tuple[Any, list[Tensor]]:
    """(network(picture), what the named modules gave on the way, in the order of `names`).

    Copies: an activation that later writes into a module's output does not change them; gradients
    pass. Of a module that runs several times, the last. The network is left as it was, also where
    it fails. Raises OptionError for a name that it has no module of, ValueError for a module that
    did not run or whose output is no tensor.
    """
    modules = {name: module for name, module in network.named_modules() if name}
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if not isinstance(output, Tensor):
                raise ValueError(
                    f"names: module {name!r} gives a {type(output).__name__}, not a tensor; name "
                    "one inside it"
                )
            found[name] = output.clone()

        return hook

    for name in names:
        if name not in modules:
            outer = ", ".join(child for child, _ in network.named_children())
            raise OptionError(
                f"names: {name!r} is no module of {type(network).__name__}, which holds {outer}"
                f"{nearest(name, modules)}"
            )
    hooks = []
    try:
        for name in dict.fromkeys(names):
            hooks.append(modules[name].register_forward_hook(keep(name)))
        output = network(picture)
    finally:
        for hook in hooks:
            hook.remove()
    for name in names:
        if name not in found:
            raise ValueError(f"names: module {name!r} did not run; name one that the network calls")
    return output, [found[name] for name in names]
