"""Take pictures of the demo's pages: see ``scripts/screenshots``."""

import argparse
import base64
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from syncd.daemon import Daemon
from syncd.demo.story import Lived, open_demo
from syncd.log import configure
from syncd.store.event_writer import stored_events

CHECKOUT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 1100, 760
LARGEST = 150_000
"""Bytes of one picture."""
WIDTHS = (360, 768, 1280)


class Picture(NamedTuple):
    """One page, the name of its file, and what is opened on it first."""

    name: str
    path: str
    opens: str = ""
    height: int = HEIGHT


def pictures_of(lived: Lived) -> list[Picture]:
    """The important pages of the demo."""
    return [
        Picture("overview", "/", height=860),
        Picture("run", f"/runs/{lived.changed_run}"),
        Picture("compare", f"/runs/{lived.held_run}/compare"),
        Picture("plan", f"/runs/{lived.held_run}/plan", height=860),
        Picture("change", f"/changes/{lived.failed_change}", "details.exchange", 1080),
        Picture("employee", f"/employees/{lived.promoted}", height=1000),
        Picture("why", f"/employees/{lived.moved}/why?about=Fire+Safety", height=480),
        Picture("starters", "/starters", height=560),
        Picture("problems", "/problems", height=420),
        Picture("case", f"/cases/{lived.known_twice}", height=480),
        Picture("configuration", "/config", height=860),
    ]


@contextmanager
def served() -> Iterator[tuple[Lived, str]]:
    """The demo, lived through and served from a temporary folder."""
    configure(level="critical")
    with tempfile.TemporaryDirectory() as folder:
        demo = open_demo(Path(folder) / "demo", reset=False, tell=print, show=lambda _: None)
        try:
            with stored_events(demo.app.database, demo.app.account):
                lived = demo.live()
            daemon = Daemon(demo.app, demo.config, demo=True)
            daemon.start()
            try:
                yield lived, f"http://127.0.0.1:{daemon.port}"
            finally:
                daemon.end()
        finally:
            demo.app.close()
            demo.sandbox.stop()


def look_at(page: Page, base: str, picture: Picture) -> None:
    """Open the page, and what is folded on it; the folder that the demo is in says nothing to anybody."""
    page.goto(f"{base}{picture.path}")
    if picture.opens:
        page.locator(picture.opens).first.evaluate("one => { one.open = true }")
    page.evaluate(
        """pattern => {
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
            while (texts.nextNode()) {
                texts.currentNode.data = texts.currentNode.data.replace(new RegExp(pattern, "g"), "")
            }
        }""",
        re.escape(tempfile.gettempdir()) + r"/\w+/demo/",
    )


def take(browser: Browser, base: str, pictures: list[Picture], folder: Path) -> None:
    """One WebP of each, light, at the width that reads well in a document."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    page = context.new_page()
    for one in pictures:
        look_at(page, base, one)
        session = context.new_cdp_session(page)
        whole = int(page.evaluate("document.documentElement.scrollHeight"))
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": min(one.height, whole), "scale": 1}
        wanted = {"format": "webp", "quality": 82, "clip": clip, "captureBeyondViewport": True}
        data = base64.b64decode(session.send("Page.captureScreenshot", wanted)["data"])
        if len(data) > LARGEST:
            raise SystemExit(f"{one.name} has {len(data)} bytes, more than {LARGEST}")
        target = folder / f"{one.name}.webp"
        target.write_bytes(data)
        print(f"{target}: {len(data)} bytes")
    context.close()


def take_all(browser: Browser, base: str, pictures: list[Picture], folder: Path) -> None:
    """A PNG of each whole page, at every width, light and dark."""
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
        page = context.new_page()
        for one in pictures:
            look_at(page, base, one)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": HEIGHT})
                page.screenshot(path=folder / f"{one.name}-{width}-{scheme}.png", full_page=True)
        context.close()


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=CHECKOUT / "docs" / "images")
    parser.add_argument("--all", action="store_true", help="every width, light and dark, as PNG")
    asked = parser.parse_args()
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    chromium = next((path for path in found if path), None)
    if chromium is None:
        raise SystemExit("there is no chromium: apt install chromium")
    asked.folder.mkdir(parents=True, exist_ok=True)
    with served() as (lived, base), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        taken = take_all if asked.all else take
        taken(browser, base, pictures_of(lived), asked.folder)
        browser.close()


if __name__ == "__main__":
    main()
