"""baselines.restoring.differing: what is told of two runs whose settings differ."""

from __future__ import annotations

from typing import Any

import pytest

from baselines.restoring.differing import difference


def _settings(*, options: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    model = {"name": "net", "kind": "pairsmith", "file": "net.pth", "sha256": "a" * 64, "scale": 2}
    how = {"tile": "auto", "overlap": None, "ensemble": "", "half": "", "pre_upsample": False}
    run = {"scale": 2, "max_side": None, "format": "png", "suffix": ""}
    for key, value in changed.items():
        (run if key in run else model)[key] = value
    return {"model": {**model, "options": {**how, **(options or {})}}, **run}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"scale": 4}, "--scale was 2, is 4"),
        ({"scale": 2.5, "suffix": "_r"}, "--scale was 2, is 2.5; --suffix was not given, is _r"),
        (
            {"format": "jpg", "max_side": 90},
            "--max-side was not given, is 90; --format was png, is jpg",
        ),
        ({"sigma": 15.0}, "--sigma was not given, is 15"),
        ({"seconds": 3.0}, "--time-limit was not given, is 3"),
        (
            {"options": {"tile": 64, "overlap": 8}},
            "--tile was auto, is 64; --overlap was not given, is 8",
        ),
        ({"options": {"ensemble": "mean"}}, "--self-ensemble was not given, is now"),
        ({"options": {"half": "bf16"}}, "--bf16 was not given, is now"),
        ({"options": {"pre_upsample": True}}, "--pre-upsample was not given, is now"),
        (
            {"sha256": "b" * 64, "scale": 4},
            f"the model was net of sha256 {'a' * 12}, is of sha256 {'b' * 12}",
        ),
        ({"kwargs": {"scale": 3}}, "model.kwargs.scale was None, is 3"),
        (
            {"scale": 4, "max_side": 90, "format": "jpg", "suffix": "_r", "sigma": 3.0},
            "--scale was 2, is 4; --max-side was not given, is 90; --format was png, is jpg and 2 "
            "more",
        ),
    ],
)
def test_options_are_told_by_their_names(changed: dict[str, Any], said: str) -> None:
    assert difference(_settings(), _settings(**changed)) == said


def test_flags_that_are_taken_back_or_changed() -> None:
    half, bf16 = _settings(options={"half": "fp16"}), _settings(options={"half": "bf16"})
    assert difference(half, _settings()) == "--half was given, is not"
    assert difference(half, bf16) == "was --half, is --bf16"


def test_another_model_is_told_alone() -> None:
    old = {"model": {"name": "bicubic", "options": {"method": "imresize bicubic"}}, "scale": 2}
    new = {"model": {"name": "zssr", "seconds": 3.0, "options": {"tile": 0}}, "scale": 4}
    assert difference(old, new) == "the model was bicubic, is zssr"


def test_models_of_a_chain() -> None:
    def chained(member: dict[str, Any], *, scale: int = 4) -> dict[str, Any]:
        models = [dict(member), {"name": "bicubic"}]
        return {"model": {"name": "net+bicubic", "options": {"models": models}}, "scale": scale}

    base = {"name": "net", "sha256": "a", "scale": 2, "options": {"tile": 64}}
    assert difference(chained(base), chained(dict(base, options={"tile": 96}))) == (
        "--tile was 64, is 96"
    )
    # of a network it is what it was made for, not what is asked for
    assert difference(chained(base), chained(dict(base, scale=3), scale=6)) == (
        "--scale was 4, is 6"
    )
    assert difference(chained(base), chained(dict(base, sha256="b"))) == (
        "the model was net+bicubic of sha256 a, is of sha256 b"
    )
