"""What is told, and when again: the truth tables of the core."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from syncd.core.messages import (
    Fact,
    Message,
    MessageKind,
    Occasion,
    Told,
    decide,
    digest_day,
    text_of,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KINDS = frozenset(MessageKind)


def fact(kind=MessageKind.HELD, key="k", **more) -> Fact:
    return Fact(key=key, kind=kind, subject="It is so", **more)


def told(occasion=Occasion.FIRST, *, ago=timedelta(hours=1), kind=MessageKind.HELD, key="k", **more) -> Told:
    values = {"number": 1, "mark": "", "size": 0, "subject": "It is so", **more}
    return Told(key=key, kind=kind, occasion=occasion, at=NOW - ago, **values)


def occasions(facts, before, **more) -> list[Occasion]:
    options = {"kinds": KINDS, "repeat": DAY, "now": NOW, **more}
    return [one.occasion for one in decide(facts, {one.key: one for one in before}, **options)]


@pytest.mark.parametrize(
    ("facts", "before", "expected"),
    [
        ([fact()], [], [Occasion.FIRST]),
        ([fact()], [told(Occasion.OVER)], [Occasion.FIRST]),
        ([fact()], [told()], []),
        ([fact()], [told(Occasion.MORE)], []),
        ([fact()], [told(ago=DAY)], [Occasion.AGAIN]),
        ([fact(mark="B")], [told(mark="A")], [Occasion.MORE]),
        ([fact(size=3)], [told(size=2)], [Occasion.MORE]),
        ([fact(size=1)], [told(size=2)], []),
        ([], [told()], [Occasion.OVER]),
        ([], [told(Occasion.AGAIN)], [Occasion.OVER]),
        ([], [told(Occasion.OVER)], []),
        ([fact(MessageKind.DIGEST)], [], [Occasion.FIRST]),
        ([fact(MessageKind.DIGEST)], [told(kind=MessageKind.DIGEST, ago=3 * DAY)], []),
        ([], [told(kind=MessageKind.DIGEST)], []),
    ],
)
def test_the_table(facts, before, expected):
    assert occasions(facts, before) == expected


def test_what_a_channel_does_not_want_it_is_told_neither_begun_nor_over():
    unwanted = KINDS - {MessageKind.HELD}
    assert occasions([fact()], [], kinds=unwanted) == []
    assert occasions([], [told()], kinds=unwanted) == []


def test_without_repeat_what_lasts_is_told_once():
    assert occasions([fact()], [told(ago=100 * DAY)], repeat=None) == []


def test_the_largest_size_that_was_told_is_remembered_until_it_is_over():
    grown = decide([fact(mark="B", size=2)], {"k": told(mark="A", size=9)}, kinds=KINDS, repeat=DAY, now=NOW)
    assert (grown[0].size, grown[0].number) == (9, 2)
    anew = decide([fact(size=2)], {"k": told(Occasion.OVER, size=0)}, kinds=KINDS, repeat=DAY, now=NOW)
    assert anew[0].size == 2


def test_the_end_says_what_became_of_it():
    (ended,) = decide(
        [], {"k": told(subject="Still: It is so")}, kinds=KINDS, repeat=DAY, now=NOW, endings={"k": "Gone."}
    )
    assert (ended.subject, ended.lines) == ("Over: It is so", ("Gone.",))


def test_the_day_of_a_digest_begins_at_its_time_in_its_zone():
    at = time(7)
    assert digest_day(at, "UTC", datetime(2026, 11, 28, 6, 59, tzinfo=UTC)) == date(2026, 11, 27)
    assert digest_day(at, "UTC", datetime(2026, 11, 28, 7, tzinfo=UTC)) == date(2026, 11, 28)
    assert digest_day(at, "Europe/Berlin", datetime(2026, 11, 28, 6, tzinfo=UTC)) == date(2026, 11, 28)


def test_the_text_says_what_to_type_and_links_only_where_the_pages_are_known():
    message = Message(
        key="k", kind=MessageKind.HELD, occasion=Occasion.FIRST, number=1, mark="", size=0, subject="s",
        lines=("one",), command="syncd runs show 7", page="/runs/7",
    )  # fmt: skip
    assert (
        text_of(message, account="main", address="")
        == "one\n\nNext: syncd runs show 7\n\nsyncd, account main"
    )
    assert "https://x.example/runs/7" in text_of(message, account="main", address="https://x.example/")
