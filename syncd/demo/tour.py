"""The tour: what to look at once the demo is over, each thing by the address of its page, which must answer."""

import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import NamedTuple

from syncd.demo.story import DemoFailedError, Lived


class Sight(NamedTuple):
    """One page: its path, and what is to be seen on it."""

    path: str
    says: str


def sights_of(lived: Lived) -> list[Sight]:
    """The pages that show best what happened, in the order in which to look at them."""
    failed, moved = lived.promoted, lived.moved
    return [
        Sight("/", "is it healthy and on time, and what waits for you"),
        Sight(
            f"/runs/{lived.held_run}/plan",
            "the run that is held: why, and what it would do; approve or reject it",
        ),
        Sight("/problems", "what failed, and what to do about it"),
        Sight(
            f"/changes/{lived.failed_change}",
            "the change that Litmos refused, with what was sent and answered; retry it",
        ),
        Sight(f"/employees/{failed}", "that person: HR, what was last synced and Litmos, side by side"),
        Sight(f"/employees/{moved}/why?about=Fire+Safety", "why somebody has a course"),
        Sight("/starters", "who begins this week, and whether all is ready for them"),
        Sight(f"/cases/{lived.known_twice}", "somebody whom Litmos has twice: decide who it is"),
        Sight("/quarantine", "rows of HR that are not valid, and why"),
        Sight("/results", "what people completed, on its way back to HR"),
        Sight(f"/runs/{lived.held_run}/compare", "one run beside the one before it"),
        Sight("/config", "the configuration in force, rule by rule"),
    ]


def ask_each(sights: Sequence[Sight], port: int) -> None:
    """Ask for each page over HTTP, as a browser does. Raises DemoFailedError, naming the first that does not answer 200."""
    for path, _ in sights:
        address = f"http://127.0.0.1:{port}{path}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            with error:
                status = error.code
        except OSError as error:
            raise DemoFailedError(f"the demo failed: {address} does not answer: {error}") from None
        if status != 200:
            raise DemoFailedError(f"the demo failed: {address} answers {status}, not 200")


def guide(sights: Sequence[Sight], port: int) -> str:
    """The sights as text, addresses first."""
    addresses = [f"http://127.0.0.1:{port}{one.path}" for one in sights]
    width = max(map(len, addresses))
    lines = [f"  {address:<{width}}  {one.says}" for address, one in zip(addresses, sights, strict=True)]
    return "\n".join(["The sync log is up until Ctrl-C. What to look at:", *lines])
