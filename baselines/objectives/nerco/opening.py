"""NeRCo's objective of a config: its networks, judges, pools and two turns."""

from __future__ import annotations

from baselines.networks.discriminators.patch import PatchDiscriminator
from baselines.networks.nerco.clip_judge import ClipJudge, load_clip
from baselines.networks.nerco.generators import MULTIPLE, ResidualBlock, ResidualGenerator
from baselines.networks.nerco.network import NeRCo
from baselines.objectives.building import Ingredients, first_weights
from baselines.objectives.nerco import clip_terms, judges_turn
from baselines.objectives.nerco.choice import Nerco, check_choice
from baselines.objectives.nerco.clip_terms import ClipTerms
from baselines.objectives.nerco.edge_pictures import EdgePictures
from baselines.objectives.nerco.generators_turn import GeneratorsTurn
from baselines.objectives.nerco.judges_turn import JUDGES, JudgesTurn
from baselines.objectives.nerco.loops import DARKENER, LEAST
from baselines.objectives.nerco.pool import PicturePool
from baselines.objectives.turn import JUDGE, RESTORER, Objective, Turn
from degrade.option_error import OptionError

CLIP = "clip"  # its name among what a user goes without
COUPLED = "each process keeps pools of the pictures that it made itself"


def open_nerco(choice: Nerco, *, ingredients: Ingredients) -> Objective:
    """Turns 'restorer' (the restorer and G_B learn) and 'judge' (the four patch judges).

    Raises OptionError for a wrong setting, another network, or a patch that it cannot take;
    FileNotFoundError where CLIP's weights cannot be had.
    """
    check_choice(choice)
    restorer, patch = ingredients.restorer, ingredients.patch
    if not isinstance(restorer, NeRCo):
        raise OptionError(
            f"network {type(restorer).__name__}: the objective nerco trains NeRCo's own parts; "
            "take preset nerco"
        )
    if patch and (patch % MULTIPLE or patch < LEAST):
        raise OptionError(
            f"stages.0.patch {patch}: NeRCo takes multiples of {MULTIPLE}, {LEAST} or more"
        )

    def make_darkener() -> ResidualGenerator:
        blocks = sum(isinstance(layer, ResidualBlock) for layer in restorer.G_A.model)
        return ResidualGenerator(channels=3, width=restorer.H.output.in_channels, blocks=blocks)

    seed = ingredients.seed
    darkener = first_weights(make_darkener, seed=seed, name=DARKENER)
    judges = {
        name: first_weights(
            lambda: PatchDiscriminator(width=choice.judge_width), seed=seed, name=name
        )
        for name in JUDGES
    }
    edges = EdgePictures(choice, seed)
    clip, notes = _clip_terms(choice, ingredients)
    pools = {name: PicturePool(choice.pool) for name in judges_turn.POOLS}
    generators = GeneratorsTurn(choice, edges=edges, clip=clip)
    return Objective(
        turns=(
            Turn(name=RESTORER, trains=(RESTORER, DARKENER), loss=generators),
            Turn(name=JUDGE, trains=JUDGES, loss=JudgesTurn(choice, edges=edges, pools=pools)),
        ),
        networks={RESTORER: restorer, DARKENER: darkener, **judges},
        frozen={CLIP: clip.judge} if clip else {},
        parts=pools | (clip.pools if clip else {}),
        batch_coupled=COUPLED if choice.pool else "",
        notes=notes,
    )


def sees_clip(choice: Nerco) -> bool:
    """Whether CLIP judges at all."""
    return bool(choice.clip)


def _clip_terms(
    choice: Nerco, ingredients: Ingredients
) -> tuple[ClipTerms | None, tuple[str, ...]]:
    """(CLIP's terms, None for none; notes)."""
    if not sees_clip(choice):
        return None, ()
    idle = choice.clip_sees == "pools" and bool(choice.pool)
    if CLIP in ingredients.without:
        why = "change no weight while objective.clip_sees is pools" if idle else "are of the recipe"
        return None, (f"without {CLIP}: its terms are left out, which {why}",)
    try:
        clip = load_clip(ingredients.clip)
    except FileNotFoundError as error:
        free = ", which changes no weight while objective.clip_sees is pools"
        raise FileNotFoundError(
            f"{error} (--clip); or train without this judge: --without {CLIP}{free if idle else ''}"
        ) from error
    judge = ClipJudge(clip, preparation=choice.clip_preparation)
    pooled = choice.clip_sees == "pools"
    pools = {name: PicturePool(choice.pool) for name in clip_terms.POOLS} if pooled else {}
    return ClipTerms(choice, judge, pools), ()
