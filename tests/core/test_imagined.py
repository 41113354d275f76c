"""What would be so if Litmos did as it is told: how far somebody is follows from HR's rows no further than they reach."""

from datetime import UTC, datetime

import pytest

from syncd.core.imagined import imagine
from syncd.core.model import ItemKey, ItemKind
from syncd.core.operation import Effects, Learner, ResetCourse
from syncd.core.recertify import Result
from syncd.core.training_operations import RecordModule, RecordSession

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
COURSE = ItemKey(ItemKind.COURSE, "c")
MODULE = RecordModule(user_id="u", course_id="c", module_id="m", at=AT, sought_at=AT)
SESSION = RecordSession(user_id="u", course_id="c", module_id="m", session_id="s")
RESET = ResetCourse(user_id="u", item=COURSE, planned=Result(completed=True, percent=100.0), due=AT)


@pytest.mark.parametrize(
    ("operation", "alone", "learner"),
    [
        (MODULE, True, Learner(user_id="u", completed=True, percent=100.0, completed_at=AT)),
        (MODULE, False, None),
        (SESSION, True, Learner(user_id="u", completed=True, percent=100.0)),
        (SESSION, False, None),
        (RESET, False, Learner(user_id="u", completed=False, percent=0.0)),
    ],
)
def test_how_far_somebody_is(operation, alone, learner):
    expected = Effects() if learner is None else Effects(progress=((COURSE, learner),))
    assert imagine(operation, lambda: "new", alone=alone) == expected
