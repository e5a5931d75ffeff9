"""Charts and their axes: well-formed, complete, in place, legible."""

from __future__ import annotations

import itertools
import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.reports.axes import Axis, fit_axis, short_number
from evaluation.reports.charts import distribution_svg, scatter_svg

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    "a & b",
    "\"quoted' ]]>",
    "naïve 图 \U0001f98b",
    "nul\0 tab\t",
]
FINITE = st.floats(-1e9, 1e9, allow_nan=False)


def parsed(svg: str) -> ElementTree.Element:
    """An XML parser takes it, which is stricter than any browser."""
    return ElementTree.fromstring(svg)


def circles(svg: str) -> list[tuple[float, float]]:
    """The places of dots."""
    return [
        (float(c.attrib["cx"]), float(c.attrib["cy"])) for c in parsed(svg).iter(f"{SVG}circle")
    ]


def texts(svg: str) -> list[str]:
    """What is written in it."""
    return [text.text or "" for text in parsed(svg).iter(f"{SVG}text")]


@settings(deadline=None)
@given(st.lists(FINITE, min_size=1, max_size=20), st.booleans())
def test_axis_holds_its_values_and_marks_round_ones(values: list[float], log: bool) -> None:
    if log:
        values = [10 ** (value / 1e8) for value in values]
    axis = fit_axis(values, start=50, end=450, log=log)
    places = [axis.at(value) for value in values]
    assert all(50 < place < 450 for place in places)
    inner = [value for _, value in sorted(zip(places, values, strict=True))]
    assert inner == pytest.approx(sorted(values), rel=1e-9)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 8
    assert ticks == sorted(set(ticks))
    # a multiple of a step is at most a rounding error beyond the end of the range
    assert all(50 - 1e-6 <= axis.at(tick) <= 450 + 1e-6 for tick in ticks)


def test_ticks_by_value() -> None:
    assert Axis(27.8, 33.2, 0, 100).ticks() == [28, 29, 30, 31, 32, 33]
    assert Axis(0, 1, 0, 100).ticks() == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert Axis(9e3, 2e7, 0, 100, log=True).ticks() == [1e4, 1e5, 1e6, 1e7]
    assert Axis(90, 2500, 0, 100, log=True).ticks() == [100, 200, 500, 1000, 2000]


def test_equal_ratios_are_equally_far_on_a_logarithmic_axis() -> None:
    svg = scatter_svg([("", x, 1.0) for x in (1e3, 1e5, 1e7)], x_title="n", y_title="y", log_x=True)
    first, second, third = (x for x, _ in circles(svg))
    assert second - first == pytest.approx(third - second, abs=0.11)  # written to 0.1 pixel
    assert second - first > 50


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (11_900_199, "11.9M"),
        (30_000, "30k"),
        (9_999, "9999"),
        (1.5e9, "1.5G"),
        (2e12, "2T"),
        (0.25, "0.25"),
        (-3, "\u22123"),
        (0, "0"),
    ],
)
def test_short_numbers(value: float, text: str) -> None:
    assert short_number(value) == text


def test_scatter_shows_every_label_escaped() -> None:
    points = [(name, float(place), 30.0 - place) for place, name in enumerate(HOSTILE)]
    svg = scatter_svg(points, x_title="<x>", y_title="y & z")
    assert len(circles(svg)) == len(HOSTILE)
    assert {"<x>", "y & z", HOSTILE[0], HOSTILE[1], HOSTILE[3]} <= set(texts(svg))
    assert "<script" not in svg
    assert "nul\ufffd tab\ufffd" in texts(svg)
    titles = [title.text for title in parsed(svg).iter(f"{SVG}title")]
    assert titles[:2] == HOSTILE[:2]


def test_scatter_puts_larger_values_right_and_up() -> None:
    svg = scatter_svg([("", 1.0, 10.0), ("", 2.0, 20.0)], x_title="x", y_title="y")
    (x1, y1), (x2, y2) = circles(svg)
    assert x1 < x2
    assert y1 > y2


def test_labels_of_close_points_do_not_cover_each_other() -> None:
    names = ["SwinIR", "RCAN", "EDSR", "HAT"]
    points = [
        (name, x, y)
        for name, x, y in zip(
            names, (11.9, 15.6, 43, 20.8), (32.72, 32.63, 32.46, 33.04), strict=True
        )
    ]
    svg = scatter_svg([*points, ("far", 1.0, 28.4)], x_title="x", y_title="y")
    boxes = []
    for text in parsed(svg).iter(f"{SVG}text"):
        if text.text in names:
            wide = 6.5 * len(text.text)
            turn = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.attrib["text-anchor"]]
            left, baseline = float(text.attrib["x"]) - turn * wide, float(text.attrib["y"])
            boxes.append((left, baseline - 9, left + wide, baseline + 2))
    assert len(boxes) == len(names)
    for a, b in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert all(box[0] >= 0 and box[2] <= 480 for box in boxes)


def test_scatter_leaves_out_what_has_no_place_and_says_so() -> None:
    points = [("a", 1.0, 2.0), ("b", math.inf, 2.0), ("c", 1.0, math.nan), ("d", 0.0, 2.0)]
    plain = scatter_svg(points, x_title="x", y_title="y")
    assert len(circles(plain)) == 2
    assert "2 not drawn: no finite place" in texts(plain)
    log = scatter_svg(points, x_title="x", y_title="y", log_x=True)
    assert len(circles(log)) == 1
    assert "3 not drawn: no finite place" in texts(log)
    nothing = scatter_svg([], x_title="x", y_title="y")
    assert texts(nothing) == ["no points to draw"]


def test_scatter_of_thousands_is_one_path() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    points = [("", float(x), float(y)) for x, y in generator.normal(30, 3, (6000, 2))]
    svg = scatter_svg(points, x_title="x", y_title="y")
    (path,) = parsed(svg).iter(f"{SVG}path")
    assert path.attrib["d"].count("M") == 6000
    assert len(svg) < 120_000


def test_diagonal_joins_equal_values() -> None:
    svg = scatter_svg([("", 20.0, 21.0), ("", 30.0, 30.0)], x_title="a", y_title="b", diagonal=True)
    slanted = [
        line.attrib
        for line in parsed(svg).iter(f"{SVG}line")
        if line.attrib["x1"] != line.attrib["x2"] and line.attrib["y1"] != line.attrib["y2"]
    ]
    (line,) = slanted
    x1, y1, x2, y2 = (float(line[key]) for key in ("x1", "y1", "x2", "y2"))
    x, y = circles(svg)[1]  # 30 against 30 lies on it, 20 against 21 above it
    assert y == pytest.approx(y1 + (x - x1) / (x2 - x1) * (y2 - y1), abs=0.3)
    x, y = circles(svg)[0]
    assert y < y1 + (x - x1) / (x2 - x1) * (y2 - y1) - 2
    with pytest.raises(ValueError, match="no straight diagonal"):
        scatter_svg([], x_title="a", y_title="b", diagonal=True, log_x=True)


def test_few_scores_are_dots_apart() -> None:
    values = [28.0, 28.0, 28.01, 30.0, math.inf, math.nan]
    places = circles(distribution_svg(values, title="PSNR"))
    assert len(places) == 4
    for (x1, y1), (x2, y2) in itertools.combinations(places, 2):
        assert math.hypot(x1 - x2, y1 - y2) >= 8


def test_many_scores_are_bars_that_count_them() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    values = generator.normal(28, 3, 500)
    svg = distribution_svg(values.tolist(), title="PSNR")
    bars = [r for r in parsed(svg).iter(f"{SVG}rect") if r.attrib["class"] == "mark"]
    heights = np.array([float(bar.attrib["height"]) for bar in bars])
    assert 8 <= len(bars) <= 40
    # heights share one scale: the mean of bins, weighted by them, is the mean of the scores
    middles = [float(bar.attrib["x"]) + float(bar.attrib["width"]) / 2 for bar in bars]
    axis = fit_axis([float(values.min()), float(values.max())], start=40, end=352)
    middle = float(np.average(middles, weights=heights))
    assert middle == pytest.approx(axis.at(float(values.mean())), abs=2)  # a fifth of a bin


def test_distribution_names_median_and_quartiles() -> None:
    svg = distribution_svg([1.0, 2.0, 3.0, 4.0, 5.0], title="PSNR", decimals=1)
    assert "median 3.0" in texts(svg)
    spoken = parsed(svg).attrib["aria-label"]
    assert spoken == (
        "PSNR: 5 pictures from 1.0 to 5.0, median 3.0, half of them between 2.0 and 4.0"
    )


@pytest.mark.parametrize(
    "values", [[0.9] * 100, [0.9], [0.0] * 31, [5.0] * 99 + [1e12], [1e-300, 1e300], [-1.0] * 40]
)
def test_odd_distributions_stay_inside(values: list[float]) -> None:
    root = parsed(distribution_svg(values, title="x"))
    for rect in root.iter(f"{SVG}rect"):
        left, top = float(rect.attrib["x"]), float(rect.attrib["y"])
        assert left >= 0
        assert left + float(rect.attrib["width"]) <= 360
        assert top >= 0
        assert float(rect.attrib["height"]) > 0
    assert sum(1 for _ in root.iter(f"{SVG}rect")) >= 1


def test_no_finite_score_is_said() -> None:
    assert texts(distribution_svg([math.inf, math.nan], title="PSNR")) == ["no finite score"]


def test_equal_values_give_equal_text() -> None:
    values = [28.1, 30.2, 29.3]
    assert distribution_svg(values, title="x") == distribution_svg(values[::-1], title="x")
