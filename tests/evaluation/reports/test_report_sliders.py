"""The report's sliders in a real browser: by mouse, by touch, by keys, and what they show."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from browsing import DESKTOP, PHONE, Driver, visit

from degrade.images import decode_picture


def slider(browser: Driver, place: int = 0) -> Any:
    """One of the sliders, scrolled to the middle of the window."""
    line = browser.find_elements("css selector", "[role=slider]")[place]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", line)
    return line


def cut(browser: Driver, line: Any) -> tuple[int, float]:
    """aria-valuenow, and where the line is on its stage, in percent."""
    script = """
        const stage = arguments[0].parentElement.getBoundingClientRect();
        const line = arguments[0].getBoundingClientRect();
        return 100 * (line.x + line.width / 2 - stage.x) / stage.width;"""
    return int(line.get_attribute("aria-valuenow")), browser.execute_script(script, line)


def stage_box(browser: Driver, line: Any) -> dict[str, float]:
    """The stage in pixels of the window."""
    return browser.execute_script(
        "return arguments[0].parentElement.getBoundingClientRect().toJSON()", line
    )


def colour_at(browser: Driver, line: Any, share: float) -> str:
    """Which picture is seen at a share of the stage's width, by its colour on the screen."""
    box = stage_box(browser, line)
    clip = {"x": 0, "y": 0, "width": 1, "height": 1, "scale": 1}
    clip["x"] = int(box["x"] + share * box["width"])
    clip["y"] = int(box["y"] + 20 + browser.execute_script("return scrollY"))
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True}
    )
    pixel = decode_picture(base64.b64decode(shot["data"]))[0, 0]
    return ("input", "output", "target")[int(pixel.argmax())]


def by_mouse(browser: Driver, box: dict[str, float], shares: list[float]) -> None:
    """Presses at the first share of the width, moves over the others, lets go."""
    from selenium.webdriver.common.action_chains import ActionChains

    actions = ActionChains(browser, duration=0)
    y = int(box["y"] + box["height"] / 2)
    for place, share in enumerate(shares):
        x = int(box["x"] + share * box["width"])
        actions.w3c_actions.pointer_action.move_to_location(x, y)
        if place == 0:
            actions.w3c_actions.pointer_action.pointer_down()
    actions.w3c_actions.pointer_action.pointer_up()
    actions.perform()


def by_touch(browser: Driver, box: dict[str, float], shares: list[float]) -> None:
    """The same with a finger."""
    y = box["y"] + box["height"] / 2
    for place, share in enumerate(shares):
        point = {"x": box["x"] + share * box["width"], "y": y}
        kind = "touchMove" if place else "touchStart"
        touch = {"type": kind, "touchPoints": [point]}
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", touch)
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize(("move", "size"), [(by_mouse, DESKTOP), (by_touch, PHONE)])
def test_slider_follows_a_drag(
    browser: Driver, small_report: str, move: Callable[..., None], size: tuple[int, int]
) -> None:
    visit(browser, small_report, size)
    other = slider(browser, 1)
    line = slider(browser)
    box = stage_box(browser, line)
    move(browser, box, [0.5, 0.4, 0.3, 0.25])
    now, place = cut(browser, line)
    assert abs(now - 25) <= 1
    assert abs(place - 25) <= 1
    assert cut(browser, other) == (50, 50)
    move(browser, box, [0.7])  # anywhere on the picture, not on the line alone
    assert abs(cut(browser, line)[0] - 70) <= 1
    move(browser, box, [0.7, 1.3])  # beyond the picture: its edge
    assert cut(browser, line) == (100, 100)
    if move is by_mouse:  # a pointer that is not pressed moves nothing
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(browser).move_to_element(line.find_element("xpath", "..")).perform()
        assert cut(browser, line) == (100, 100)


def test_slider_by_keys(browser: Driver, small_report: str) -> None:
    visit(browser, small_report)
    line = slider(browser)
    left, right, up, down, home, end = "\ue012\ue014\ue013\ue015\ue011\ue010"
    for keys, value in (
        (right, 52),
        (left + left, 48),
        (up, 50),
        (down, 48),
        (home, 0),
        (left, 0),
        (end, 100),
        (right, 100),
        ("\ue00f", 90),  # page down
        ("\ue00e" + "\ue00e", 100),  # page up: towards the end, as arrow up
    ):
        line.send_keys(keys)
        assert cut(browser, line) == (value, pytest.approx(value, abs=0.5)), repr(keys)
        assert f"left of {value} %" in line.get_attribute("aria-valuetext")


def test_slider_has_a_focus_ring(browser: Driver, small_report: str) -> None:
    visit(browser, small_report)
    line = slider(browser)
    ring = "return getComputedStyle(arguments[0], '::after').boxShadow"
    plain = browser.execute_script(ring, line)
    line.send_keys("\ue014")
    assert browser.execute_script("return document.activeElement === arguments[0]", line)
    assert browser.execute_script(ring, line) != plain


def test_switch_and_line_show_the_right_pictures(browser: Driver, small_report: str) -> None:
    visit(browser, small_report)
    line = slider(browser)

    def seen() -> tuple[str, str]:
        return colour_at(browser, line, 0.1), colour_at(browser, line, 0.9)

    assert seen() == ("output", "target")
    figure = line.find_element("xpath", "ancestor::figure")
    for kind in ("input", "target", "output"):
        figure.find_element("xpath", f".//label[input/@value='{kind}']").click()
        assert seen() == (kind, "target")
        assert kind in line.get_attribute("aria-valuetext").split(" left of")[0]
    line.send_keys("\ue010")
    assert seen() == ("output", "output")
    line.send_keys("\ue011")
    assert seen() == ("target", "target")
    figure.find_element("css selector", "input:checked").send_keys(
        "\ue012"
    )  # arrow: the one before
    assert figure.get_attribute("data-left") == "input"


def test_on_paper_pictures_stand_side_by_side(browser: Driver, small_report: str) -> None:
    visit(browser, small_report)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        width = browser.execute_script("return document.documentElement.clientWidth")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        line = browser.find_element("css selector", "[role=slider]")
        assert not line.is_displayed()
        places = {}
        for picture in line.find_elements("xpath", "../img"):
            assert picture.is_displayed()
            assert picture.value_of_css_property("clip-path") == "none"
            places[picture.get_attribute("class").split()[0]] = picture.rect
        assert places["input"]["y"] == places["output"]["y"] == places["target"]["y"]
        ends = [places[kind]["x"] for kind in ("input", "output", "target")]
        assert ends[1] >= ends[0] + places["input"]["width"]
        assert ends[2] >= ends[1] + places["output"]["width"]
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
