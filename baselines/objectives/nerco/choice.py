"""What may be set of NeRCo's training, and where the release departs from what its parts are for.

Yang et al., ICCV 2023. Every default is the release's (models/NeRCo_model.py, models/sobel.py,
util/image_pool.py, options/train_options.py). Six of them are departures, each undone by one word:

edge_fakes   Edge judges learn to tell edge pictures apart; the generators' edge terms show them the
             picture itself. 'edges' shows them its edges.
colours      The 1x1 convolution that gives edges three channels is drawn anew in each call, so the
             real and the made edges of a step have different colours. 'kept' draws it once a run.
clip_sees    CLIP judges pictures that come out of image pools. A pool detaches what it takes, so
             these terms reach no weight: they shift the logged loss alone. And the darkened picture
             goes through the pool of bright ones, so that a bright one may be asked to be dark.
             'pictures' judges the step's own pictures, and gradients pass.
mask_down    The bright picture is multiplied by the mask of the dark one, an unrelated picture,
             before it is darkened. False leaves it whole.
mask_back    The darkened picture is brightened again without the mask that goes before the
             generator otherwise. True takes the mask that H gives for the darkened picture.
normalised   The judge of dark pictures judges the normalised one in two terms: weight 2 in all.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from baselines.losses.adversarial import KINDS
from baselines.networks.nerco.clip_judge import PREPARATIONS
from baselines.networks.nerco.edges import KERNELS, RELEASED_GAIN
from degrade.option_error import OptionError, nearest

EDGE_FAKES = ("pictures", "edges")
COLOURS = ("each-call", "kept")
CLIP_SEES = ("pools", "pictures")


class Nerco(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="nerco",
    tag_field="kind",
):  # fmt: skip
    """Weights: cycle (lambda_A, lambda_B); identity, of the cycle's weight; consistency of the
    normalised picture with the dark one, of the cycle's weight; normalised, of the adversarial term
    of that picture; edge; clip; mask, of all terms of the mask extractor H.

    gan: one of baselines.losses.adversarial.KINDS. judge_width: planes of the patch judges' first
    layer. pool: pictures in each image pool, 0 for none. edge_kernels: key of KERNELS. edge_gain:
    of edge pictures. clip_preparation: key of PREPARATIONS. The rest: see the module.
    """

    cycle: float = 10.0
    identity: float = 0.5
    consistency: float = 4.0
    normalised: float = 2.0
    edge: float = 0.5
    clip: float = 0.5
    mask: float = 0.5
    gan: str = "least-squares"
    judge_width: int = 64
    pool: int = 50
    edge_fakes: str = "pictures"
    edge_kernels: str = "released"
    edge_gain: float = RELEASED_GAIN
    colours: str = "each-call"
    clip_sees: str = "pools"
    clip_preparation: str = "released"
    mask_down: bool = True
    mask_back: bool = False


def check_choice(choice: Nerco) -> None:
    """Raises OptionError for a word that is not there, or a number out of its bounds."""
    words: dict[str, Collection[str]] = {
        "gan": KINDS,
        "edge_fakes": EDGE_FAKES,
        "edge_kernels": KERNELS,
        "colours": COLOURS,
        "clip_sees": CLIP_SEES,
        "clip_preparation": PREPARATIONS,
    }
    for name, allowed in words.items():
        given = getattr(choice, name)
        if given not in allowed:
            raise OptionError(
                f"objective.{name} {given!r}: one of {', '.join(allowed)}{nearest(given, allowed)}"
            )
    for name, least in {"judge_width": 1, "pool": 0}.items():
        if getattr(choice, name) < least:
            raise OptionError(f"objective.{name} {getattr(choice, name)}: {least} or more")
