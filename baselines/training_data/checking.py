"""Whether a config and the sources that it is given go together.

What a config says by itself is checked before (configs/checking.py).
"""

from __future__ import annotations

from baselines.configs.config import Config
from baselines.training_data.sources import Sources
from degrade.option_error import OptionError


def check_kinds(config: Config, *, sources: Sources) -> str:
    """The recipe that clean pictures go through, '' where there are none.

    Raises OptionError for sources of another kind than the config asks for, and for clean pictures
    without a recipe.
    """
    given = [
        option
        for option, roots in (
            ("--data", sources.pairs), ("--gt", sources.clean), ("--low", sources.low),
            ("--high", sources.high),
        )
        if roots
    ]  # fmt: skip
    wanted = ["--low", "--high"] if config.data.unpaired else []
    if config.data.unpaired and given != wanted:
        raise OptionError(
            f"{' '.join(given) or '--low'}: {config.name} is trained without partners, on --low "
            "DIR --high DIR alone"
        )
    if not config.data.unpaired and given not in (["--data"], ["--gt"]):
        raise OptionError(
            f"{' '.join(given) or '--data'}: {config.name} is trained on pairs: --data OUT, or "
            "--gt DIR with --recipe R"
        )
    if config.data.fit == "resize" and "--gt" in given:
        raise OptionError("--gt: data.fit resize squeezes pairs that are there, or unpaired ones")
    if not sources.clean:
        return ""
    recipe = sources.recipe or config.data.recipe
    if not recipe:
        raise OptionError(
            f"--gt: {config.name} names no recipe; add --recipe (pairsmith recipes lists them)"
        )
    return recipe
