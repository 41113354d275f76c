"""Small companies for Hypothesis: employees, users, Links and decisions, of names and ids so few that they meet."""

from hypothesis import strategies as st

from syncd.core.cases import Resolution, Verdict
from tests.core.factories import employee, user


def to(user_id):
    return Resolution(verdict=Verdict.LINK, user_id=user_id)


def not_(*user_ids):
    return Resolution(verdict=Verdict.CREATE, refused=frozenset(user_ids))


IGNORED = Resolution(verdict=Verdict.IGNORE)

IDS = st.sampled_from(["E1", "E2", "E3", "E4"])
USER_IDS = st.sampled_from(["u1", "u2", "u3", "u4", "gone"])
NAMES = st.sampled_from(["a@example.com", "A@Example.com", "b@example.com", "c@example.com", ""])
RESOLUTIONS = st.one_of(
    st.builds(to, USER_IDS), st.builds(lambda ids: not_(*ids), st.sets(USER_IDS)), st.just(IGNORED)
)


POSSIBLE = [f"{letter}@example.com" for letter in "abcdef"]


@st.composite
def companies(draw, *, possible=False):
    """Employees, users, old Links (one to one) and decisions, with names and ids from so few that they meet.

    ``possible``: no two users have one name, which Litmos refuses, and no two employees, whom the mapping rejects.
    """
    ours, theirs = (iter(draw(st.permutations(POSSIBLE))) for _ in range(2))
    people = [
        employee(
            each,
            UserName=next(ours) if possible else draw(NAMES),
            ExternalEmployeeId=draw(st.sampled_from([each, "", "E1"])),
        )
        for each in draw(st.lists(IDS, unique=True))
    ]
    users = [
        user(
            each,
            UserName=next(theirs) if possible else draw(NAMES),
            ExternalEmployeeId=draw(st.one_of(st.just(""), IDS)),
        )
        for each in draw(st.lists(USER_IDS.filter(lambda one: one != "gone"), unique=True))
    ]
    pairs = draw(st.lists(st.tuples(IDS, USER_IDS)))
    links: dict[str, str] = {}
    for employee_id, user_id in pairs:
        if employee_id not in links and user_id not in links.values():
            links[employee_id] = user_id
    return people, users, links, draw(st.dictionaries(IDS, RESOLUTIONS))
