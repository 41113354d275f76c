"""Any history of two sources, against a model that knows nothing of syncd: who is rejected, unsure or absent stays as they were."""

import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.core.limits import Limits
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store.database import open_database
from syncd.store.migrate import upgrade
from syncd.sync import push
from tests.flows.rig import MAPPING, Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}
PEOPLE = range(1, 5)
NAMES = ("hr", "contractors")
WRONG = "Who knows"


@dataclass(frozen=True)
class Day:
    """What both files say on one day: (number, title, status) a row; and which of them lack their last line end."""

    rows: dict[str, tuple[tuple[int, str, str], ...]]
    cut: frozenset[str]


ROW = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(["Rep", "Lead"]),
    st.sampled_from(["Active", "Active", "Left", WRONG]),
)
DAYS = st.builds(
    Day,
    rows=st.fixed_dictionaries(
        {name: st.lists(ROW, max_size=4).map(tuple) for name in NAMES},
    ),
    cut=st.frozensets(st.sampled_from(NAMES), max_size=1),
)


class Model:
    """Number -> (title, active) in Litmos, and in which file each was last."""

    def __init__(self) -> None:
        self.users: dict[int, tuple[str, bool]] = {}
        self.last: dict[int, str] = {}

    def live(self, day: Day) -> None:
        for number in PEOPLE:
            rows = {name: [row for row in day.rows[name] if row[0] == number] for name in NAMES}
            first = next((name for name in NAMES if rows[name]), None)
            if first is None or len(rows[first]) > 1 or rows[first][0][2] == WRONG:
                continue
            if first == "contractors" and self.last.get(number) == "hr" and "hr" in day.cut:
                continue
            _, title, status = rows[first][0]
            self.last[number] = first
            if status == "Active":
                self.users[number] = (title, True)
            elif number in self.users:
                self.users[number] = (self.users[number][0], False)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DAYS, min_size=2, max_size=4))
def test_litmos_is_as_the_model_says_after_each_day(days):
    with tempfile.TemporaryDirectory() as name, Sandbox(limit=1000, window=0.5, seed=WORLD) as sandbox:
        folder = Path(name)
        database = open_database(f"sqlite:///{folder / 'syncd.db'}")
        with contextlib.closing(database):
            upgrade(database)
            rig = Rig(sandbox=sandbox, database=database, folder=folder)
            limits = Limits(minimum_population=1000, shrink_percent=100, rejected_percent=100)
            rig.changed = {"limits": limits, "mapping": replace(MAPPING, teams=(), items=())}
            model = Model()
            for number, day in enumerate(days):
                model.live(day)
                one_day(rig, day, number)
                assert found(rig) == model.users


def one_day(rig: Rig, day: Day, number: int) -> None:
    """One push; somebody who has left long ago keeps every file from being without a row."""
    rows = {
        name: [person(90 + index, status="Left", unit=str(number))]
        + [person(n, title=title, status=status) for n, title, status in day.rows[name]]
        for index, name in enumerate(NAMES)
    }
    rig.hr, rig.others = rows["hr"], {"contractors": rows["contractors"]}
    rig.write_hr()
    for name in day.cut:
        file = rig.folder / f"{name}.csv"
        file.write_bytes(file.read_bytes().rstrip(b"\r\n"))
    app = rig.open()
    try:
        pushed = push(app, rig.run_id("push"))
        assert pushed.state != "held", pushed.draft.plan.holds
        drain(app, pushed.run_id)
    finally:
        app.client.close()


def found(rig: Rig) -> dict[int, tuple[str, bool]]:
    users = rig.users()
    return {
        n: (users[name]["JobTitle"], users[name]["Active"])
        for n in PEOPLE
        if (name := f"p{n}@example.com") in users
    }
