"""Layouts of the test sets of bicubic super-resolution, as those who published models hand them on.

Forms are in order of preference: inputs as distributed, then targets alone, whose inputs are made.
SelfExSR's inputs are never read: they are another reading of imresize (clamped edges) than the one
of the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from builders.layouts.layout import Branch, Layout
from builders.layouts.sr import DIV2K

_Form = tuple[Branch, ...]


def sr_set(name: str, *, citation: str, folders: Sequence[str], scale: int) -> Layout:
    """A set for the tables of EDSR, RCAN and SwinIR: RGB, cropped to a multiple of the scale.

    folders: names that the set's folder goes by, the usual one first. The inputs of EDSR and RCAN
    are taken where they are.
    """
    forms = (
        *(_edsr(folder, scale) for folder in folders),
        *(_rcan(folder, scale) for folder in folders),
        *_targets(folders, *_cropped(scale)),
    )
    return _layout(name, citation=citation, forms=forms, folders=folders)


def classic_set(name: str, *, citation: str, folders: Sequence[str], scale: int) -> Layout:
    """A set for the tables of SRCNN, VDSR and LapSRN, whose inputs are always made: targets alone.

    RCAN's copies are not taken: its script writes gray pictures as three equal channels, and luma
    of those is not the gray value that these tables score.
    """
    forms = tuple(_targets(folders, *_cropped(scale)))
    return _layout(name, citation=citation, forms=forms, folders=folders)


def basicsr_set(name: str, *, citation: str, folders: Sequence[str], scale: int) -> Layout:
    """A set for BasicSR's tables: targets cropped to a multiple of 12 and inputs made of those."""
    forms = (
        *(
            _pairs(f"{folder}/LRbicx{scale}/{{name}}", f"{folder}/GTmod12/{{name}}")
            for folder in folders
        ),
        *_targets(folders, "/GTmod12/{name}"),
    )
    return _layout(name, citation=citation, forms=forms, folders=folders)


def div2k_val(name: str, *, scale: int) -> Layout:
    """DIV2K's 100 validation pictures, with the inputs of its bicubic track for x2, x3 and x4.

    For x8 the targets alone: their sides are multiples of 12, not of 8, and which crop the track's
    x8 inputs (NTIRE 2018) were made of is not known.
    """
    gt = "DIV2K_valid_HR/{name:[0-9]+}"
    lq = f"DIV2K_valid_LR_bicubic/X{scale}/{{name:[0-9]+}}x{scale}"
    pairs = () if scale == 8 else (_pairs(lq, gt, split="val"),)
    return _layout(name, citation=DIV2K.citation, forms=(*pairs, _alone(gt, split="val")))


def _layout(
    name: str, *, citation: str, forms: tuple[_Form, ...], folders: Sequence[str] = ()
) -> Layout:
    usual, *others = folders or ("",)
    places = dict.fromkeys(branch.gt.split("{")[0] for form in forms for branch in form)
    wanted = ", ".join(place for place in places if usual in place.split("_HR/")[0].split("/"))
    also = f"; {usual} may also be {' or '.join(others)}" if others else ""
    hint = f"Targets are looked for in {wanted}{also}" if usual else ""
    return Layout(name, citation, forms, scaled=True, preferred=True, hint=hint)


def _pairs(lq: str, gt: str, *, split: str = "test") -> _Form:
    return (Branch(split, lq, gt, ""),)


def _alone(gt: str, *, split: str = "test") -> _Form:
    return (Branch(split, "", gt, ""),)


def _edsr(folder: str, scale: int) -> _Form:
    """EDSR's benchmark.tar and SwinIR's testsets: HR/baby beside LR_bicubic/X2/babyx2."""
    lq = f"{folder}/LR_bicubic/X{scale}/{{name}}x{scale}"
    return _pairs(lq, f"{folder}/HR/{{name}}")


def _rcan(folder: str, scale: int) -> _Form:
    """RCAN's Prepare_TestData_HR_LR.m: HR/Set5/x2/baby_HR_x2, LR/LRBI/Set5/x2/baby_LRBI_x2."""
    lq = f"LR/LRBI/{folder}/x{scale}/{{name}}_LRBI_x{scale}"
    return _pairs(lq, f"HR/{folder}/x{scale}/{{name}}_HR_x{scale}")


def _targets(folders: Sequence[str], *cropped: str) -> Iterator[_Form]:
    """Targets without inputs: whole, or where one of `cropped` says, cropped to some multiple.

    HR (EDSR, SwinIR), original (BasicSR), <set>_HR (the hub's archives), `cropped`, then the
    pictures in the set's own folder, of which SRCNN's are called baby_GT.
    """
    whole = ("/HR/{name}", "/original/{name}", "_HR/{name}")
    for inside in (*whole, *cropped, "/{name}_GT", "/{name}"):
        yield from (_alone(f"{folder}{inside}") for folder in folders)


def _cropped(scale: int) -> tuple[str, str]:
    """BasicSR's script, GTmod2/baby, and SelfExSR, image_SRF_2/img_001_SRF_2_HR, which has no x8:
    a picture cropped to a multiple of 4 and then of 8 is the one cropped to 8 at once."""
    srf = 4 if scale == 8 else scale
    return f"/GTmod{scale}/{{name}}", f"/image_SRF_{srf}/{{name}}_SRF_{srf}_HR"
