"""What was recorded of training, and the modules and sessions of courses, on both databases."""

from datetime import UTC, datetime, timedelta

from syncd.core.locating import Module, Session
from syncd.core.recording import Recorded, RecordKey
from syncd.store import reflection, training
from tests.core.factories import course, learning_path

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
KEY = RecordKey("E1", "module", "m1", "2025-11-03T12:00:00+00:00", "1")


def test_what_was_recorded_is_replaced_by_a_correction_and_by_nothing_else(database):
    with database.write() as conn:
        for account, score, run_id in (("main", "80", 1), ("other", "10", 2), ("main", "95", 3)):
            done = Recorded(user_id="u1", said={"Score": score, "Note": ""})
            training.note(conn, account, KEY, done, run_id=run_id, note="", now=NOW)
        again = KEY._replace(attempt="2")
        training.note(
            conn, "main", again, Recorded(user_id="u1", said={}), run_id=4, note="already so", now=NOW
        )
    with database.read() as conn:
        found = training.among(conn, "main", {"E1"})
        assert {key: one.said.get("Score") for key, one in found.items()} == {KEY: "95", again: None}
        assert training.find(conn, "main", KEY) == found[KEY]
        assert training.find(conn, "main", KEY._replace(date="")) is None
        rows = training.of_person(conn, "main", "E1")
        assert {row["run_id"] for row in rows} == {3, 4}
        assert training.of_person(conn, "main", "E2") == []


def test_the_modules_and_sessions_of_a_course_are_those_that_were_read_last(database):
    later = NOW + timedelta(hours=1)
    with database.write() as conn:
        for item in (course("c1", "Forklift"), course("c2", "Fire"), learning_path("c1", "Path")):
            reflection.put_item(conn, "main", item, NOW)
        training.put_modules(conn, "main", "c1", [Module("m1", "Old"), Module("m2", "Gone")], NOW)
        training.put_modules(conn, "main", "c1", [Module("m1", "New", "L")], later)
        training.put_modules(conn, "main", "c2", [], NOW)
        training.put_sessions(conn, "main", "c1", [Session("s1", "May", "m1")], NOW)
    with database.read() as conn:
        found = training.catalogue(conn, "main")
        assert {item.key.id for item in found.courses} == {"c1", "c2"}
        assert found.modules == {"c1": [Module("m1", "New", "L")], "c2": []}
        assert found.sessions == {"c1": [Session("s1", "May", "m1")]}
        assert training.read_before(conn, "main", later) == ({"c2"}, {"c1", "c2"})
        assert training.courses_read(conn, "main") == {"c1", "c2"}
        assert training.catalogue(conn, "other").modules == {}
