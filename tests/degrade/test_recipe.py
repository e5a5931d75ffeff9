"""Recipes: JSON in and out, strictly; order, branches and chances are addressed draws."""

from __future__ import annotations

import collections
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from degrade.draws import draw_u32
from degrade.extremes import extremes
from degrade.laws import Choice, Of, Product, Uniform
from degrade.operators import OPERATORS
from degrade.recipe import (
    Branch,
    OneOf,
    Recipe,
    Shuffle,
    Step,
    check_recipe,
    walk,
)
from degrade.recipe_file import parse_recipe, recipe_json
from degrade.recipes import RECIPES
from degrade.record import draw_record, parse_record, record_json

SMALL = Recipe(
    name="small",
    about="for tests",
    cite="none",
    steps=(
        Step("blur", "gaussian_blur", {"sigma_x": Uniform(0.5, 2.0), "sigma_y": Of("sigma_x")}),
        Shuffle("order", (
            (Step("noise", "gaussian_noise", {"sigma": 0.1}),),
            (OneOf("code", (
                Branch(3.0, (Step("jpeg", "jpeg", {"quality": 50}),)),
                Branch(1.0),
            )),),
            (Step("clip", "clip"),),
        ), ordered=(0, 2)),
        Step("late", "gaussian_noise", {
            "sigma": Product((Of("noise.sigma"), Choice((0.5, 0.25)))),
        }, probability=0.3),
    ),
)  # fmt: skip


def records(count: int = 800, seed: int = 3) -> list:
    return [draw_record(SMALL, seed=seed, key=f"k{i}") for i in range(count)]


def test_branches_chances_and_orders_have_their_shares() -> None:
    drawn = records()
    with_jpeg = sum("jpeg" in r.order for r in drawn) / len(drawn)
    late = sum("late" in r.order for r in drawn) / len(drawn)
    # five standard errors of 800 draws
    assert abs(with_jpeg - 0.75) < 0.08
    assert abs(late - 0.3) < 0.085
    orders = collections.Counter(r.order[1:4] for r in drawn if "jpeg" in r.order)
    assert set(orders) == {
        ("noise", "jpeg", "clip"), ("noise", "clip", "jpeg"), ("jpeg", "noise", "clip"),
    }  # fmt: skip
    assert min(orders.values()) > 0.2 * sum(orders.values())


def test_every_order_is_as_likely() -> None:
    parts = tuple((Step(name, "clip"),) for name in "abc")
    recipe = Recipe("orders", "", "", (Shuffle("order", parts),))
    counts = collections.Counter(
        draw_record(recipe, seed=0, key=f"k{i}").order for i in range(3000)
    )
    # chi-square of 6 cells, 5 degrees of freedom: 22 is passed by chance once in 2,000 seeds; a
    # shuffle whose every swap is over all places gives about 100
    assert len(counts) == 6
    assert sum((count - 500) ** 2 / 500 for count in counts.values()) < 22


def test_parameters_follow_each_other() -> None:
    for record in records(40):
        blur = record.steps["blur"]
        assert blur["sigma_x"] == blur["sigma_y"]
        if "late" in record.order:
            assert record.steps["late"]["sigma"] in (0.05, 0.025)


def test_a_record_depends_on_seed_key_and_recipe_alone() -> None:
    again = [draw_record(SMALL, seed=3, key=f"k{i}") for i in reversed(range(20))][::-1]
    assert records(20) == again
    assert records(20)[1] != records(20)[0]
    assert records(20, seed=4) != again


def test_a_further_step_leaves_the_others_alone() -> None:
    longer = Recipe(
        "small", "", "", (Step("first", "gaussian_noise"), *SMALL.steps, Step("last", "clip"))
    )
    for index, record in enumerate(records(20)):
        more = draw_record(longer, seed=3, key=f"k{index}")
        assert [step for step in more.order if step not in ("first", "last")] == list(record.order)
        assert {id_: more.steps[id_] for id_ in record.order} == record.steps


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_published_recipes_survive_json(name: str) -> None:
    recipe = RECIPES[name]
    back = parse_recipe(recipe_json(recipe), file="x.json")
    assert back.digest == recipe.digest
    for index in range(10):
        key = f"k{index}"
        record = draw_record(recipe, seed=0, key=key)
        assert draw_record(back, seed=0, key=key) == record
        assert parse_record(record_json(record), file="r.json") == record


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_published_recipes_cite(name: str) -> None:
    recipe = RECIPES[name]
    assert any(year in recipe.cite for year in map(str, range(2003, 2027)))
    assert recipe.about
    assert recipe.name == name
    if name[-3:-1] == "-x":
        assert recipe.scale == int(name[-1])


def _edit(change: Callable[[dict[str, Any]], None]) -> bytes:
    raw = json.loads(recipe_json(SMALL))
    change(raw)
    return json.dumps(raw).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.update(nmae="x"), "no 'nmae'.*did you mean 'name'"),
        (lambda r: r["steps"][0].update(operator="gausian_blur"), "did you mean 'gaussian_blur'"),
        (lambda r: r["steps"][0]["set"].update(sgima_x=1.0), "sets 'sgima_x'.*'sigma_x'"),
        (lambda r: r["steps"][0]["set"].update(sigma_x=-1.0), "sigma_x .* is -1.0; allowed are"),
        (lambda r: r["steps"][0]["set"].update(sigma_x="big"), "it takes a number"),
        (lambda r: r["steps"][0]["set"].update(padding="mirrored"), "one of reflect"),
        (lambda r: r["steps"][0]["set"].update(size=8), "must be odd"),
        (lambda r: r["steps"][0]["set"].update(sigma_x={"law": "unifrom"}), "mean 'uniform'"),
        (lambda r: r["steps"][0]["set"].update(sigma_x={"law": "uniform", "low": 0}), "high"),
        (lambda r: r["steps"][0].update(probability=1.5), "probability is 1.5"),
        (lambda r: r["steps"][1].update(ordered=[0, 9]), "orders parts"),
        (lambda r: r["steps"][2].update(id="blur"), "'blur' is there twice"),
        (lambda r: r["steps"][0].update(node="stpe"), "did you mean 'step'"),
        (lambda r: r.update(scale=0), "scale is 0"),
        (lambda r: r.update(steps={}), "a list of nodes"),
        (lambda r: r["steps"][1]["parts"][1][0].update(branches=[]), "needs weights"),
        (lambda r: r["steps"][1]["parts"][1][0]["branches"][0].update(weight=-1), "needs weights"),
        (lambda r: r["steps"][1].update(ordered=[1, 1]), "each once"),
        (lambda r: r.update(name="my recipe"), "a name has letters"),
        (lambda r: r.update(scale=10**20), "scale"),
        (lambda r: r["steps"][1].update(parts=3), "parts is a list"),
        (lambda r: r["steps"][1]["parts"][1][0].update(branches=["x"]), "a branch is an object"),
        (lambda r: r["steps"][0].update(node=["step"]), "one of step"),
        (lambda r: r["steps"][0]["set"].update(sigma_x={"law": ["x"]}), "one of uniform"),
        (
            lambda r: r["steps"][0]["set"].update(sigma_x={"law": "sum", "terms": ["a", 1]}),
            "gives no number",
        ),
        (
            lambda r: r["steps"][0]["set"].update(
                sigma_x={"law": "reciprocal", "value": {"law": "integer", "low": 0, "high": 3}}
            ),
            "sigma_x divides by a value between 0 and 3",
        ),
        (
            lambda r: r["steps"][0]["set"].update(
                sigma_x={"law": "root", "value": {"law": "uniform", "low": -2, "high": 0.1}}
            ),
            "sigma_x takes the root of a value down to -2",
        ),
        (lambda r: r["steps"][2].update(when="blurr"), "when 'blurr', no step before it.*'blur'"),
        (
            lambda r: r["steps"][0]["set"].update(sigma_y={"law": "of", "parameter": "sgima_x"}),
            "follows 'sgima_x'.*did you mean 'sigma_x'",
        ),
        (
            lambda r: r["steps"][0]["set"].update(sigma_x={"law": "uniform", "low": -3, "high": 1}),
            "sigma_x of gaussian_blur is -3",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: Callable[[dict[str, Any]], None], said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        parse_recipe(_edit(change), file="mine.json")
    assert str(raised.value).startswith("mine.json")


def test_a_bound_that_a_law_oversteps_is_named_when_drawn() -> None:
    steps = (Step("noise", "gaussian_noise", {"sigma": Uniform(-2.0, -1.0)}),)
    with pytest.raises(ValueError, match="step 'noise': sigma of gaussian_noise is -1"):
        draw_record(Recipe("over", "", "", steps), seed=0, key="k")


def test_a_step_may_wait_for_another() -> None:
    recipe = check_recipe(
        Recipe(
            "both", "", "",
            (Step("lq-grey", "grayscale", when="gt-grey"),),
            target=(Step("gt-grey", "grayscale", probability=0.4),),
        )
    )  # fmt: skip
    drawn = [draw_record(recipe, seed=0, key=f"k{i}") for i in range(200)]
    assert {(r.target, r.order) for r in drawn} == {((), ()), (("gt-grey",), ("lq-grey",))}


def test_no_two_draws_share_an_address() -> None:
    """Nodes named after parameters, parameters after nodes: every unit differs."""
    recipe = Recipe(
        "same", "", "",
        (
            Step("patch", "crop", {"height": 8, "width": 8}),
            Step("top", "crop", {"height": 8, "width": 8}, probability=0.999999),
            Step("runs", "gaussian_noise", {"sigma": Uniform(0.0, 1.0)}),
        ),
    )  # fmt: skip
    record = draw_record(recipe, seed=0, key="k")
    units = [
        *(record.steps[step][name] for step in ("patch", "top") for name in ("top", "left")),
        record.steps["runs"]["sigma"],
        *((draw_u32(0, "k", "patch", name) + 0.5) / 2**32 for name in ("top", "left")),
    ]
    assert len({round(unit, 5) for unit in units}) == len(units)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_extremes_hold_every_draw(name: str) -> None:
    """Each parameter of each step lies between the extremes that its laws were checked by."""
    recipe = RECIPES[name]
    reach: dict[str, list] = {}
    for node in walk((*recipe.target, *recipe.steps)):
        if isinstance(node, Step):
            own: dict[str, list] = {}
            for parameter, declared in OPERATORS[node.operator].parameters.items():
                law = node.set.get(parameter, declared.law)
                own[parameter] = extremes(law, earlier={**reach, **own})
            reach |= {f"{node.id}.{parameter}": values for parameter, values in own.items()}
    for index in range(25):
        for step, values in draw_record(recipe, seed=1, key=f"k{index}").steps.items():
            for parameter, value in values.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    known = reach[f"{step}.{parameter}"]
                    assert min(known) - 1e-9 <= value <= max(known) + 1e-9, (step, parameter)


def test_arrays_are_named_hashed_and_never_invented(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="haze needs depth"):
        check_recipe(Recipe("h", "", "", (Step("haze", "haze"),)))
    recipe = Recipe("h", "", "", (Step("haze", "haze", {"depth": {"file": "d.npy"}}),))
    with pytest.raises(FileNotFoundError, match=r"d\.npy"):
        draw_record(recipe, seed=0, key="k", folder=tmp_path)
    (tmp_path / "d.npy").write_bytes(b"1")
    depth = draw_record(recipe, seed=0, key="k", folder=tmp_path).steps["haze"]["depth"]
    assert depth["file"].endswith("d.npy")
    assert depth["sha256"].startswith("6b86b273")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"gaussian_noise"', b'"gaussian_nois"', "did you mean 'gaussian_noise'"),
        (b'"sigma":', b'"sgima":', "takes sigma"),
        (b'"version": 1', b'"version": 9', "record version 9"),
        (b'"order":', b'"oredr":', "not a degradation record"),
        (b'"sigma": 0.1', b'"sigma": -0.1', "sigma of gaussian_noise is -0.1; allowed"),
        (b'"scale": 1', b'"scale": 0', "scale is 0"),
        (b'"order": [', b'"order": ["blur", ', "runs twice"),
        (b'"steps": {', b'"steps": {"x": {"operator": "clip"}, ', "steps x are in no order"),
        (b'"geometry": {', b'"geometry": {"size": [1, 2]', "geometry has size"),
    ],
)
def test_wrong_records_are_named(old: bytes, new: bytes, said: str) -> None:
    data = record_json(records(1)[0])
    assert old in data
    with pytest.raises(ValueError, match=said):
        parse_record(data.replace(old, new, 1), file="r.json")
