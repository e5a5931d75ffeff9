"""What tests in a real browser share: windows, and the names in the report that they open."""

from __future__ import annotations

import math
from typing import Any

Driver = Any  # selenium's WebDriver: the package may be missing
DESKTOP, PHONE = (1200, 900), (390, 844)
EVIL = "<script>document.title = 'taken'</script>"
# the scores of the first rows: two that end a column, wherever it is sorted to, and one tie
FIRST = [31.5, math.inf, None, 9.25, 9.25, -math.inf, None]


def visit(browser: Driver, address: str, size: tuple[int, int] = DESKTOP) -> None:
    """Opens a page in a window of this size; a phone's has touch, and no scroll bar's width."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": size == PHONE})
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # what came before
    browser.get(address)
