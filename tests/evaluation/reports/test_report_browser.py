"""The report in a real browser: its table, its width, and that it asks for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browsing import DESKTOP, EVIL, PHONE, Driver, visit
from run_folder import fake_rows, fake_run

from evaluation.reports.report import write_report


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report of 250 rows with five references: a long and a wide table."""
    experts = tuple(f"expert_{letter}" for letter in "abcde")
    rows = fake_rows(250, groups=("under", "over"), references=experts, names=("a" * 120,))
    run = fake_run(tmp_path_factory.mktemp("large") / "run", rows=rows)
    return write_report(run).as_uri()


def column(browser: Driver, place: int) -> list[str]:
    """The cells of one column of the table, in the order shown."""
    script = (
        "return [...document.querySelectorAll('#rows tbody tr')].map(r => r.cells[%d].innerText)"
    )
    return browser.execute_script(script % place)


def head(browser: Driver, title: str) -> Any:
    """The button of the column with this title."""
    script = (
        "return [...document.querySelectorAll('#rows thead button')]"
        ".find(b => b.innerText.trim() === arguments[0])"
    )
    return browser.execute_script(script, title)


def sorts(browser: Driver) -> list[str]:
    """aria-sort of every column."""
    script = "return [...document.querySelectorAll('#rows thead th')].map(h => h.ariaSort)"
    return browser.execute_script(script)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("which", ["small_report", "large"])
def test_no_error_no_request_no_sideways_scroll(
    browser: Driver, request: pytest.FixtureRequest, which: str, size: tuple[int, int]
) -> None:
    address = request.getfixturevalue(which)
    visit(browser, address, size)
    head(browser, "PSNR").click()
    assert browser.get_log("browser") == []
    asked = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert browser.title == "bicubic on Made-up set, times 4"


def test_the_log_would_show_an_error_and_a_request(browser: Driver, tmp_path: Path) -> None:
    """The check above can fail: a page that breaks both rules is told apart."""
    page = tmp_path / "bad.html"
    page.write_text("<script>missing()</script><img src='other.png'>")
    visit(browser, page.as_uri())
    assert any("missing is not defined" in entry["message"] for entry in browser.get_log("browser"))
    assert any("other.png" in entry["message"] for entry in browser.get_log("performance"))


def test_sorting_by_click(browser: Driver, small_report: str) -> None:
    visit(browser, small_report)
    before = column(browser, 0)
    assert before[:3] == ["img10", "img2", EVIL]
    head(browser, "PSNR").click()
    up = column(browser, 1)
    assert sorts(browser)[:3] == ["none", "ascending", "none"]
    assert (up[0], up[-3:]) == ("\u2212∞", ["∞", "—", "—"])
    numbers = [float(text) for text in up[1:-3]]
    assert numbers == sorted(numbers)
    assert column(browser, 0)[1:3] == ["picture_0003", "picture_0004"]  # 9.25 twice: as they came
    head(browser, "PSNR").click()
    down = column(browser, 1)
    assert sorts(browser)[1] == "descending"
    assert (down[0], down[-3:]) == ("∞", ["\u2212∞", "—", "—"])
    assert [float(text) for text in down[1:-3]] == sorted(numbers, reverse=True)
    assert column(browser, 0)[-5:-3] == ["picture_0003", "picture_0004"]
    head(browser, "Name").click()
    assert sorts(browser)[:2] == ["ascending", "none"]
    names = column(browser, 0)
    assert names.index("img2") + 1 == names.index("img10")  # by number, as people count
    assert sorted(names) == sorted(before)


def test_sorting_by_size(browser: Driver, small_report: str) -> None:
    visit(browser, small_report)
    titles = [b.text.strip() for b in browser.find_elements("css selector", "#rows thead button")]
    head(browser, "Size").click()
    sizes = [text.split(" × ") for text in column(browser, titles.index("Size"))]
    pixels = [int(width) * int(height) for width, height in sizes]
    assert pixels == sorted(pixels)
    assert len(set(pixels)) == 5


@pytest.mark.parametrize("key", ["\ue007", " "])  # Enter, space
def test_sorting_by_keyboard(browser: Driver, small_report: str, key: str) -> None:
    visit(browser, small_report)
    head(browser, "Name").send_keys("\ue004")  # Tab: on to the next column
    focused = browser.switch_to.active_element
    assert focused.text.strip() == "PSNR"
    focused.send_keys(key)
    assert sorts(browser)[1] == "ascending"
    assert column(browser, 1)[0] == "\u2212∞"
    browser.switch_to.active_element.send_keys(key)  # the focus stayed
    assert column(browser, 1)[0] == "∞"


def test_filter_and_group(browser: Driver, small_report: str) -> None:
    visit(browser, small_report)
    field = browser.find_element("id", "filter")
    field.send_keys("IMG")
    assert column(browser, 0) == ["img10", "img2"]
    assert browser.find_element("id", "count").text == "2 of 12 pictures"
    head(browser, "Name").click()
    assert column(browser, 0) == ["img2", "img10"]
    field.clear()
    field.send_keys("<script>")
    assert column(browser, 0) == [EVIL]
    field.clear()
    field.send_keys("nothing of this name")
    assert column(browser, 0) == []
    assert browser.find_element("id", "count").text == "0 of 12 pictures"
    field.clear()
    browser.find_element("css selector", "#group option:nth-child(2)").click()
    assert len(column(browser, 0)) == 6
    assert set(column(browser, 3)) == {"indoor"}


def test_pages_of_a_long_table(browser: Driver, large: str) -> None:
    visit(browser, large)
    page, after = browser.find_element("id", "page"), browser.find_element("id", "after")
    assert page.text == "1 – 100 of 250"
    assert not browser.find_element("id", "before").is_enabled()
    shown = column(browser, 0)
    after.click()
    assert page.text == "101 – 200 of 250"
    shown += column(browser, 0)
    after.click()
    assert page.text == "201 – 250 of 250"
    assert not after.is_enabled()
    shown += column(browser, 0)
    assert len(set(shown)) == 250
    head(browser, "PSNR").click()  # sorts all rows, and shows the first of them
    assert page.text == "1 – 100 of 250"
    lowest = [float(text) for text in column(browser, 1)]
    assert lowest == sorted(lowest)
    after.click()
    assert float(column(browser, 1)[0]) >= lowest[-1]
    browser.find_element("id", "filter").send_keys("picture_000")
    assert not page.is_displayed()
    assert len(column(browser, 0)) == 9


def test_names_lead_to_their_cases(browser: Driver, small_report: str) -> None:
    visit(browser, small_report)
    links = browser.find_elements("css selector", "#rows tbody a")
    assert len(links) == 8
    for link in links:
        (figure,) = browser.find_elements(
            "css selector", f"[id='{link.get_attribute('hash')[1:]}']"
        )
        assert figure.find_element("class name", "name").text == link.text
