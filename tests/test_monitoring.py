"""Alert rules, dashboard and metrics before Prometheus itself: its tool judges them, and it scrapes a syncd and is asked for every panel."""

import json
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from syncd.config.metrics_parts import MetricsSettings
from syncd.metrics.exposing import Metrics, served
from tests.needs import tool
from tests.test_metrics import MONITORING, Scraped, scraped
from tests.workbench import eventually

__all__ = ["scraped"]
pytestmark = pytest.mark.promtool
CASES = Path(__file__).parent / "monitoring" / "alerts.yaml"
MAY_LACK = ("increase(", "rate(", "syncd_held_expiry", "syncd_sink_failures")
"""Of queries that may have nothing to show: what has not happened yet, or did once, before the first scrape."""


def promtool(*arguments: str, given: bytes = b"") -> str:
    """What it says, which must be that all is well."""
    done = subprocess.run(
        [str(tool("promtool")), *arguments], input=given, capture_output=True, timeout=300, check=False
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def rules() -> list[dict[str, Any]]:
    (group,) = YAML(typ="safe").load((MONITORING / "alerts.yaml").read_text("utf-8"))["groups"]
    return list(group["rules"])


def test_rules_and_configuration_are_what_prometheus_takes():
    promtool("check", "rules", "--lint-fatal", str(MONITORING / "alerts.yaml"))
    promtool("check", "config", str(MONITORING / "prometheus.yaml"))


def test_metrics_keep_to_the_conventions(scraped):
    promtool("check", "metrics", given=scraped.metrics.text())


def test_each_alert_fires_when_it_should_and_not_otherwise(tmp_path):
    """What the annotations say is left out: the words are for people, and ``test_metrics`` has them.

    Each rule has a file of its own with the cases that ask for it, all given to one promtool: it evaluates every rule of a file at
    every minute of each case, and asks only what became of one.
    """
    bare = {rule["alert"]: {name: rule[name] for name in rule if name != "annotations"} for rule in rules()}
    cases = YAML(typ="safe").load(CASES.read_text("utf-8"))
    asked = [(case["alert_rule_test"][0]["alertname"], case) for case in cases["tests"]]
    for fires in (True, False):
        assert {
            alert for alert, case in asked if bool(case["alert_rule_test"][0]["exp_alerts"]) is fires
        } == set(bare)
    given = []
    for alert, rule in bare.items():
        mine = [case for other, case in asked if other == alert]
        assert {one["alertname"] for case in mine for one in case["alert_rule_test"]} == {alert}
        for name, content in (
            (f"rule-{alert}.yaml", {"groups": [{"name": "syncd", "rules": [rule]}]}),
            (f"cases-{alert}.yaml", {**cases, "rule_files": [f"rule-{alert}.yaml"], "tests": mine}),
        ):
            (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
        given.append(str(tmp_path / f"cases-{alert}.yaml"))
    assert promtool("test", "rules", *given).count("SUCCESS") == len(bare)


@contextmanager
def free_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    yield int(port)


@pytest.fixture(scope="module")
def ask(scraped: Scraped, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Prometheus that scrapes a syncd; asks it a query."""
    folder = tmp_path_factory.mktemp("prometheus")
    with served(Metrics(scraped.metrics.registry), MetricsSettings(port=0)) as port, free_port() as own:
        made = YAML(typ="safe").load((MONITORING / "prometheus.yaml").read_text("utf-8"))
        made["global"] = dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), "250ms")
        made["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
        made["rule_files"] = [str(MONITORING / "alerts.yaml")]
        (folder / "prometheus.yaml").write_text(json.dumps(made), encoding="utf-8")
        arguments = [
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{own}",
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([str(tool("prometheus")), *arguments], stdout=log, stderr=log)

        def asked(path: str, **query: str) -> Any:
            url = f"http://127.0.0.1:{own}/api/v1/{path}?{urllib.parse.urlencode(query)}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]

        def up() -> bool:
            try:
                return bool(asked("query", query="count_over_time(syncd_alive[1m]) > 2")["result"])
            except OSError:
                return False

        try:
            eventually(up, (folder / "log").read_text)
            yield asked
        finally:
            process.terminate()
            process.wait(10)


def test_every_query_of_the_dashboard_has_something_to_show(ask):
    board = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    exprs = [one["expr"] for panel in board["panels"] for one in panel["targets"]]
    assert len(exprs) > 25
    empty = [expr for expr in exprs if not ask("query", query=expr)["result"]]
    assert [expr for expr in empty if not any(word in expr for word in MAY_LACK)] == []


def test_no_rule_fails_and_none_fires_while_all_is_well(ask):
    known = ask("rules")["groups"][0]["rules"]
    assert len(known) == len(rules())
    eventually(lambda: all(one["health"] == "ok" for one in ask("rules")["groups"][0]["rules"]))
    firing = {one["name"] for one in ask("rules")["groups"][0]["rules"] if one["state"] == "firing"}
    assert firing == set()
