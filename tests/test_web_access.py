"""Who gets in: passwords, sessions, a proxy, tokens; and forms that another site sent."""

import html
import re
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import httpx
import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from syncd.cli.main import app as commands
from syncd.config.web_parts import AuthPart, WebSettings
from syncd.errors import ConfigError
from syncd.store import audit, logins
from syncd.store.audit_tables import web_try
from syncd.web.access import serves_pages
from syncd.web.passwords import fits, hash_password, read_passwords
from syncd.web.site import Site
from syncd.wiring import wire
from tests.test_web import Pages
from tests.workbench import workbench

PASSWORD = "correct horse battery"
LOCAL, OUTSIDE = "http://127.0.0.1", "https://sync.example.com"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with workbench(tmp_path_factory.mktemp("access")) as made:
        made.in_process = True
        made.staff(1)
        line = f"ana:approver:{hash_password(PASSWORD)}\n"
        (made.folder / "passwords").write_text(f"# who may\n\n{line}", encoding="utf-8")
        made.run("db", "upgrade")
        yield made


@pytest.fixture
def pages(bench):
    app = wire(bench.config())
    made = Pages(
        site=Site(app=app, config=bench.config(), alive=lambda: True),
        auth=AuthPart.model_construct(
            **{**AuthPart().__dict__, "type": "password", "passwords": bench.folder / "passwords"}
        ),
    )
    with app.database.write() as conn:
        conn.execute(delete(web_try))
    yield made
    app.close()


def walk(pages: Pages, base: str = LOCAL):
    """A browser: sends one request after the other, keeping cookies."""
    jar: dict[str, str] = {}

    def ask(method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        named = {"Cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
        (answer,) = pages.ask(httpx.Request(method, f"{base}{path}", data=form, headers=named))
        said = re.findall(
            r"([\w-]*syncd[\w-]*)=\"?([^;\"]*)", "\n".join(answer.headers.get_list("set-cookie"))
        )
        jar.update(said)
        return answer

    ask.jar = jar  # type: ignore[attr-defined]
    return ask


def token_in(answer: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', answer.text)
    assert found is not None
    return found[1]


def signed_in(pages: Pages, base: str = LOCAL, password: str = PASSWORD):
    ask = walk(pages, base)
    csrf = token_in(ask("GET", "/login"))
    form = {"csrf": csrf, "name": "ana", "password": password, "to": "/runs"}
    return ask, ask("POST", "/login", form)


def test_nobody_sees_anything_before_they_have_signed_in(pages):
    ask = walk(pages)
    assert ask("GET", "/runs").headers["location"] == "/login?to=%2Fruns"
    assert ask("GET", "/runs.json").status_code == 401
    assert ask("POST", "/queue/resume").status_code == 401


def test_somebody_signs_in_does_what_their_role_may_and_signs_out(pages):
    ask, answer = signed_in(pages)
    assert answer.headers["location"] == "/runs"
    page = ask("GET", "/queue")
    assert "ana, approver" in page.text
    csrf = token_in(page)
    assert ask("POST", "/queue/pause", {"csrf": csrf, "class": "all", "reason": "a test"}).status_code == 303
    assert ask("POST", "/queue/resume", {"csrf": csrf, "class": "all"}).status_code == 303
    assert "Resumed: all" in ask("GET", "/queue").text
    assert "Resumed: all" not in ask("GET", "/queue").text, "it is said once"
    assert ask("GET", "/audit").status_code == 403
    old = dict(ask.jar)
    assert ask("POST", "/logout", {"csrf": csrf}).headers["location"] == "/login"
    ask.jar.update(old)
    assert ask("GET", "/runs").status_code == 303, "the session is over, whoever has its id"
    with pages.site.database.read() as conn:
        done = [(row["actor"], row["action"]) for row in reversed(audit.listed(conn, "main"))]
    assert done[-4:] == [("web:ana", each) for each in ("login", "pause", "resume", "logout")]


@pytest.mark.parametrize(
    "wanted", ["/runs?state=failed&flow=push", "/employees/a%20b?x=1%2B1", "/changes?rule=teams%5B0%5D"]
)
def test_whoever_signs_in_comes_to_where_they_wanted_with_its_filters(pages, wanted):
    ask = walk(pages)
    sent = ask("GET", wanted).headers["location"]
    assert sent.startswith("/login?to=")
    form = ask("GET", sent)
    to = html.unescape(re.search(r'name="to" value="([^"]*)"', form.text)[1])  # type: ignore[index]
    answer = ask("POST", "/login", {"csrf": token_in(form), "name": "ana", "password": PASSWORD, "to": to})
    assert answer.headers["location"] == wanted


def test_the_cookie_is_kept_from_scripts_other_sites_and_other_hosts(pages):
    _ask, answer = signed_in(pages, OUTSIDE)
    cookie = next(each for each in answer.headers.get_list("set-cookie") if "syncd=" in each)
    assert cookie.startswith("__Host-syncd=")
    for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    _ask, answer = signed_in(pages, LOCAL)
    assert "Secure" not in str(answer.headers.get_list("set-cookie")), "loopback has no TLS"


def test_the_session_is_another_after_signing_in(pages):
    ask = walk(pages)
    csrf = token_in(ask("GET", "/login"))
    before = ask.jar["syncd"]
    ask("POST", "/login", {"csrf": csrf, "name": "ana", "password": PASSWORD})
    assert ask.jar["syncd"] != before


def test_a_form_of_another_site_is_refused(pages):
    ask, _answer = signed_in(pages)
    csrf = token_in(ask("GET", "/queue"))
    form = {"csrf": csrf, "class": "all", "reason": "x"}
    assert ask("POST", "/queue/pause", {**form, "csrf": "0" * 64}).status_code == 403
    assert ask("POST", "/queue/pause", {"class": "all", "reason": "x"}).status_code == 403
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9"):
        assert ask("POST", "/queue/pause", form, Origin=origin).status_code == 403
    assert ask("POST", "/queue/pause", form, Sec_Fetch_Site="cross-site").status_code == 403
    assert ask("POST", "/queue/resume", form, Origin="http://127.0.0.1").status_code == 303
    assert ask("POST", "/queue/pause", {**form, "reason": "x" * 70_000}).status_code == 413


def test_a_session_ends_by_the_clock_and_with_its_password(pages, bench):
    ask, _answer = signed_in(pages)
    database = pages.site.app.database
    for ahead, status in (
        (timedelta(minutes=29), 200),
        (timedelta(minutes=58), 200),
        (timedelta(minutes=89), 303),
    ):
        database.ahead = ahead
        assert ask("GET", "/runs").status_code == status, ahead
    database.ahead = timedelta()
    ask, _answer = signed_in(pages)
    for half_hours in range(1, 24):
        database.ahead = timedelta(minutes=29 * half_hours)
        assert ask("GET", "/runs").status_code == 200
    database.ahead = timedelta(hours=12, seconds=1)
    assert ask("GET", "/runs").status_code == 303, "12 hours are the longest"
    database.ahead = timedelta()
    ask, _answer = signed_in(pages)
    before = (bench.folder / "passwords").read_text(encoding="utf-8")
    (bench.folder / "passwords").write_text(
        f"ana:viewer:{hash_password('another password')}\n", encoding="utf-8"
    )
    assert ask("GET", "/runs").status_code == 303
    (bench.folder / "passwords").write_text(before, encoding="utf-8")


def test_a_name_is_tried_five_times_a_minute_whichever_replica_is_asked(pages):
    """Each ``signed_in`` asks an application of its own: they share the database alone."""
    for _ in range(5):
        _ask, answer = signed_in(pages, password="wrong password")
        assert answer.status_code == 401
        assert "tried too often" in answer.text
    assert signed_in(pages)[1].status_code == 401, "though the password is right"
    pages.site.app.database.ahead = timedelta(seconds=61)
    assert signed_in(pages)[1].status_code == 303
    pages.site.app.database.ahead = timedelta()


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_signing_in_leads_nowhere_else(pages, to):
    ask = walk(pages)
    csrf = token_in(ask("GET", "/login"))
    answer = ask("POST", "/login", {"csrf": csrf, "name": "ana", "password": PASSWORD, "to": to})
    assert answer.headers["location"] == "/"


def by_proxy(pages: Pages, bench, **changed):
    auth = {
        **AuthPart().__dict__,
        "type": "proxy",
        "roles": {"ana": "admin"},
        "trusted_proxies": (ip_network("10.1.2.0/24"),),
        "secret": pages.site.config.litmos.api_key,
    }
    return replace(pages, auth=AuthPart.model_construct(**{**auth, **changed}), address="10.1.2.3")


def test_a_proxy_is_believed_from_its_address_and_with_its_secret_alone(pages, bench):
    secret = pages.site.config.litmos.api_key.reveal()
    proxied = by_proxy(pages, bench)
    right = {"X_Forwarded_User": "ana", "X_Syncd_Proxy": secret}
    assert "ana, admin" in proxied.get("/", **right).text
    assert proxied.get("/", **{**right, "X_Syncd_Proxy": "guess"}).status_code == 401
    assert proxied.get("/", X_Forwarded_User="ana").status_code == 401
    assert proxied.get("/", **{**right, "X_Forwarded_User": "bo"}).status_code == 401
    assert replace(proxied, address="10.1.3.3").get("/", **right).status_code == 401
    everybody = by_proxy(pages, bench, default_role="viewer")
    assert "bo, viewer" in everybody.get("/", **{**right, "X_Forwarded_User": "bo"}).text


def test_a_token_is_good_until_it_expires_or_is_revoked(pages, bench):
    token = bench.run("web", "token", "grafana", "--role", "viewer", "--days", "2").stdout.strip()
    assert token.startswith("syncd_")
    headers = {"Authorization": f"Bearer {token}"}
    assert pages.get("/runs.json", **headers).status_code == 200
    assert pages.get("/queue/resume", method="POST", **headers).status_code == 403
    assert "grafana" in bench.run("web", "tokens").stdout
    assert token not in bench.run("web", "tokens", "--json").stdout
    bench.run("web", "token", "grafana", expect=1)
    pages.site.app.database.ahead = timedelta(days=2, seconds=1)
    assert pages.get("/runs.json", **headers).status_code == 401
    pages.site.app.database.ahead = timedelta()
    bench.run("web", "revoke", "grafana")
    assert pages.get("/runs.json", **headers).status_code == 401
    assert "make token" in bench.run("audit").stdout


def test_what_is_stored_opens_nothing(pages):
    ask, _answer = signed_in(pages)
    with pages.site.database.read() as conn:
        kept = [dict(row) for row in conn.exec_driver_sql("SELECT * FROM web_session").mappings()]
    assert ask.jar["syncd"] not in str(kept)
    assert logins.hashed(ask.jar["syncd"]) in str(kept)


@pytest.mark.parametrize(
    ("host", "pages_", "served"),
    [("127.0.0.1", "always", True), ("0.0.0.0", "safe", False), ("127.0.0.1", "never", False)],  # noqa: S104
)
def test_pages_are_served_where_they_may_be(host, pages_, served):
    assert serves_pages(WebSettings(host=host, pages=pages_)) is served


@pytest.mark.parametrize(
    ("auth", "fault"),
    [
        ("{type: password}", "needs passwords"),
        ("{type: proxy, secret: abc}", "needs trusted_proxies and secret"),
        ("{type: proxy, trusted_proxies: [10.0.0.0/8]}", "needs trusted_proxies and secret"),
        ("{type: proxy, trusted_proxies: [10.0.0.1/8], secret: abc}", "trusted_proxies"),
        ("{roles: {ana: king}}", "roles"),
    ],
)
def test_half_an_authentication_is_a_fault_of_the_file(bench, auth, fault):
    bench.configure(("web: {port: 0}", f"web: {{port: 0, auth: {auth}}}"))
    done = bench.run("config", "check", expect=3)
    assert fault in done.stderr + done.stdout
    bench.configure()


def test_elsewhere_without_authentication_syncd_does_not_start(bench):
    with pytest.raises(ConfigError, match=r"web\.auth"):
        serves_pages(WebSettings(host="0.0.0.0"))  # noqa: S104
    bench.configure(("web: {port: 0}", "web: {port: 0, host: 0.0.0.0}"))
    done = bench.run("serve", expect=3)
    assert "web.auth.type is none" in done.stderr
    bench.configure()


def test_the_command_makes_lines_that_fit(tmp_path):
    file = tmp_path / "passwords"
    for role in ("viewer", "approver"):
        made = CliRunner().invoke(
            commands, ["web", "password", "bo", "--role", role, "--file", str(file)], input=f"{PASSWORD}\n"
        )
        assert made.exit_code == 0, made.output
    found = read_passwords(file)
    assert list(found) == ["bo"]
    assert found["bo"].role == "approver"
    assert fits(PASSWORD, found["bo"].hashed)
    assert not fits("correct horse", found["bo"].hashed)
    assert file.stat().st_mode & 0o777 == 0o600
    short = CliRunner().invoke(commands, ["web", "password", "bo"], input="short\n")
    assert short.exit_code == 2


def test_a_spoilt_password_file_is_refused_by_line_and_tells_no_hash(tmp_path):
    file = tmp_path / "passwords"
    file.write_text("ana:king:scrypt$1\nbo:viewer:plain\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_passwords(file)
    assert [fault.where for fault in caught.value.faults] == [f"{file}:1", f"{file}:2"]
    assert "scrypt$1" not in str(caught.value)


def test_what_is_wrong_with_the_file_is_told_to_nobody_who_asks(pages, bench):
    before = (bench.folder / "passwords").read_text(encoding="utf-8")
    ask, _answer = signed_in(pages)
    (bench.folder / "passwords").write_text("spoilt\n", encoding="utf-8")
    answer = ask("GET", "/runs")
    assert (answer.status_code, str(bench.folder) in answer.text) == (503, False)
    (bench.folder / "passwords").write_text(before, encoding="utf-8")
    assert ask("GET", "/runs").status_code == 200
