"""Fixtures of tests in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from browsing import EVIL, FIRST, Driver
from run_folder import fake_rows, fake_run

from evaluation.reports.report import write_report
from evaluation.runs.rows import Row


@pytest.fixture(scope="session")
def browser() -> Iterator[Driver]:
    """One Chromium for all tests; skips, naming what is missing, where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next((path for name in names if (path := shutil.which(name))), None)
    driver_path = shutil.which("chromedriver")
    if chromium is None:
        pytest.skip(f"no browser: none of {', '.join(names)} is on the path")
    if driver_path is None:
        pytest.skip("no browser: chromedriver is not on the path")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_path))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report of 12 rows, some of whose scores are infinite or missing."""
    rows = fake_rows(12, names=("img10", "img2", EVIL), groups=("indoor", "outdoor"))
    for place, value in enumerate(FIRST):
        row = rows[place]
        scores = {**row.scores, "psnr": value}
        rows[place] = Row(
            row.index, row.name, row.groups, row.height, row.width, row.seconds, scores
        )
    run = fake_run(tmp_path_factory.mktemp("small") / "run", rows=rows, exhibits=True)
    return write_report(run).as_uri()
