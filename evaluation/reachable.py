"""Whether a server can be asked, told within seconds."""

from __future__ import annotations

import functools
import http.client
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

SECONDS = 10  # that a server has for its first answer


def reach(address: str) -> None:
    """Raises OSError where the server does not answer in time, or $HF_HUB_OFFLINE forbids to ask:
    without a network, looking up a name can take much longer than any socket's time-out."""
    host = urllib.parse.urlsplit(address).netloc
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise OSError("HF_HUB_OFFLINE is set")
    if not answers(host, minute=int(time.monotonic() // 60)):
        raise OSError(f"{host} cannot be reached")


@functools.lru_cache(maxsize=32)
def answers(host: str, *, minute: int) -> bool:  # noqa: ARG001 - one question a minute
    """Whether https://host/ answers; asked once in each minute."""
    answered = threading.Event()

    def ask() -> None:
        try:
            urllib.request.urlopen(
                urllib.request.Request(f"https://{host}/", method="HEAD"), timeout=SECONDS
            ).close()
        except urllib.error.HTTPError:  # it refuses, so it is there
            pass
        except (OSError, http.client.HTTPException):
            return
        answered.set()

    # a thread that nobody waits for: a stuck look-up must not hold the program either
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return answered.is_set()
