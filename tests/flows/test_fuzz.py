"""Harmed answers: a read fails or is as if unharmed, a write is done once; nothing crashes, and the mirror stays."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from syncd.app import App
from syncd.core.limits import Limits
from syncd.errors import SyncdError
from syncd.planning import along
from syncd.sandbox.server import Sandbox
from syncd.store.database import Database, open_database
from syncd.store.migrate import upgrade
from syncd.store.schema import metadata
from syncd.sync import pull, push, refresh
from tests.flows.harm import HARMFUL, HARMLESS, Harm, Lost, Proxy, Said, places
from tests.flows.rig import Rig, creates_without_a_read, person
from tests.flows.test_kill import state_of
from tests.flows.test_modes import control
from tests.litmos.server import Heard
from tests.workbench import Workbench, eventually, workbench

WORLD = {"learning_paths": [{"Name": "Onboarding"}, {"Name": "Sales Basics"}]}
MIRROR = (
    "litmos_user",
    "litmos_team",
    "litmos_team_item",
    "litmos_membership",
    "litmos_item",
    "litmos_assignment",
)
KNOWN = (*MIRROR, "link", "grants", "result_version")
MOST = 2_000_000
"""Bytes of the longest answer that is read here."""
EXTRA = "zz"
"""What the names of members that nobody knows begin with."""


@dataclass
class Bench:
    """A rig whose requests go through a proxy, with Litmos and the mirror in step, and something to plan."""

    rig: Rig
    proxy: Proxy
    app: App

    def flow(self, name: str) -> None:
        """One run of a flow; a push only plans."""
        run_id = self.rig.run_id("refresh" if name == "delta" else name)
        if name in {"refresh", "delta"}:
            refresh(self.app, run_id, delta=name == "delta")
        elif name == "pull":
            pull(self.app, run_id)
        else:
            push(self.app, run_id, send=False, fresh=True)

    def stored(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """The rows of what is known about Litmos; and only what they say, without times and extra members."""
        whole, meant = {}, {}
        with self.rig.database.read() as conn:
            for name in KNOWN:
                rows = conn.execute(select(metadata.tables[name])).mappings().all()
                whole[name] = sorted(repr(dict(row)) for row in rows)
                meant[name] = sorted(
                    repr({key: _known(value) for key, value in row.items() if not key.endswith("_at")})
                    for row in rows
                )
        return whole, meant

    def asks(self, flow: str) -> list[str]:
        """The requests of a flow, in order."""
        heard: list[str] = []

        def listen(one: Heard) -> None:
            heard.append(f"{one.method} {one.path}")

        self.proxy.spoil = listen
        self.flow(flow)
        self.proxy.heal()
        return heard

    def harmed(self, flow: str, number: int, harm: Harm) -> SyncdError | None:
        """The flow with the answer of one request harmed: its error, if any. Nothing may have changed."""
        before, meaning = self.stored()
        heard = iter(range(10_000))
        self.proxy.harmed.clear()
        self.proxy.spoil = lambda _one: harm if next(heard) == number else None
        failed: SyncdError | None = None
        try:
            self.flow(flow)
        except SyncdError as error:
            failed = error
        finally:
            self.proxy.heal()
        after, means = self.stored()
        if failed is not None and flow != "push":  # which reads in several steps
            assert after == before, failed
        assert means == meaning, failed
        return failed


def _known(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: inner for name, inner in sorted(value.items()) if not name.startswith(EXTRA)}


@pytest.fixture
def bench(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Four people in step, results among them, and a mover, a leaver and a new hire in HR's file."""
    monkeypatch.setattr(along, "AGE", timedelta(0))  # each push reads what goes along with a team
    with Sandbox(limit=500, window=0.05, seed=WORLD) as sandbox, Proxy(sandbox) as proxy:
        rig = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 5)])
        endpoint = replace(rig.settings.endpoint, base_url=proxy.url, max_body=MOST, timeout=2.0)
        rig.changed = {
            "endpoint": endpoint,
            "limits": Limits(minimum_population=1000),
            "refresh_max_age": 0.0,
        }
        rig.push()
        for title in ("Onboarding", "Sales Basics"):
            control(sandbox, "complete", {"UserName": "p1@example.com", "LearningPath": title})
        control(
            sandbox,
            "complete",
            {"UserName": "p2@example.com", "LearningPath": "Onboarding", "Percentage": 40},
        )
        control(
            sandbox, "edit", {"do": "set_user", "UserName": "p2@example.com", "set": {"City": "Ulm & <é漢>"}}
        )
        rig.hr[0]["department"] = "Support"
        rig.hr[1]["status"] = "Left"
        rig.hr.append(person(5))
        rig.write_hr()
        app = rig.open()
        made = Bench(rig, proxy, app)
        for flow in FLOWS:
            made.flow(flow)
        yield made
        app.client.close()


FLOWS = ("refresh", "delta", "pull", "push")
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def reads(bench: Bench, flow: str) -> list[tuple[int, str]]:
    """The number and the name of each request of a flow; of a push those that no refresh makes."""
    asked = list(enumerate(bench.asks(flow)))
    found = asked[len(bench.asks("refresh")) :] if flow == "push" else asked
    assert found
    return found


@ON_SQLITE
@pytest.mark.parametrize("flow", FLOWS)
def test_what_is_only_odd_is_understood(flow, bench):
    for number, asked in reads(bench, flow):
        for what, harm in HARMLESS.items():
            assert bench.harmed(flow, number, harm) is None, (what, asked)


@pytest.mark.parametrize("flow", FLOWS)
def test_what_is_no_answer_fails_the_run_and_changes_nothing(flow, bench):
    for number, asked in reads(bench, flow):
        for what, harm in HARMFUL.items():
            if bench.rig.database.is_sqlite or what in {"NUL", "half a character", "infinity"}:
                failed = bench.harmed(flow, number, harm)
                assert failed is not None or not bench.proxy.harmed, (what, asked)


OTHERS: list[Any] = [True, 7.5, -1, 10**30, "maybe", [], {}, [[]], {"Id": "x"}, [{"Id": "x"}]]
"""Values of every type, none of which means the same as one of another type."""
NUMBERS = {"OriginalId", "Points", "PostalCode", "ExternalEmployeeId", "Score"}
"""Members in which the vendor's samples show numbers and texts."""


def of_another_type(number: int, value: Any) -> Harm:
    """One value at any depth, the whole included, replaced by one of another type."""

    def harm(said: Said) -> bytes:
        whole = {"": said.json}
        found = [(box, key) for box, key in places(whole) if _differ(key, box[key], value)]
        if found:
            box, key = found[number % len(found)]
            box[key] = value
        return said.with_json(whole[""])

    return harm


def _differ(key: Any, old: Any, new: Any) -> bool:
    """Whether these are of types that never mean the same; null is any member's way to say nothing."""
    kinds = {_kind(old), _kind(new)}
    return len(kinds) == 2 and "null" not in kinds and not (key in NUMBERS and kinds == {"number", "text"})


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "truth"
    names: dict[type, str] = {str: "text", list: "list", dict: "object"}
    return names.get(type(value), "number")


def more_members(number: int, value: Any) -> Harm:
    """Members that nobody knows, in every object."""

    def harm(said: Said) -> bytes:
        whole = [said.json]
        for box, key in list(places(whole)):
            if isinstance(box[key], dict):
                box[key] |= {f"{EXTRA}{number}": value, f"{EXTRA}-Id": value}
        return said.with_json(whole[0])

    return harm


def cut(number: int, *, whole: bool) -> Harm:
    """The answer up to any byte, head and all, or its body with a length that says it is ``whole``."""

    def harm(said: Said) -> bytes:
        if whole:
            return said.raw(body=said.body[: number % max(1, len(said.body))])
        return said.raw()[: number % len(said.raw())]

    return harm


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(-1e9, 1e9)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
numbers = st.integers(0, 10**6)
examples = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@ON_SQLITE
@pytest.mark.parametrize("flow", FLOWS)
def test_a_value_of_another_type_fails_the_run_or_is_none_that_counts(flow, bench):
    asked = reads(bench, flow)

    @examples
    @given(asks=st.sampled_from(asked), number=numbers, value=st.sampled_from(OTHERS))
    def check(asks, number, value):
        bench.harmed(flow, asks[0], of_another_type(number, value))

    check()


@ON_SQLITE
@pytest.mark.parametrize("flow", FLOWS)
def test_members_that_nobody_knows_do_no_harm(flow, bench):
    asked = reads(bench, flow)

    @settings(examples, max_examples=25)
    @given(asks=st.sampled_from(asked), number=numbers, value=anything)
    def check(asks, number, value):
        assert bench.harmed(flow, asks[0], more_members(number, value)) is None

    check()


@ON_SQLITE
@pytest.mark.parametrize("flow", FLOWS)
def test_an_answer_that_is_cut_anywhere_fails_the_run(flow, bench):
    asked = reads(bench, flow)

    @settings(examples, max_examples=40)
    @given(asks=st.sampled_from(asked), number=numbers, whole=st.booleans())
    def check(asks, number, whole):
        assert bench.harmed(flow, asks[0], cut(number, whole=whole)) is not None

    check()


# --- writes ----------------------------------------------------------------------------------------------------------

REFUSALS = {what for what in HARMFUL if what[:1] in "34"}
SUCCESSES = {
    "202 Accepted",
    "204 No Content",
    "206 Partial Content",
    "empty",
    "null",
    "a text",
    "an unknown coding",
}
APPLIED = sorted(HARMFUL.keys() - REFUSALS)
"""What may come instead of the answer to a write that was applied; a refusal would be a lie."""
NOT_APPLIED = sorted(what for what in HARMFUL.keys() - SUCCESSES if not what.startswith(("401", "403")))
"""The same for one that was not: a success would be one; a refused key has tests of its own."""


@dataclass
class Weather:
    """Harms the answer of each write the first time it is sent; about half of them never reach Litmos."""

    chance: random.Random
    seen: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, heard: Heard) -> Harm | None:
        """The harm for a request."""
        name = f"{heard.method} {heard.path} {heard.body!r}"
        with self.lock:
            if heard.method == "GET" or name in self.seen:
                return None
            self.seen.add(name)
            if self.chance.random() < 0.5:
                return Lost(HARMFUL[self.chance.choice(NOT_APPLIED)])
            return HARMFUL[self.chance.choice(APPLIED)]


def two_days(rig: Rig, proxy: Proxy, weather: Callable[[Heard], Harm | None]) -> None:
    """Day one, and a day of changes, each pushed in this weather, and once more when it has cleared up."""
    for day in (1, 2):
        if day == 2:
            rig.hr[0].update(department="Support", title="")
            rig.hr[1].update(status="Left")
            rig.hr[2].update(email="renamed@example.com", last_name="Ng & <漢>")
        proxy.spoil = weather
        rig.push(fresh=True)
        proxy.heal()
        rig.push(fresh=True)


def told(database: Database, folder: Path, weather: Callable[[Heard], Harm | None]) -> dict[str, list[str]]:
    """The account after two days in this weather."""
    with Sandbox(limit=500, window=0.05, seed=WORLD) as sandbox, Proxy(sandbox) as proxy:
        rig = Rig(sandbox=sandbox, database=database, folder=folder, hr=[person(n) for n in range(1, 6)])
        endpoint = replace(rig.settings.endpoint, base_url=proxy.url, max_body=MOST, timeout=2.0)
        rig.changed = {"endpoint": endpoint, "limits": Limits(minimum_population=1000)}
        two_days(rig, proxy, weather)
        audit = sandbox.audit()
        assert (audit["duplicate_creates"], audit["rejected_503"]) == (0, 0)
        assert creates_without_a_read(sandbox) == []
        assert rig.push(fresh=True, send=False).draft.plan.changes == ()
        return state_of(sandbox)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The account after two days of fair weather."""
    folder = tmp_path_factory.mktemp("undisturbed")
    database = open_database(f"sqlite:///{folder / 'syncd.db'}")
    upgrade(database)
    try:
        return told(database, folder, lambda _heard: None)
    finally:
        database.close()


@pytest.mark.parametrize("number", range(5))
@ON_SQLITE
def test_a_write_whose_answer_is_harmed_is_done_once(number, database, tmp_path, undisturbed, capfd):
    weather = Weather(random.Random(number))
    assert told(database, tmp_path, weather) == undisturbed
    assert len(weather.seen) >= 10
    assert "crashed" not in capfd.readouterr().out


# --- the daemon ------------------------------------------------------------------------------------------------------


def test_a_daemon_outlives_harmed_answers(tmp_path):
    with workbench(tmp_path) as bench, Proxy(bench.sandbox) as proxy:
        bench.configure((bench.sandbox.base_url, proxy.url))
        bench.staff(4)
        with bench.database() as database:
            upgrade(database)
        with bench.serving() as served:
            for what in (
                "HTML",
                "half of the length",
                "deep",
                "NUL",
                "302 Found Location: http://[::1",
                "nothing",
            ):
                proxy.spoil = lambda _heard, what=what: HARMFUL[what]  # type: ignore[misc]  # bound now
                made = bench.queue("refresh")
                eventually(partial(is_in, bench, made, "failed"), lambda: bench.run("runs").stdout)
            proxy.spoil = Weather(random.Random(1))
            made = bench.queue("push")
            eventually(
                partial(is_in, bench, made, "failed", "succeeded"),
                lambda: bench.run("runs").stdout,
                seconds=60,
            )
            proxy.heal()
            for flow in ("refresh", "push", "pull"):
                made = bench.queue(flow)
                eventually(partial(is_in, bench, made, "succeeded"), lambda: bench.run("runs").stdout)
            assert json.loads(served.get("/healthz")[1])["status"] == "ok"
            assert served.terminate() == 0
            assert served.errors.read_text() == ""
            assert not [line for line in served.lines() if "crashed" in str(line.get("event"))]
        assert bench.usernames() == {person(number)["email"] for number in range(1, 5)}
        assert bench.sandbox.audit()["duplicate_creates"] == 0


def is_in(bench: Workbench, run_id: int, *states: str) -> bool:
    """Whether a Run has come to one of these states."""
    return bench.state(run_id) in states
