"""Camera noise through an approximated camera pipeline: back to the sensor, noise, forth again."""

from __future__ import annotations

from collections.abc import Mapping

from degrade.laws import Law, Of
from degrade.operators.photon_noise import BROOKS, CYCLEISP_SIDD
from degrade.recipe import Node, Recipe, Step

_CAMERAS = ("nexus_6p", "sony_a7r", "olympus_em10", "sony_rx100m4")
_SAME = {name: Of(f"back.{name}") for name in (*_CAMERAS, "rgb_gain", "red", "blue")}
_SRGB = (
    "the released code gives the network the noisy mosaic and compares demosaiced, processed "
    "results; here the stored pair is sRGB: lq processed from the noisy mosaic, gt the picture",
    "the released forward model leaves out brightening and tone curve; here both are undone, so "
    "that lq has the brightness of gt",
)


def _pipeline(levels: Mapping[str, Law]) -> tuple[Node, ...]:
    return (
        Step("back", "unprocess"),
        # the sensor's colours are linear already: nothing to decode
        Step("noise", "shot_read_noise", {**levels, "light": "srgb"}),
        Step("forth", "process", {**_SAME, "pattern": "rggb", "tone": True}),
    )


UNPROCESS = Recipe(
    name="unprocess",
    about="unprocessed to a sensor's mosaic, shot and read noise of DND's cameras, processed again",
    cite="Brooks et al., Unprocessing Images for Learned Raw Denoising, CVPR 2019, and its "
    "released code",
    steps=_pipeline(BROOKS),
    differs=_SRGB,
)

SIDD_LIKE = Recipe(
    name="sidd-like",
    about="unprocessed to a sensor's mosaic, noise levels of SIDD's phones, processed again",
    cite="Zamir et al., CycleISP: Real Image Restoration via Improved Data Synthesis, CVPR 2020: "
    "noise levels of its released code for SIDD; pipeline of Brooks et al., CVPR 2019",
    steps=_pipeline(CYCLEISP_SIDD),
    differs=(
        "CycleISP's pipeline is a learned network; here it is Brooks et al.'s, with CycleISP's "
        "noise levels",
        *_SRGB,
    ),
)
