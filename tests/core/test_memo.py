"""Many rows followed with one memory are mapped as each row by itself, and as where each step is told."""

from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core import memo
from syncd.core.conditions import AnyOf, Between, Condition, Empty, Not, OneOf
from syncd.core.dates import DateFormat
from syncd.core.lifecycle import Contradiction, Lifecycle
from syncd.core.mapping import Follower, Mapping, map_record
from syncd.core.model import ItemKind, ItemName, Record, Role, Status
from syncd.core.rules import (
    Column,
    DatesRule,
    DayRule,
    FieldRule,
    IdRule,
    ItemRule,
    Lookup,
    ManagerRule,
    NodeRule,
    Otherwise,
    Place,
    RoleRule,
    Split,
    StatusRule,
    TeamRule,
    Text,
    TreeRule,
    ValueRule,
)
from syncd.core.trace import Trace
from syncd.core.transforms import Refused
from syncd.core.values import evaluate, steps

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
COLUMNS = ("a", "b", "c", "d")
DAYS = ("2026-12-01", "2026-01-31", "9999-12-31", "31.12.2026")
ODD = ("Bo\u00a0B", "é", "e\u0301", "NULL", "-", '="12"', "a, b", "#CLEAR", '"q"', "#REF!", "\x07", "x" * 120)
CELLS = st.sampled_from(("", " ", "x", "X ", "ann@example.com", "007", "true", "no", *DAYS, *ODD))
ROWS = st.lists(
    st.dictionaries(st.sampled_from(COLUMNS), CELLS, min_size=3, max_size=4), min_size=1, max_size=6
)


def place(key: str) -> Place:
    return Place(where="syncd.yaml:1:1", key=key)


columns = st.builds(Column, name=st.sampled_from(COLUMNS), where=st.just("syncd.yaml:2:2"))
templates = st.lists(
    st.one_of(columns, st.builds(Text, text=st.sampled_from(["-", " / "]))), min_size=1, max_size=3
)
lookups = st.builds(
    Lookup,
    table=st.dictionaries(CELLS, st.sampled_from(["Y", "", "true"]), max_size=4),
    otherwise=st.sampled_from(Otherwise),
    value=st.sampled_from(["", "Z"]),
)
values = st.builds(
    ValueRule,
    parts=templates.map(tuple),
    separator=st.sampled_from([None, ", "]),
    split=st.none() | st.builds(Split, by=st.sampled_from([",", " "]), pick=st.sampled_from([0, 1, -1])),
    cleared=st.just(frozenset()) | st.just(frozenset({"#CLEAR", "x"})),
    transforms=st.lists(
        st.sampled_from(["lower", "title", "ascii", "bool", "normalize", "strip_zeros"]), max_size=2
    ).map(tuple),
    date=st.none() | st.just(DateFormat(write="%d.%m.%Y")),
    lookup=st.none() | lookups,
    default=st.sampled_from(["", "D"]),
)
conditions: st.SearchStrategy[Condition] = st.one_of(
    st.builds(
        OneOf, column=st.sampled_from(COLUMNS), where=st.just("w"), values=st.frozensets(CELLS, max_size=5)
    ),
    st.builds(Empty, column=st.sampled_from(COLUMNS), where=st.just("w")),
    st.builds(Between, column=st.sampled_from(COLUMNS), where=st.just("w"), before=st.just(date(2026, 6, 1))),
)
whens = (
    st.none()
    | conditions
    | st.builds(Not, part=conditions)
    | st.builds(AnyOf, parts=st.tuples(conditions, conditions))
)
field_names = ("UserName", "Email", "FirstName", "Culture", "IsCustomUsername", "JobTitle", "ExpirationDate")


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    """Any rules about any columns."""
    roles = st.dictionaries(
        st.sampled_from([Role.LEADER, Role.ADMIN]),
        st.builds(RoleRule, place=st.just(place("role")), when=whens, managers=st.booleans()),
        max_size=2,
    )
    fields = [
        FieldRule(
            place=place(f"users.fields.{name}"),
            field=name,
            value=draw(values),
            required=draw(st.booleans()),
            keep_blank=draw(st.booleans()),
            optional=draw(st.booleans()),
            when=draw(whens),
        )
        for name in draw(st.lists(st.sampled_from(field_names), unique=True))
    ]
    team = st.builds(
        TeamRule,
        place=st.just(place("teams[0]")),
        names=st.lists(templates.map(tuple), min_size=1, max_size=2).map(tuple),
        when=whens,
        roles=roles,
        path=st.just(()) | templates.map(tuple),
    )
    tree = st.builds(
        TreeRule,
        place=st.just(place("trees[0]")),
        space=st.just("units"),
        node=st.builds(
            NodeRule, code=templates.map(tuple), name=templates.map(tuple), parent=templates.map(tuple)
        ),
        seat=templates.map(tuple),
        when=whens,
        roles=roles,
    )
    item = st.builds(
        ItemRule,
        place=st.just(place("courses[0]")),
        item=st.builds(ItemName, st.sampled_from(ItemKind), st.sampled_from(["Intro", "intro"])),
        when=whens,
    )
    day = st.none() | st.builds(DayRule, place=st.just(place("day")), column=columns)
    return Mapping(
        employee_id=IdRule(place=place("employee.id"), value=draw(values)),
        status=StatusRule(
            place=place("employee.status"),
            value=draw(values),
            table=draw(st.dictionaries(CELLS, st.sampled_from([Status.ACTIVE, Status.LEFT, Status.FUTURE]))),
            otherwise=draw(st.sampled_from([None, Status.ACTIVE, Status.ACTIVE])),
        ),
        fields=tuple(fields),
        teams=tuple(draw(st.lists(team, max_size=2))),
        trees=tuple(draw(st.lists(tree, max_size=1))),
        items=tuple(draw(st.lists(item, max_size=2))),
        scope=draw(whens),
        dates=draw(st.none() | st.builds(DatesRule, hire=day, leaving=day)),
        lifecycle=Lifecycle(contradiction=draw(st.sampled_from(Contradiction))),
        manager=draw(st.none() | st.builds(ManagerRule, place=st.just(place("manager")), value=values)),
        same_person=tuple(draw(st.lists(columns, max_size=2))),
    )


@settings(max_examples=150, deadline=None)
@given(mappings(), ROWS, st.sampled_from([0, 2, 1000]))
def test_what_is_remembered_is_what_would_be_worked_out_again(mapping, rows, kept):
    records = [Record(fields=row, origin=f"hr.csv:{number}") for number, row in enumerate(rows * 2, 2)]
    before, memo.KEPT = memo.KEPT, kept
    try:
        follower = Follower(mapping, now=NOW)
        together = [follower.follow(record) for record in records]
    finally:
        memo.KEPT = before
    assert together == [map_record(mapping, record, now=NOW) for record in records]
    assert together == [map_record(mapping, record, Trace(), now=NOW) for record in records]


@settings(max_examples=300, deadline=None)
@given(values, ROWS)
def test_a_value_is_the_last_of_the_steps_that_are_told(rule, rows):
    def last(row):
        *_, found = steps(rule, row)
        return found

    def outcome(follow, row):
        try:
            return follow(row)
        except Refused as refused:
            return refused.code, refused.why

    for row in rows:
        assert outcome(lambda cells: evaluate(rule, cells), row) == outcome(last, row)
