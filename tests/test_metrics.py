"""Metrics: what a scrape shows after a push, and that rules, dashboard and document name nothing else."""

import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML
from sqlalchemy import event as engine_event

from syncd.config.metrics_parts import MetricsSettings
from syncd.config.settings import ScheduleSettings
from syncd.errors import ConfigError
from syncd.litmos.paths import WORDS, template
from syncd.metrics.exposing import Metrics, metrics_of, served
from syncd.metrics.facts import FRESH, StoreFacts
from syncd.sandbox.routes import ROUTES
from syncd.store import jobs, runs
from tests.workbench import KEY, workbench

ROOT = Path(__file__).parents[1]
MONITORING = ROOT / "config" / "monitoring"
NAME = re.compile(r"\bsyncd_[a-z_]+\b")
SCHEDULES = ScheduleSettings(push="0 6 * * *")


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Scraped:
    """A push with its metrics beside it, as ``syncd serve`` has them."""

    def __init__(self, bench, database, metrics: Metrics, clock: Clock) -> None:
        self.bench, self.database, self.metrics, self.clock = bench, database, metrics, clock

    def samples(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every sample of a scrape, by name and labels."""
        families = text_string_to_metric_families(self.metrics.text().decode())
        return {
            (one.name, frozenset(one.labels.items())): one.value
            for family in families
            for one in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        return self.samples()[name, frozenset(labels.items())]


@pytest.fixture(scope="module")
def scraped(tmp_path_factory) -> Iterator[Scraped]:
    with workbench(tmp_path_factory.mktemp("metrics")) as bench:
        bench.in_process = True
        bench.staff(3)
        bench.run("refresh")
        clock = Clock()
        with bench.database() as database:
            facts = StoreFacts(
                database=database, account="main", sources=["hr"], schedules=SCHEDULES, clock=clock
            )
            with metrics_of(facts) as metrics:
                bench.run("push")
                bench.run("pull")
                bench.run("pause", "--class", "learning")
                yield Scraped(bench, database, metrics, clock)


def families_of(scraped: Scraped) -> set[str]:
    """The metrics of a scrape as people name them: a counter with ``_total``."""
    found = text_string_to_metric_families(scraped.metrics.text().decode())
    return {f"{one.name}_total" if one.type == "counter" else one.name for one in found}


def test_a_push_is_counted(scraped):
    assert scraped.value("syncd_runs_total", flow="push", state="succeeded") == 1
    changed = {
        (one["action"], one["kind"]): number
        for (name, labels), number in scraped.samples().items()
        if name == "syncd_changes_total"
        and (one := dict(labels))["outcome"] == "done"
        and one["flow"] == "push"
    }
    assert changed == {
        ("create", "user"): 3,
        ("create", "team"): 2,
        ("add", "membership"): 3,
        ("add", "assignment"): 3,
    }
    assert scraped.value("syncd_attempts_total", kind="create_user", outcome="completed") == 3
    created = scraped.value("syncd_api_requests_total", method="POST", endpoint="/users", status_class="2xx")
    seen = [one for one in scraped.bench.sandbox.log if (one.method, one.path) == ("POST", "/users")]
    assert created == len(seen)
    assert scraped.value("syncd_run_duration_seconds_count", flow="push") == 1
    assert scraped.value("syncd_rate_limit_wait_seconds_total") >= 0
    assert scraped.value("syncd_results_delivered_total", sink="results") == 0


def test_the_database_says_how_it_is(scraped):
    assert scraped.value("syncd_store_up") == 1
    assert scraped.value("syncd_source_rows", source="hr") == 3
    assert scraped.value("syncd_queue_depth", state="uncertain") == 0
    assert scraped.value("syncd_paused", **{"class": "learning"}) == 1
    assert scraped.value("syncd_api_budget") == 300
    assert scraped.value("syncd_last_success_timestamp_seconds", flow="push") > 1.7e9
    now = scraped.value("syncd_last_success_timestamp_seconds", flow="push")
    following = scraped.value("syncd_next_run_timestamp_seconds", flow="push")
    assert 0 < following - now <= timedelta(days=1).total_seconds()
    assert scraped.value("syncd_flow_late", flow="push") == 0
    assert scraped.value("syncd_flow_late", flow="pull") == 0, "without a schedule it is not due"
    assert scraped.value("syncd_run_age_seconds", flow="push") == 0


def test_a_flow_that_is_due_often_is_late_too(scraped):
    """However soon it was due again, nothing has begun for longer than it may."""
    often = ScheduleSettings(push="*/5 * * * *")
    facts = StoreFacts(database=scraped.database, account="main", sources=[], schedules=often)
    for ahead, late in ((timedelta(minutes=14), False), (timedelta(minutes=45), True)):
        scraped.database.ahead = ahead
        with metrics_of(facts) as metrics:
            assert ('syncd_flow_late{flow="push"} 1.0' in metrics.text().decode()) is late
        facts._read_at = None
    scraped.database.ahead = timedelta()


def test_a_run_that_goes_on_and_on_is_late(scraped):
    with scraped.database.write() as conn:
        now = scraped.database.now(conn)
        made = runs.create(conn, "main", "refresh", trigger="person", actor="test", now=now)
        assert made is not None
        runs.start(conn, made, owner="", now=now - timedelta(hours=3))
    scraped.clock.now += FRESH
    assert scraped.value("syncd_flow_late", flow="refresh") == 1
    assert scraped.value("syncd_run_age_seconds", flow="refresh") == pytest.approx(3 * 3600, abs=60)
    told = scraped.bench.run("status")
    assert f"The refresh is running, late: run {made} began 3 h ago" in told.stdout + told.stderr
    with scraped.database.write() as conn:
        runs.finish(conn, made, "cancelled", now=now)
    scraped.clock.now += FRESH
    assert scraped.value("syncd_flow_late", flow="refresh") == 0


def test_the_database_is_asked_once_in_a_few_seconds(scraped):
    asked: list[str] = []

    def note(_conn, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    scraped.clock.now += FRESH
    engine_event.listen(scraped.database.engine, "before_cursor_execute", note)
    try:
        scraped.metrics.text()
        once = len(asked)
        scraped.clock.now += FRESH / 2
        scraped.metrics.text()
        assert 0 < len(asked) == once
        scraped.clock.now += FRESH / 2
        scraped.metrics.text()
        assert len(asked) == 2 * once
    finally:
        engine_event.remove(scraped.database.engine, "before_cursor_execute", note)


def test_a_refused_key_shows(scraped):
    with scraped.database.write() as conn:
        jobs.pause(conn, "main", code="X", reason="refused", now=scraped.database.now(conn))
    scraped.clock.now += FRESH
    assert scraped.value("syncd_key_refused") == 1
    with scraped.database.write() as conn:
        jobs.resume(conn, "main")
    scraped.clock.now += FRESH
    assert scraped.value("syncd_key_refused") == 0


def test_a_database_that_does_not_answer_is_a_fact_and_no_failed_scrape(scraped, tmp_path):
    from syncd.store.database import open_database

    empty = open_database(f"sqlite:///{tmp_path / 'none.db'}")
    facts = StoreFacts(database=empty, account="main", sources=[], schedules=SCHEDULES, alive=lambda: False)
    with metrics_of(facts) as metrics:
        text = metrics.text().decode()
    empty.close()
    assert "syncd_store_up 0.0" in text
    assert "syncd_alive 0.0" in text
    assert "syncd_queue_depth{" not in text


def test_no_key_and_nobody_is_in_a_scrape(scraped):
    text = scraped.metrics.text().decode()
    assert KEY not in text
    for known in ("@example.com", "First1", '"00001"', "employee"):
        assert known not in text


def test_rules_dashboard_and_document_name_what_a_scrape_has_and_all_of_it_is_described(scraped):
    """A histogram is asked for by its buckets."""
    there = families_of(scraped)
    described = set(
        re.findall(r"^\| `(syncd_\w+)` \|", (ROOT / "docs" / "metrics.md").read_text("utf-8"), re.MULTILINE)
    )
    assert described == there
    for name in ("alerts.yaml", "dashboard.json"):
        asked = {
            found.removesuffix("_bucket") for found in NAME.findall((MONITORING / name).read_text("utf-8"))
        }
        assert asked <= there, name
    board = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    exprs = " ".join(one["expr"] for panel in board["panels"] for one in panel["targets"])
    shown = {found.removesuffix("_bucket") for found in NAME.findall(exprs)}
    assert shown == there, "a metric that nobody looks at"


def test_every_alert_says_what_to_do():
    (group,) = YAML(typ="safe").load((MONITORING / "alerts.yaml").read_text("utf-8"))["groups"]
    assert len(group["rules"]) > 10
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert NAME.search(rule["expr"])


def test_they_are_served_on_a_port_of_their_own(scraped):
    with served(scraped.metrics, MetricsSettings(port=0)) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"syncd_build_info" in answer.read()
        with (
            pytest.raises(ConfigError, match="cannot listen"),
            served(scraped.metrics, MetricsSettings(port=port)),
        ):
            pass
    with served(scraped.metrics, MetricsSettings()) as nowhere:
        assert nowhere is None


def test_a_call_of_litmos_is_counted_whatever_ids_are_in_it():
    paths = {route.path for route in ROUTES}
    for path in paths:
        segments = path.replace("{}", "qRs12=").strip("/").split("/")
        assert template(segments) == path
    assert {part for path in paths for part in path.strip("/").split("/")} - {"{}"} == WORDS
