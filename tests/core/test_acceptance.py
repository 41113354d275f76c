"""Which Links of a Plan may still be made when a person approves it."""

import pytest

from syncd.core.acceptance import NewLink, standing
from syncd.core.cases import Resolution, Verdict
from syncd.core.match import BY_PERSON
from syncd.core.model import Link

IGNORE = Resolution(verdict=Verdict.IGNORE)
THIS = Resolution(verdict=Verdict.LINK, user_id="u1")
OTHER = Resolution(verdict=Verdict.LINK, user_id="u2")
NOT_THIS = Resolution(verdict=Verdict.CREATE, refused=frozenset({"u1"}))
NOT_ANOTHER = Resolution(verdict=Verdict.CREATE, refused=frozenset({"u2"}))


@pytest.mark.parametrize(
    ("made_by", "was", "known", "decided", "dropped", "stands"),
    [
        ("Email", "", {}, None, (), True),
        ("Email", "", {}, IGNORE, (), False),
        ("Email", "", {}, OTHER, (), False),
        ("Email", "", {}, NOT_THIS, (), False),
        ("Email", "", {}, NOT_ANOTHER, (), True),
        (BY_PERSON, "", {"E2": "u1"}, THIS, (), True),
        (BY_PERSON, "", {}, None, (), False),
        ("Email", "", {"E1": "u2"}, None, (), False),
        ("Email", "u2", {"E1": "u2"}, None, (), True),
        ("Email", "", {"E1": "u1"}, None, (), True),
        ("Email", "", {"E2": "u1"}, None, (), False),
        ("Email", "", {"E2": "u1"}, None, ("E2",), True),
    ],
)
def test_the_table(made_by, was, known, decided, dropped, stands):
    made = NewLink(link=Link(employee_id="E1", user_id="u1", made_by=made_by), was=was)
    resolutions = {} if decided is None else {"E1": decided}
    found = standing([made], known, resolutions, dropped)
    assert found == ((made.link,) if stands else ())
