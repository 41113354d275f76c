"""The page of results: what holds, filtered; where each is; totals that add up."""

import pytest

from syncd.web.site import Site
from syncd.wiring import wire
from tests.test_cli_results import COURSES, complete, control
from tests.test_web import Pages
from tests.workbench import workbench


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Three people have completed a course: two before the last pull that delivered, one while the sink takes nothing."""
    with workbench(tmp_path_factory.mktemp("results")) as bench:
        control(bench, "seed", {"learning_paths": [{"Name": "Onboarding"}], "courses": COURSES})
        bench.in_process = True
        bench.staff(3)
        bench.run("push")
        complete(bench, 1)
        complete(bench, 2)
        bench.run("pull")
        bench.configure(("path: results.csv", "path: nowhere/results.csv"))
        complete(bench, 3)
        bench.run("pull", expect=8)
        app = wire(bench.config())
        yield Pages(site=Site(app=app, config=bench.config(), alive=lambda: True))
        app.close()


def test_results_say_whether_each_sink_has_them(pages):
    found = pages.get("/results.json?status=completed&kind=course").json()["results"]
    assert [(one["employee_id"], one["object_name"], one["sinks"]) for one in found] == [
        ("00003", "First Aid", {"results": "pending"}),
        *((who, "First Aid", {"results": "delivered"}) for who in sorted(("00001", "00002"), reverse=True)),
    ]


def test_a_sink_that_takes_nothing_shows_since_when(pages):
    found = pages.get("/results.json").json()
    (sink,) = found["sinks"]
    assert (sink["sink"], sink["waiting_batches"], sink["waiting_rows"]) == ("results", 1, 1)
    assert sink["delivered_at"] < sink["waiting_since"]
    assert found["last_pull"]["state"] == "failed"
    assert found["last_pull"]["error"]


def test_totals_reconcile_with_the_list(pages):
    found = pages.get("/results.json?limit=500").json()
    assert found["number"] == len(found["results"]) == sum(one["results"] for one in found["totals"])


@pytest.mark.parametrize(
    ("asked", "number"),
    [("employee_id=00001", 1), ("employee_id=no", 0), ("since=2001-01-01", 3), ("since=2199-01-01", 0)],
)
def test_filters(pages, asked, number):
    assert len(pages.get(f"/results.json?kind=course&{asked}").json()["results"]) == number


def test_a_result_leads_to_all_of_what_was_learned(pages):
    one = pages.get("/results.json?employee_id=00001&kind=course").json()["results"][0]
    assert f"/results?object_id={one['object_id']}" in pages.get("/results").text
    assert len(pages.get(f"/results.json?object_id={one['object_id']}").json()["results"]) == 3
    assert pages.get("/results.csv").text.count("\r\n") >= 4
