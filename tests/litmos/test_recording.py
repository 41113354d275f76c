"""Recording: what is read before a result is written, what is sent, and how a lost answer is settled."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.training_operations import RecordModule, RecordSession
from syncd.errors import Permanent, Transient
from syncd.litmos.applying import ALREADY_SO
from syncd.litmos.target import Target
from syncd.litmos.wire import date_out
from tests.litmos.fakes import client
from tests.litmos.server import reply
from tests.litmos.test_target import NOT_FOUND, WATCH, Litmos

AT = datetime(2025, 11, 3, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
READ, PUT = "GET /users/U1/courses/C1", "PUT /results/modules/M1"
CHANGED = "GET /org/modules/results"
MODULE = RecordModule(
    user_id="U1", course_id="C1", module_id="M1", at=AT, sought_at=NOW, score=80, note="by hand", attempt=2
)
PLACE = "/courses/C1/modules/M1/sessions/S1"
ROLL, CALL, REGISTER = f"GET {PLACE}/rollcall", f"POST {PLACE}/rollcall", f"POST {PLACE}/users/register"
SESSION = RecordSession(user_id="U1", course_id="C1", module_id="M1", session_id="S1", score=90)
OPEN = {
    "Id": "C1",
    "Complete": False,
    "PercentageComplete": 0.0,
    "CompletedDate": None,
    "CompliantTill": None,
}
ANA = {
    "Id": "U1", "EventStatus": 3, "FirstName": "Ana", "LastName": "N", "Email": None, "CompanyName": "", "Score": None,
    "Completed": False,
}  # fmt: skip


def whole(at: datetime | None) -> dict[str, object]:
    date = None if at is None else date_out(at)
    return {**OPEN, "Complete": True, "PercentageComplete": 100.0, "CompletedDate": date}


def result(**changed):
    """A row of the results of modules that changed lately."""
    known = {"Id": "M1", "UserId": "U1", "Completed": True, "FinishedDate": date_out(AT), "Score": "80"}
    return {**known, "AttemptNumber": 2, **changed}


@pytest.fixture
def litmos():
    with Litmos() as server:
        yield server


@pytest.fixture
def target(litmos):
    return Target(client(litmos.url))


@pytest.mark.parametrize("now", [OPEN, whole(AT - timedelta(days=2)), whole(None)])
def test_a_module_is_marked_complete_in_the_documented_order(litmos, target, now):
    litmos.known.update({READ: now, PUT: reply("")})
    assert target.apply(MODULE, watch=WATCH).requests == 2
    assert litmos.calls == [READ, PUT]
    assert list(litmos.sent().items()) == [
        ("CourseId", "C1"),
        ("UserId", "U1"),
        ("Score", 80),
        ("Completed", True),
        ("UpdatedAt", "/Date(1762171200000)/"),
        ("Note", "by hand"),
        ("Attempts", 2),
    ]


@pytest.mark.parametrize("at", [AT, AT + timedelta(days=400), AT - timedelta(hours=23)])
def test_nothing_is_written_over_the_same_or_a_later_completion_but_a_correction(litmos, target, at):
    litmos.known.update({READ: whole(at), PUT: reply("")})
    effects = target.apply(MODULE, watch=WATCH)
    assert (effects.note, litmos.calls) == (ALREADY_SO, [READ])
    target.apply(replace(MODULE, corrects=True), watch=WATCH)
    assert litmos.calls == [READ, READ, PUT]


def test_nothing_is_written_for_a_course_that_is_not_assigned(litmos, target):
    litmos.known.update({READ: NOT_FOUND, PUT: reply("")})
    with pytest.raises(Permanent) as refused:
        target.apply(MODULE, watch=WATCH)
    assert refused.value.code == "LITMOS-404-NOT-ASSIGNED"
    assert litmos.calls == [READ]


@pytest.mark.parametrize(
    ("rows", "done"),
    [
        ([], False),
        ([result(UserId="U2"), result(Id="M2")], False),
        ([result(Completed=False)], False),
        ([result(Score="70")], False),
        ([result(Score=None)], False),
        ([result(FinishedDate=date_out(AT - timedelta(days=2)))], False),
        ([result(Score=80, FinishedDate=date_out(AT + timedelta(hours=6)))], True),
        ([result(FinishedDate=date_out(AT - timedelta(days=90)), AttemptNumber=1), result()], True),
    ],
)
def test_a_lost_answer_is_settled_by_the_results_that_changed_lately(litmos, target, rows, done):
    litmos.known[CHANGED] = rows
    assert (target.settle(MODULE, watch=WATCH) is not None) is done
    assert litmos.calls == [CHANGED]
    asked = litmos.heard[0].query
    assert (asked["since"], asked["to"]) == ("2026-11-24 09:00:00", "2026-11-30 09:00:00")


def test_a_correction_with_a_note_is_written_again_for_no_result_shows_notes(litmos, target):
    litmos.known[CHANGED] = [result()]
    assert target.settle(replace(MODULE, corrects=True), watch=WATCH) is None
    assert target.settle(replace(MODULE, corrects=True, note=""), watch=WATCH) is not None


def test_the_roll_is_called_for_who_is_registered(litmos, target):
    litmos.known.update({ROLL: [{**ANA, "Id": "U0"}, ANA], CALL: reply("")})
    assert target.apply(SESSION, watch=WATCH).requests == 2
    assert litmos.calls == [ROLL, CALL]
    (row,) = litmos.sent()
    assert list(row) == [
        "Id", "EventStatus", "FirstName", "LastName", "Email", "CompanyName", "Score", "Completed",
    ]  # fmt: skip
    assert (row["Id"], row["EventStatus"], row["Score"], row["Completed"]) == ("U1", 3, 90, True)


def test_who_is_not_registered_is_registered_first(litmos, target):
    rolls = iter([[], [ANA]])

    def roll():
        return next(rolls)

    litmos.known.update(
        {ROLL: roll, REGISTER: {"TotalUsersRegistered": 1, "Failed": 0, "Id": ""}, CALL: reply("")}
    )
    assert target.apply(SESSION, watch=WATCH).requests == 4
    assert litmos.calls == [ROLL, REGISTER, ROLL, CALL]
    assert litmos.heard[1].query["sendmessage"] == "false"


def test_a_full_session_is_a_refusal(litmos, target):
    litmos.known.update({ROLL: [], REGISTER: {"TotalUsersRegistered": 0, "Failed": 1, "Id": ""}})
    with pytest.raises(Permanent, match="full") as refused:
        target.apply(SESSION, watch=WATCH)
    assert refused.value.code == "LITMOS-NOT-REGISTERED"


@pytest.mark.parametrize(
    ("row", "wanted", "so"),
    [
        ({"Completed": True, "Score": 90}, 90, True),
        ({"Completed": True, "Score": "90"}, None, True),
        ({"Completed": True, "Score": 80}, 90, False),
        ({"Completed": False, "Score": 90}, 90, False),
        ({"Completed": None}, None, False),
    ],
)
def test_whether_somebody_attended_is_read_before_and_after(litmos, target, row, wanted, so):
    litmos.known.update({ROLL: [{**ANA, **row}], CALL: reply("")})
    operation = replace(SESSION, score=wanted)
    assert (target.settle(operation, watch=WATCH) is not None) is so
    assert (target.apply(operation, watch=WATCH).note == ALREADY_SO) is so


def test_an_odd_answer_writes_nothing(litmos, target):
    litmos.known.update({READ: {**OPEN, "Complete": "perhaps"}, ROLL: [{**ANA, "Completed": []}]})
    for operation in (MODULE, SESSION):
        with pytest.raises(Transient):
            target.apply(operation, watch=WATCH)
    assert litmos.calls == [READ, ROLL]
