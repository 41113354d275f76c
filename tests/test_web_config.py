"""The page of the configuration: what holds, where it is set, and no secret."""

import pytest

from syncd.web.roles import Role
from syncd.web.site import Site
from syncd.wiring import wire
from tests.test_web import Pages
from tests.workbench import KEY, workbench


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    with workbench(tmp_path_factory.mktemp("config")) as bench:
        bench.in_process = True
        bench.configure(
            ("push: null, pull: null}", 'push: "0 3 * * *", pull: null, timezone: Europe/Berlin}'),
            ("JobTitle: title", "JobTitle: {from: iban, on: create}"),
        )
        bench.run("db", "upgrade")
        app = wire(bench.config())
        yield Pages(site=Site(app=app, config=bench.config(), alive=lambda: True))
        app.close()


def test_every_setting_says_where_it_is_set_and_secrets_are_dots(pages):
    found = pages.get("/config.json").json()
    settings = {one["key"]: (one["value"], one["where"]) for one in found["settings"]}
    assert settings["litmos.api_key"] == ("•••• (from env LITMOS_API_KEY)", "syncd.yaml:5:12")
    assert settings["push.policy"][1].startswith("syncd.yaml:")
    assert settings["web.host"] == ("127.0.0.1", "default")
    for path in ("/config", "/config.json", "/config.csv"):
        assert KEY not in pages.get(path).text


def test_the_mapping_is_a_table_with_owners_and_what_looks_sensitive(pages):
    fields = {one["field"]: one for one in pages.get("/config.json").json()["mapping"]}
    assert fields["JobTitle"]["owner"] == "litmos"
    assert fields["JobTitle"]["sensitive"] == ["a bank account"]
    assert (fields["Email"]["owner"], fields["Email"]["columns"]) == ("hr", ["email"])
    assert "from email" in fields["Email"]["rule"]
    assert fields["Email"]["where"].startswith("syncd.yaml:")


def test_the_next_times_are_there_in_both_zones(pages):
    (push,) = [one for one in pages.get("/config.json").json()["schedules"] if one["flow"] == "push"]
    assert len(push["fires"]) == 5
    assert all("T03:00:00+0" in one["local"] for one in push["fires"])
    assert "0 3 * * *" in pages.get("/config").text


def test_a_viewer_does_not_see_it_for_it_may_name_people(pages):
    assert pages.get("/config.json", Authorization=pages.token(Role.VIEWER)).status_code == 403
