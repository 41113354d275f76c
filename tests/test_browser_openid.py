"""Signing in at an OpenID provider of another site, in a browser: there and back, with nothing that a policy forbids."""

import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.openid_provider import SECRET, OpenIdProvider
from tests.test_browser import Walk, browser
from tests.workbench import Workbench, workbench

__all__ = ["browser"]
pytestmark = pytest.mark.browser
OIDC = """web:
  port: {port}
  url: http://127.0.0.1:{port}
  auth:
    type: oidc
    issuer: {issuer}
    client_id: syncd
    client_secret: ${{env:OIDC_SECRET}}
    roles: {{hr-it: approver, everybody: viewer}}"""


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    """By another name than syncd, so that to the browser it is another site."""
    with OpenIdProvider(asks=True).serving() as made:
        made.url = made.url.replace("127.0.0.1", "localhost")
        yield made


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider) -> Iterator[Workbench]:
    with workbench(tmp_path_factory.mktemp("openid")) as made:
        made.in_process = True
        made.environ["OIDC_SECRET"] = SECRET
        with socket.create_server(("127.0.0.1", 0)) as free:  # web.url must say the port before it is taken
            port = free.getsockname()[1]
        made.configure(("web: {port: 0}", OIDC.format(port=port, issuer=provider.url)))
        made.staff(1)
        made.run("db", "upgrade")
        yield made


@pytest.fixture(scope="module")
def base(bench: Workbench) -> Iterator[str]:
    with bench.serving() as served:
        yield f"http://127.0.0.1:{served.events('serving')[0]['port']}"


@pytest.fixture
def walk(
    browser: Browser,
    base: str,
    provider: OpenIdProvider,
    request: pytest.FixtureRequest,
) -> Iterator[Walk]:
    context = browser.new_context(java_script_enabled=request.param)
    made = Walk(page=context.new_page(), base=base, elsewhere=(f"{provider.url}/authorize", "data:,"))
    made.page.set_default_timeout(10_000)
    made.watch()
    yield made
    context.close()
    assert made.faults == []


def sign_in(page: Page) -> None:
    page.get_by_role("link", name="Sign in with localhost").click()
    page.get_by_label("Who are you?").fill("ana@example.com")
    page.get_by_role("button", name="It is me").click()


@pytest.mark.parametrize("walk", [True, False], ids=["with JavaScript", "without"], indirect=True)
def test_somebody_goes_to_the_provider_comes_back_where_they_were_and_signs_out(walk, base):
    page = walk.open("/queue")
    assert page.url == f"{base}/login?to=%2Fqueue"
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue")
    assert page.url == f"{base}/queue"
    expect(page.get_by_text("ana@example.com, approver")).to_be_visible()
    cookies = {one["name"]: one for one in page.context.cookies() if one["domain"] == "127.0.0.1"}
    assert set(cookies) == {"syncd"}, "what was remembered on the way is gone"
    assert cookies["syncd"]["httpOnly"]
    assert cookies["syncd"]["sameSite"] == "Lax"
    page.get_by_role("button", name="Sign out").click()
    expect(
        page.get_by_text("You are signed out here. At the provider you are still signed in.")
    ).to_be_visible()
    walk.open("/queue")
    assert page.url == f"{base}/login?to=%2Fqueue"
    sign_in(page)
    expect(page.get_by_text("ana@example.com, approver")).to_be_visible()


@pytest.mark.parametrize("walk", [True], ids=["with JavaScript"], indirect=True)
def test_the_page_that_leads_there_is_for_everybody(walk):
    walk.open("/login")
    walk.is_for_everybody()
