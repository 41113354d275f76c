"""Doubts: signs that an input is not HR as it is now, found before anything is compared with Litmos. Each holds all.

=================  ============================================================================  ===================
code               the input is held, for                                                        key
=================  ============================================================================  ===================
SOURCE-COLUMNS     its columns are not those of the last accepted input                          source.expect
SOURCE-ROWS        it has fewer rows, or more, than are ever right                               source.expect
SOURCE-UNDATED     no row of it holds a date in the column that dates it                         source.expect
SOURCE-OLDER       it is older than the last accepted input (by that column, else by its file)   source.expect
LIMIT-SHRINK       it has many fewer rows than the last accepted input                           push.limits
LIMIT-GROWTH       it has many more                                                              push.limits
LIMIT-OVERLAP      it does not name people whom the last accepted input named                    push.limits
LIMIT-BLANK        a mapped column that most rows filled in is blank in all of them              push.limits
LIMIT-REJECTED     many of its rows are rejected                                                 push.limits
=================  ============================================================================  ===================

Of the very bytes that were accepted last nothing is doubted (a person may have approved them), unless more rows of them are
rejected than then.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from syncd.core.dates import ISO, read_date
from syncd.core.limits import Hold, Limits
from syncd.core.model import Record
from syncd.core.transforms import Refused

DOUBTS = frozenset(
    {
        *("SOURCE-COLUMNS", "SOURCE-ROWS", "SOURCE-UNDATED", "SOURCE-OLDER"),
        *("LIMIT-SHRINK", "LIMIT-GROWTH", "LIMIT-OVERLAP", "LIMIT-BLANK", "LIMIT-REJECTED"),
    }
)
"""The codes of the table above."""
SAMPLE = 500
"""So many ids stand for all of an input: spread evenly over it, so that a part that is gone is gone from them, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A column whose latest date is that of the input, and how it is written."""

    column: str
    form: str = ISO


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What HR's inputs are known to be like.

    ``same_columns``: always those of the last accepted input, in any order. ``min_rows`` and ``max_rows`` are inclusive,
    None is no bound. ``dated`` None takes the time of the file. ``newer``: none is older than the last accepted one.
    """

    same_columns: bool = False
    min_rows: int | None = None
    max_rows: int | None = None
    dated: Dated | None = None
    newer: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What the next input is compared with: kept with each input instead of its rows.

    ``filled`` says how many rows fill in each mapped column, ``sample`` are some of its employee ids, and ``dated`` is
    the latest date in the column that dates it, None if nothing does. ``rejected`` is how many rows were.
    """

    sha256: str
    rows: int
    rejected: int = 0
    columns: tuple[str, ...] = ()
    modified_at: datetime | None = None
    dated: date | None = None
    filled: Mapping[str, int] = field(default_factory=dict)
    sample: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Sighting:
    """Counts what a Fingerprint needs while the Records go by, once; ``blanks`` are words that say nothing."""

    filled: dict[str, int]
    blanks: frozenset[str]
    dated: Dated | None
    latest: date | None = None
    masks: dict[str, int] | None = None
    """By origin which of the columns a row fills in, a bit each, in their order; None if nobody asks."""
    _dates: dict[str, date | None] = field(default_factory=dict)

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same Records."""
        filled, blanks, masks = self.filled, self.blanks, self.masks
        bits = {column: 1 << number for number, column in enumerate(filled)}
        for record in records:
            mask = 0
            for column, bit in bits.items():
                text = record.fields[column].strip()
                if text and text not in blanks:
                    filled[column] += 1
                    mask |= bit
            if masks is not None:
                masks[record.origin] = mask
            if self.dated is not None:
                self._date(record.fields[self.dated.column].strip(), self.dated.form)
            yield record

    def count(self, masks: Mapping[int, int]) -> None:
        """Count rows that do not go by: mask -> how many have it."""
        for number, column in enumerate(self.filled):
            self.filled[column] += sum(rows for mask, rows in masks.items() if mask >> number & 1)

    def _date(self, text: str, form: str) -> None:
        """Texts repeat in every row, so each is read once; what is no date dates nothing."""
        if text not in self._dates:
            try:
                self._dates[text] = read_date(text, form)
            except Refused:
                self._dates[text] = None
        found = self._dates[text]
        if found is not None and (self.latest is None or found > self.latest):
            self.latest = found


def sample_of(ids: Sequence[str]) -> tuple[str, ...]:
    """At most ``SAMPLE`` of them, evenly spread."""
    step = max(1, -(-len(ids) // SAMPLE))
    return tuple(ids[::step])


def doubts(
    new: Fingerprint,
    last: Fingerprint | None,
    *,
    named: Collection[str],
    expect: Expect,
    limits: Limits,
) -> tuple[Hold, ...]:
    """Every Doubt about an input at once; ``named`` are the ids in it, those of rejected rows too.

    ``last`` is the last accepted input, None if there was none.
    """
    found: list[Hold] = []
    known = last is not None and last.sha256 == new.sha256
    if not known:
        found += _of_itself(new, expect)
    if last is not None and not known:
        found += _compared(new, last, named, expect, limits)
    if last is None or not known or new.rejected > last.rejected:
        found += _rejected(new, limits)
    return tuple(found)


def _of_itself(new: Fingerprint, expect: Expect) -> Iterator[Hold]:
    rows = f"the source has {new.rows} rows"
    if expect.min_rows is not None and new.rows < expect.min_rows:
        yield Hold(
            code="SOURCE-ROWS", message=f"{rows}, fewer than source.expect.rows.min = {expect.min_rows}"
        )
    if expect.max_rows is not None and new.rows > expect.max_rows:
        yield Hold(
            code="SOURCE-ROWS", message=f"{rows}, more than source.expect.rows.max = {expect.max_rows}"
        )
    if expect.dated is not None and new.dated is None:
        where = f'"{expect.dated.column}" ({expect.dated.form})'
        yield Hold(
            code="SOURCE-UNDATED", message=f"no row of the source has a date in source.expect.dated: {where}"
        )


def _rejected(new: Fingerprint, limits: Limits) -> Iterator[Hold]:
    if new.rows >= limits.minimum_population and new.rejected * 100 > limits.rejected_percent * new.rows:
        share = f"{new.rejected * 100 / new.rows:.1f} %"
        yield Hold(
            code="LIMIT-REJECTED",
            message=f"{new.rejected} of {new.rows} rows are rejected ({share}); "
            f"push.limits.rejected_percent = {limits.rejected_percent:g}",
        )


def _compared(
    new: Fingerprint, last: Fingerprint, named: Collection[str], expect: Expect, limits: Limits
) -> Iterator[Hold]:
    if expect.same_columns and set(new.columns) != set(last.columns):
        yield Hold(code="SOURCE-COLUMNS", message=_other_columns(new.columns, last.columns))
    if expect.newer:
        yield from _older(new, last)
    grown = (new.rows - last.rows) * 100 / last.rows
    of_last = f"the {last.rows} of the last accepted input"
    if -grown > limits.shrink_percent:
        yield Hold(
            code="LIMIT-SHRINK",
            message=f"the source has {new.rows} rows, {-grown:.1f} % fewer than {of_last}; "
            f"push.limits.shrink_percent = {limits.shrink_percent:g}",
        )
    if last.rows < limits.minimum_population:
        return
    if limits.grow_percent is not None and grown > limits.grow_percent:
        yield Hold(
            code="LIMIT-GROWTH",
            message=f"the source has {new.rows} rows, {grown:.1f} % more than {of_last}; "
            f"push.limits.grow_percent = {limits.grow_percent:g}",
        )
    yield from _strangers(last, named, limits)
    yield from _blank(new, last, limits)


def _other_columns(new: Sequence[str], last: Sequence[str]) -> str:
    gone = ", ".join(column for column in last if column not in new)
    more = ", ".join(column for column in new if column not in last)
    return (
        "the columns are not those of the last accepted input"
        + (f"; gone: {gone}" if gone else "")
        + (f"; new: {more}" if more else "")
        + "; source.expect.columns = same"
    )


def _older(new: Fingerprint, last: Fingerprint) -> Iterator[Hold]:
    """By the dates in them, if both have one; else by the times of the files, if both have one."""
    if new.dated and last.dated:
        if new.dated < last.dated:
            text = f"the source is dated {new.dated}, and the last accepted input {last.dated}"
            yield Hold(
                code="SOURCE-OLDER", message=f"{text}: an older one came late; source.expect.older = hold"
            )
    elif new.modified_at and last.modified_at and new.modified_at < last.modified_at:
        text = f"the source was written {_time(new.modified_at)}, before the last accepted input"
        yield Hold(
            code="SOURCE-OLDER", message=f"{text} ({_time(last.modified_at)}); source.expect.older = hold"
        )


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _strangers(last: Fingerprint, named: Collection[str], limits: Limits) -> Iterator[Hold]:
    if limits.overlap_percent is None or not last.sample:
        return
    kept = sum(person in named for person in last.sample)
    if kept * 100 < limits.overlap_percent * len(last.sample):
        share = f"{kept * 100 / len(last.sample):.1f} %"
        whom = "people sampled from" if last.rows > SAMPLE else "people of"
        yield Hold(
            code="LIMIT-OVERLAP",
            message=f"{kept} of {len(last.sample)} {whom} the last accepted input are in this one ({share}); "
            f"push.limits.overlap_percent = {limits.overlap_percent:g}",
        )


def _blank(new: Fingerprint, last: Fingerprint, limits: Limits) -> Iterator[Hold]:
    if limits.blank_percent is None:
        return
    gone = [
        f'"{column}" ({last.filled[column] * 100 / last.rows:.0f} %)'
        for column, number in new.filled.items()
        if not number and last.filled.get(column, 0) * 100 > limits.blank_percent * last.rows
    ]
    if gone:
        yield Hold(
            code="LIMIT-BLANK",
            message=f"blank in every row, and filled in before: {', '.join(gone)}; "
            f"push.limits.blank_percent = {limits.blank_percent:g}",
        )
