"""Signing in by OpenID Connect, against a provider on a socket; and every way we know to get in without being somebody."""

import base64
import hmac
import json
import logging
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import delete, func, select
from starlette.routing import Route

from syncd.config.web_parts import AuthPart
from syncd.log import configure
from syncd.store import audit
from syncd.store.audit_tables import web_session, web_try
from syncd.web import claims
from syncd.web.claims import NotSignedIn
from syncd.web.openid import Way, way_in
from syncd.web.provider import Provider
from syncd.web.site import Site
from syncd.wiring import wire
from tests.openid_provider import ACCESS, CLIENT, PERSON, SECRET, OpenIdProvider, new_key, signed
from tests.test_web import Pages, filled
from tests.workbench import workbench

LOCAL = "http://127.0.0.1"
OIDC = """web:
  port: 0
  url: http://127.0.0.1
  auth:
    type: oidc
    issuer: {issuer}
    client_id: syncd
    client_secret: ${{env:OIDC_SECRET}}
    roles: {{hr-it: approver, everybody: viewer}}"""


@pytest.fixture(autouse=True)
def logged(pages):  # after ``pages``, whose commands say where the log goes
    """What is logged is heard by ``caplog``, whatever ran before in this process; the loggers are as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure(form="json", stream=sys.stdout)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def heard(caplog) -> str:
    """What was logged since it was asked for last."""
    told = str(caplog.text)
    caplog.clear()
    return told


@pytest.fixture(scope="module")
def served():
    with OpenIdProvider().serving() as made:
        yield made


@pytest.fixture
def provider(served):
    served.reset()
    return served


@pytest.fixture(scope="module")
def bench(tmp_path_factory, served):
    with workbench(tmp_path_factory.mktemp("openid")) as made:
        made.in_process = True
        made.environ["OIDC_SECRET"] = SECRET
        made.configure(("web: {port: 0}", OIDC.format(issuer=served.url)))
        made.staff(1)
        made.run("db", "upgrade")
        yield made


@pytest.fixture(scope="module")
def site(bench):
    app = wire(bench.config())
    yield Site(app=app, config=bench.config(), alive=lambda: True)
    app.close()


@pytest.fixture
def pages(site, provider):
    site.app.database.ahead = timedelta()
    with site.database.write() as conn:
        conn.execute(delete(web_try))
        conn.execute(delete(web_session))
    return Pages(site=site, auth=site.config.web.auth)


class Browser:
    """Keeps cookies, follows nothing by itself; ``application`` is one process of syncd."""

    def __init__(self, pages: Pages) -> None:
        self.pages, self.application = pages, pages.application
        self.jar: dict[str, str] = {}

    def get(self, path: str, method: str = "GET", **form: str) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        url = path if path.startswith("http") else f"{LOCAL}{path}"
        made = httpx.Request(method, url, data=form or None, headers={"Cookie": cookie})
        (answer,) = self.pages.ask(made)
        for text in answer.headers.get_list("set-cookie"):
            found = re.match(r"([\w-]+)=\"?([^;\"]*)", text)
            assert found is not None, text
            self.jar[found[1]] = found[2]
            if "Max-Age=0" in text:
                del self.jar[found[1]]
        return answer

    def begin(self, to: str = "/runs") -> str:
        """Go to the provider and sign in there: the address that it sends back to."""
        away = self.get(f"/login/start?to={to}")
        assert away.status_code == 303, away.text
        return httpx.get(away.headers["location"], follow_redirects=False).headers["location"]

    def sign_in(self, to: str = "/runs") -> httpx.Response:
        return self.get(self.begin(to))


def entries(pages: Pages) -> list[tuple[str, str, dict[str, str]]]:
    with pages.site.database.read() as conn:
        return [(row["actor"], row["action"], row["detail"]) for row in audit.listed(conn, "main", limit=5)]


def test_somebody_signs_in_does_what_their_group_may_and_signs_out(pages, provider):
    browser = Browser(pages)
    assert browser.get("/runs").headers["location"] == "/login?to=%2Fruns"
    page = browser.get("/login?to=%2Fruns").text
    assert f'href="{LOCAL}/login/start?to=%2Fruns"' in page
    assert "Sign in with 127.0.0.1" in page
    before = browser.jar["syncd"]
    answer = browser.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
    assert browser.jar["syncd"] != before, "the session is another after signing in"
    assert "syncd-login" not in browser.jar
    page = browser.get("/queue").text
    assert "ana@example.com, approver" in page, "of two groups the one that may more"
    assert browser.get("/audit").status_code == 403
    assert entries(pages)[0] == ("web:ana@example.com", "login", {"subject": "8f2a-ana"})
    (csrf, *_more) = re.findall(r'name="csrf" value="(\w+)"', page)
    kept = dict(browser.jar)
    answer = browser.get("/logout", "POST", csrf=csrf)
    assert answer.headers["location"] == "/login"
    assert "At the provider you are still signed in" in browser.get("/login").text
    browser.jar = kept
    assert browser.get("/runs").status_code == 303, "the session is over, whoever has its id"


def test_looking_at_the_way_in_stores_nothing_and_tells_no_secret(pages):
    browser = Browser(pages)
    away = browser.get("/login/start?to=/runs")
    asked = {name: some[0] for name, some in parse_qs(urlsplit(away.headers["location"]).query).items()}
    assert asked["tenant"] == "1", "what the address of the provider holds stays"
    assert asked["redirect_uri"] == f"{LOCAL}/login/callback"
    assert asked["scope"] == "openid profile"
    seed = browser.jar["syncd-login"].partition(".")[0]
    assert seed not in away.headers["location"]
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    cookie = away.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert part in cookie
    (outside,) = pages.ask(httpx.Request("GET", "https://sync.example.com/login/start"))
    assert outside.headers["set-cookie"].startswith("__Host-syncd-login=")
    assert "Secure" in outside.headers["set-cookie"]
    with pages.site.database.read() as conn:
        kept = [
            conn.execute(select(func.count()).select_from(table)).scalar() for table in (web_try, web_session)
        ]
    assert kept == [0, 0]


def b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(given: dict[str, object]) -> str:
    return f"{b64({'alg': 'none', 'kid': 'one'})}.{b64(given)}."


def by_secret(of: str):
    """HS256 with what everybody may know, or what the client knows, as its key."""

    def sign(given):
        body = f"{b64({'alg': 'HS256', 'kid': 'one'})}.{b64(given)}"
        digest = hmac.digest(of.encode(), body.encode(), "sha256")
        return f"{body}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

    return sign


def tampered(provider: OpenIdProvider):
    def sign(given):
        head, _body, signature = signed(given, provider.keys[-1]).split(".")
        return f"{head}.{b64({**given, 'groups': ['admins']})}.{signature}"

    return sign


ATTACKS: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "invalid_claim (iss)"),
    "no issuer": ({"iss": None}, "missing_claim"),
    "for another client": ({"aud": "wiki"}, "invalid_claim (aud)"),
    "for several, none of them us": ({"aud": ["wiki", "mail"]}, "invalid_claim (aud)"),
    "for several, made for another": ({"aud": ["wiki", "syncd"], "azp": "wiki"}, "invalid_claim (azp)"),
    "for several, made for nobody": ({"aud": ["wiki", "syncd"]}, "invalid_claim (azp)"),
    "another's nonce": ({"nonce": "x" * 43}, "(nonce)"),
    "no nonce": ({"nonce": None}, "(nonce)"),
    "a nonce that is no text": ({"nonce": ["x"]}, "(nonce)"),
    "expired": ({"exp": time.time() - 90}, "expired_token (exp)"),
    "never expires": ({"exp": None}, "missing_claim"),
    "expires with no number": ({"exp": "never"}, "invalid_claim (exp)"),
    "from the future": ({"iat": time.time() + 3600, "exp": time.time() + 7200}, "invalid_claim (iat)"),
    "old": ({"iat": time.time() - 3600}, "invalid_claim (iat)"),
    "not good yet": ({"nbf": time.time() + 3600}, "invalid_claim (nbf)"),
    "nobody": ({"sub": ""}, "invalid_claim (sub)"),
    "no subject": ({"sub": None}, "missing_claim"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_token_that_is_not_ours_lets_nobody_in(pages, provider, caplog, name):
    changed, why = ATTACKS[name]

    def edit(given):
        given.update(changed)
        for claim in [claim for claim, value in changed.items() if value is None]:
            del given[claim]

    provider.edit = edit
    refused(pages, caplog, why)


SIGNED = {
    "alg none": (lambda _: unsigned, "unsupported_algorithm"),
    "HS256 with the public key": (
        lambda provider: by_secret(provider.keys[0].as_pem(private=False).decode()),
        "unsupported_algorithm",
    ),
    "HS256 with the client's secret": (lambda _: by_secret(SECRET), "unsupported_algorithm"),
    "a key that is not published": (
        lambda _: lambda given: signed(given, new_key("two")),
        "a key that the provider does not publish",
    ),
    "another key of a published id": (lambda _: lambda given: signed(given, new_key("one")), "bad_signature"),
    "changed after it was signed": (tampered, "bad_signature"),
    "a critical header": (
        lambda provider: (
            lambda given: (
                f"{b64({'alg': 'ES256', 'kid': 'one', 'crit': ['x'], 'x': 1})}."
                + signed(given, provider.keys[0]).partition(".")[2]
            )
        ),
        "the ID token",
    ),
    "no token": (lambda _: lambda _given: "nothing", "the ID token"),
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_token_that_is_not_signed_by_the_provider_lets_nobody_in(pages, provider, caplog, name):
    made, why = SIGNED[name]
    provider.sign = made(provider)
    refused(pages, caplog, why)


def refused(pages, caplog, why: str, status: int = 401) -> str:
    """Sign in, to no avail; why is in the log, and nothing of the token, the code, or the person."""
    browser = Browser(pages)
    answer = browser.sign_in()
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text
    assert "Sign in with" in answer.text, "the page has the way to try again"
    told = heard(caplog)
    assert why in told
    for secret in ("eyJ", SECRET, ACCESS, "ana@example.com", "8f2a"):
        assert secret not in told
    assert browser.get("/runs").status_code == 303
    with pages.site.database.read() as conn:
        assert conn.execute(web_session.select()).first() is None
    return answer.text


def test_a_weak_or_secret_key_of_the_provider_is_no_key(pages, provider, caplog):
    with pytest.warns(SecurityWarning):
        provider.keys = [RSAKey.generate_key(1024, {"kid": "one", "alg": "RS256"})]
    refused(pages, caplog, "a key that the provider does not publish")
    provider.keys = [OctKey.import_key("k" * 40, {"kid": "one", "alg": "HS256"})]
    refused(pages, caplog, "a key that the provider does not publish")


def test_a_provider_with_an_rsa_key_without_an_id_and_a_secret_in_the_form_does_too(pages, provider):
    provider.keys = [RSAKey.generate_key(2048)]
    provider.document = {"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"]}
    provider.sign = lambda given: signed(given, provider.keys[0], alg="RS256")
    assert Browser(pages).sign_in().status_code == 303


def test_only_the_browser_that_began_comes_back_and_only_once(pages, provider, caplog):
    ana, mallory = Browser(pages), Browser(pages)
    of_mallory = mallory.begin()
    assert ana.get(of_mallory).status_code == 400, "who never began, has no cookie"
    of_ana = ana.begin()
    assert ana.get(of_mallory).status_code == 400, (
        "a state of another browser: nobody signs her in as somebody else"
    )
    kept = dict(ana.jar)
    assert ana.get(of_ana).status_code == 303
    ana.jar = kept
    assert ana.get(of_ana).status_code == 400
    assert "a state was used again" in heard(caplog)
    late = Browser(pages)
    back = late.begin()
    pages.site.app.database.ahead = timedelta(minutes=11)
    assert late.get(back).status_code == 400
    assert late.get("/login/callback").status_code == 400
    assert late.get("/login/callback?state=&code=x").status_code == 400


def test_asking_any_route_for_its_head_or_options_changes_nothing(pages, provider):
    """Generated from the router. What looks at links before people do must not use up their way in."""
    browser = Browser(pages)
    browser.sign_in()
    back = browser.begin()

    def everything() -> dict[str, list[Any]]:
        with pages.site.database.read() as conn:
            return {
                table.name: list(conn.execute(select(table))) for table in web_session.metadata.sorted_tables
            }

    before, asked, jar = everything(), len(provider.asked), dict(browser.jar)
    for route in browser.application.routes:
        assert isinstance(route, Route)
        path = back if route.path == "/login/callback" else filled(route.path)
        for method in ("HEAD", "OPTIONS"):
            answer = browser.get(path, method)
            assert answer.status_code in ({200, 303, 403, 404, 405} if method == "HEAD" else {405}), (
                method,
                path,
            )
            assert answer.text == "" or method == "OPTIONS" or answer.status_code == 405
    assert everything() == before
    assert len(provider.asked) == asked
    browser.jar = jar
    assert browser.get(back).headers["location"] == "/runs", "and the way is good all the same"


@pytest.mark.parametrize(
    ("back", "said", "why"),
    [
        ({"error": "access_denied", "code": ""}, "(access_denied)", "(access_denied)"),
        ({"error": "<script>alert(1)</script>", "code": ""}, "did not sign you in.", "sent an error"),
        ({"code": ""}, "did not sign you in.", "no code"),
        ({"code": "made-up"}, "did not sign you in.", "refused the code (invalid_grant)"),
        ({"iss": "https://evil.example"}, "not from the provider", "another issuer"),
    ],
)
def test_what_is_no_code_of_the_provider_lets_nobody_in(pages, provider, caplog, back, said, why):
    provider.back = back
    text = refused(pages, caplog, why)
    assert said in text
    assert "alert(1)" not in text


def test_a_code_that_another_browser_got_is_no_good_without_its_verifier(pages, provider, caplog):
    """The code of somebody is put into the way back of another: PKCE."""
    stolen = parse_qs(urlsplit(Browser(pages).begin()).query)["code"][0]
    provider.back = {"code": stolen}
    refused(pages, caplog, "(invalid_grant)")


def test_who_always_names_itself_must_do_so(pages, provider, caplog):
    provider.document = {"authorization_response_iss_parameter_supported": True}
    refused(pages, caplog, "names another issuer, or none")
    provider.back = {"iss": provider.url}
    assert Browser(pages).sign_in().status_code == 303


DISCOVERY = "/.well-known/openid-configuration"
DOWN = {
    "no discovery": (DISCOVERY, (500, b"oops"), "answered 500"),
    "a redirect": (DISCOVERY, (302, b""), "answered 302"),
    "a page": (DISCOVERY, (200, b"<html>"), "no JSON"),
    "a list": (DISCOVERY, (200, b"[]"), "no object"),
    "endless": (DISCOVERY, (200, b" " * 300_000), "larger than 256 kB"),
    "no keys": ("/keys", (503, b""), "answered 503"),
    "no tokens": ("/token", (500, b"Traceback"), "answered 500"),
    "tokens elsewhere": ("/token", (307, b""), "answered 307"),
}


@pytest.mark.parametrize("name", DOWN)
def test_a_provider_that_is_down_is_a_clear_page(pages, provider, caplog, name):
    path, failing, why = DOWN[name]
    provider.failing = {path: failing}
    browser = Browser(pages)
    answer = browser.get("/login/start")
    if answer.status_code == 303:
        answer = browser.sign_in()
    assert answer.status_code == 503
    assert "127.0.0.1 cannot be asked who you are now. Try again in a minute" in answer.text
    assert why in heard(caplog)


DOCUMENTS = {
    "another issuer": {"issuer": "https://evil.example"},
    "a slash more": {"issuer": "http://127.0.0.1/"},
    "plain http elsewhere": {"token_endpoint": "http://evil.example/token"},
    "no address": {"jwks_uri": None},
    "a script": {"authorization_endpoint": "javascript:alert(1)"},
    "no secret taken": {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_discovery_document_that_leads_astray_is_not_followed(pages, provider, name):
    provider.document = DOCUMENTS[name]
    assert Browser(pages).get("/login/start").status_code == 503
    assert provider.asked == [DISCOVERY]


def test_with_a_wrong_secret_the_log_says_so_and_a_rotated_one_is_read_anew(pages, provider, bench, caplog):
    file = bench.folder / "client_secret"
    file.write_text("old", encoding="utf-8")
    bench.configure(
        ("web: {port: 0}", OIDC.format(issuer=provider.url).replace("env:OIDC_SECRET", "file:client_secret"))
    )
    pages.auth = bench.config().web.auth
    refused(pages, caplog, "(invalid_client)")
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    assert Browser(pages).sign_in().status_code == 303


@pytest.mark.parametrize(
    ("person", "changed", "status", "text"),
    [
        ({"groups": ["everybody"]}, {}, 303, "ana@example.com, viewer"),
        ({"groups": "hr-it"}, {}, 303, "ana@example.com, approver"),
        ({"groups": ["others"]}, {}, 403, "nobody gave you a role"),
        ({"groups": {"hr-it": True}}, {}, 403, "nobody gave you a role"),
        ({"groups": ["others"]}, {"default_role": "viewer"}, 303, "ana@example.com, viewer"),
        ({"roles": ["hr-it"]}, {"roles_claim": "roles"}, 303, "ana@example.com, approver"),
        ({"preferred_username": ""}, {}, 303, "8f2a-ana, approver"),
        ({"preferred_username": "a\u202eb"}, {}, 401, "cannot write down"),
        (
            {"email": "ana@x.example", "email_verified": False},
            {"username_claim": "email"},
            401,
            "not checked",
        ),
        ({"email": "ana@x.example"}, {"username_claim": "email"}, 303, "ana@x.example, approver"),
    ],
)
def test_who_somebody_is_and_what_they_may(pages, provider, person, changed, status, text):
    provider.person |= person
    pages.auth = AuthPart.model_construct(**{**pages.auth.__dict__, **changed})
    browser = Browser(pages)
    answer = browser.sign_in()
    assert answer.status_code == status
    assert text in (browser.get("/queue") if status == 303 else answer).text
    if status == 403:
        assert entries(pages)[0] == ("web:ana@example.com", "login refused", {"subject": "8f2a-ana"})


def test_what_the_id_token_leaves_out_is_asked_of_userinfo(pages, provider):
    """A provider that keeps to the letter of the standard puts names and groups there when it gives a code."""
    provider.thin = True
    browser = Browser(pages)
    assert browser.sign_in().status_code == 303
    assert "ana@example.com, approver" in browser.get("/queue").text
    assert provider.asked.count("/userinfo") == 1


def test_what_the_id_token_says_itself_is_not_asked_again_nor_changed(pages, provider):
    provider.document = {"userinfo_endpoint": f"{provider.url}/userinfo"}
    provider.userinfo = {"groups": ["hr-it"], "preferred_username": "somebody"}
    provider.person = {"sub": "8f2a-ana", "preferred_username": "ana@example.com", "groups": ["everybody"]}
    browser = Browser(pages)
    assert browser.sign_in().status_code == 303
    assert "/userinfo" not in provider.asked
    del provider.person["preferred_username"]
    assert browser.sign_in().status_code == 303
    assert "somebody, viewer" in browser.get("/queue").text, "the groups are those that were signed"


def test_userinfo_about_somebody_else_lets_nobody_in(pages, provider, caplog):
    provider.thin, provider.userinfo = True, {"sub": "another"}
    refused(pages, caplog, "userinfo is about somebody else")


@pytest.mark.parametrize(
    ("failing", "why"),
    [
        ((503, b""), "answered 503"),
        ((200, b"eyJ.a.b"), "no JSON"),
        ((401, b"{}"), "refused the credentials (401)"),
    ],
)
def test_userinfo_that_does_not_answer_gives_no_groups_and_the_log_says_so(
    pages, provider, caplog, failing, why
):
    provider.thin, provider.failing = True, {"/userinfo": failing}
    browser = Browser(pages)
    assert browser.sign_in().status_code == 403
    told = heard(caplog)
    assert "userinfo_failed" in told
    assert why in told
    assert ACCESS not in told
    pages.auth = AuthPart.model_construct(**{**pages.auth.__dict__, "default_role": "viewer"})
    assert browser.sign_in().status_code == 303
    assert "8f2a-ana, viewer" in browser.get("/queue").text


def test_a_userinfo_at_a_place_that_is_not_safe_is_not_asked(pages, provider):
    provider.thin, provider.document = True, {"userinfo_endpoint": "http://evil.example/userinfo"}
    assert Browser(pages).sign_in().status_code == 403


def test_a_client_that_may_show_its_secret_in_one_way_alone_shows_it_so(pages, provider):
    """Discovery says what the provider can; of this client it may want just one."""
    provider.document = {
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]
    }
    provider.takes = ("form",)
    browser = Browser(pages)
    assert browser.sign_in().status_code == 303
    known = provider.asked.count("/token")
    assert known == 2
    provider.takes = ("header",)
    assert Browser(pages).sign_in().status_code == 303


def test_a_provider_that_tells_no_groups_at_all_is_told_from_the_wrong_ones(pages, provider, caplog):
    provider.person = {"sub": "x"}
    refused(pages, caplog, "the provider tells no groups", 403)
    provider.person = {"sub": "x", "groups": []}
    refused(pages, caplog, "none of their groups is in web.auth.roles", 403)


def test_too_many_groups_for_a_token_are_told_from_none(pages, provider, caplog):
    provider.person = {"sub": "x", "_claim_names": {"groups": "src1"}}
    refused(pages, caplog, "too many groups for a token", 403)


def test_sessions_end_with_the_map_of_roles_and_by_the_clock(pages, provider):
    browser = Browser(pages)
    browser.sign_in()
    assert browser.get("/runs").status_code == 200
    known = pages.auth
    for changed in ({"roles": {"hr-it": "viewer"}}, {"issuer": "https://other.example"}, {"client_id": "x"}):
        pages.auth = AuthPart.model_construct(**{**known.__dict__, **changed})
        assert browser.get("/runs").status_code == 303, changed
    pages.auth = known
    assert browser.get("/runs").status_code == 200
    pages.site.app.database.ahead = timedelta(minutes=31)
    assert browser.get("/runs").status_code == 303


def test_an_address_comes_back_thirty_times_a_minute(pages, provider):
    provider.back = {"error": "access_denied", "code": ""}
    browser = Browser(pages)
    found = [browser.sign_in().text for _ in range(31)]
    assert sum("(access_denied)" in text for text in found) == 30
    assert "tried too often" in found[-1]


def test_keys_that_the_provider_rotates_are_taken_and_asked_for_once_in_a_few_seconds(pages, provider):
    now = [0.0]
    known = Provider(pages.auth, clock=lambda: now[0])

    def answer() -> str:
        way = Way(seed="s" * 43, begun_at=0, to="/")
        asked = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": "r",
            "state": "s",
            "nonce": "n",
            "code_challenge": way.challenge,
            "code_challenge_method": "S256",
        }
        code = parse_qs(urlsplit(provider.authorize(asked)).query)["code"][0]
        try:
            verifier, at = way.derived("verifier"), datetime.now(UTC)
            found = known.claims(code, verifier=verifier, redirect_uri="r", nonce="n", now=at)
            return str(found["sub"])
        except NotSignedIn as error:
            return error.why

    assert answer() == PERSON["sub"]
    old = list(provider.keys)
    provider.keys = [new_key("two")]
    assert "does not publish" in answer()
    now[0] = 4
    assert "does not publish" in answer()
    assert provider.asked.count("/keys") == 1, "it was asked a moment ago"
    now[0] = 6
    assert answer() == PERSON["sub"]
    provider.sign = lambda given: signed(given, old[0])
    assert "does not publish" in answer(), "the old key is gone with it"
    assert provider.asked.count("/keys") == 2
    assert provider.asked.count(DISCOVERY) == 1
    provider.sign, now[0] = None, 6 + 3601
    assert answer() == PERSON["sub"]
    assert (provider.asked.count("/keys"), provider.asked.count(DISCOVERY)) == (3, 2), "both are read again"


def test_a_provider_that_has_just_failed_is_left_alone_for_a_moment(pages, provider):
    now = [0.0]
    known = Provider(pages.auth, clock=lambda: now[0])
    provider.failing = {DISCOVERY: (500, b"")}
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            known.places()
    assert provider.asked == [DISCOVERY]
    provider.failing, now[0] = {}, 6.0
    assert known.places().token == f"{provider.url}/token"


@pytest.mark.parametrize(
    "cookie", ["", "x", "x.1.Lw", f"{'s' * 43}.1e3.Lw", f"{'s' * 43}.1.\u00fc", f"{'s' * 43}.١.Lw"]
)
def test_a_cookie_that_is_none_of_ours_tells_of_no_way(cookie):
    assert way_in(cookie) is None


def test_a_cookie_leads_nowhere_else_and_its_parts_hold_together():
    way = Way(seed="s" * 43, begun_at=1, to="/runs")
    assert way_in(way.cookie) == way
    outside = way_in(Way(seed="s" * 43, begun_at=1, to="//evil.example").cookie)
    assert outside is not None
    assert outside.to == "/"
    texts = {way.derived("state"), way.derived("nonce"), way.derived("verifier")}
    texts |= {Way(seed="s" * 43, begun_at=2, to="/runs").derived("state")}
    texts |= {
        Way(seed="s" * 43, begun_at=1, to="/").derived("state"),
        Way(seed="t" * 43, begun_at=1, to="/runs").derived("state"),
    }
    assert len(texts) == 6


def test_the_role_with_the_most_counts():
    auth = AuthPart.model_construct(
        **{**AuthPart().__dict__, "roles": {"a": "viewer", "b": "admin", "c": "operator"}}
    )
    assert claims.person({"sub": "x", "groups": ["a", "b", "c"]}, auth).role == "admin"
    assert claims.person({"sub": "x", "groups": [1, None, "c"]}, auth).role == "operator"


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (("    issuer: {issuer}\n", ""), "needs issuer, client_id and client_secret"),
        (("{issuer}", "http://sso.example.com"), "issuer must be https"),
        (("{issuer}", "https://sso.example.com/?a=1"), "no query"),
        (("  url: http://127.0.0.1\n", ""), "auth.type oidc needs url"),
        (("  url: http://127.0.0.1\n", "  url: http://sync.example.com\n"), "needs a url with https"),
        (("    roles: {{hr-it: approver, everybody: viewer}}", ""), "needs roles"),
        (("    client_id", "    scopes: [profile]\n    client_id"), "scopes must have openid"),
    ],
)
def test_half_a_set_up_is_a_fault_of_the_file(bench, provider, changed, fault):
    text = OIDC.replace(*changed)
    assert text != OIDC
    bench.configure(("web: {port: 0}", text.format(issuer=provider.url)))
    done = bench.run("config", "check", expect=3)
    assert fault in done.stderr + done.stdout
    bench.configure(("web: {port: 0}", OIDC.format(issuer=provider.url)))
