"""Import requests: which Changes go by bulk imports, in which, and how the users are read around them. Pure.

An import is taken where it is surely cheaper: where, at its dearest, it takes fewer requests than its people would singly at
their least. Among all ways (``core.import_cost``) that new users and updates may go, the one with the lowest total is taken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import product

from syncd.core.bulk import LARGEST, MOST_ROWS, NOT_SHOWN, candidates, weight
from syncd.core.import_cost import FIRST_LOOK, PATIENCE, Load, Scene, after_a_list, cost
from syncd.core.model import Action, Change, ObjectKind
from syncd.core.request import Pace, Request, RequestKind, Stage, person_target
from syncd.core.userwrites import least_puts

_SKIP = "SkipFirstLogin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of an import, as it is stored, with what the choice needs to know of it."""

    row: dict[str, object]
    change: str
    new: bool
    skips: bool
    shown: bool
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The rows of one import."""

    rows: tuple[Row, ...]
    near: bool

    @property
    def load(self) -> Load:
        """What it carries."""
        creates = sum(row.new for row in self.rows)
        return Load(
            creates=creates,
            updates=len(self.rows) - creates,
            shown=all(row.shown for row in self.rows),
        )

    @property
    def lists(self) -> bool:
        """Whether all users must be read just before it: an import that creates would overwrite who has the name."""
        return self.near and any(row.new for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The imports of a Plan, what they cost at the dearest with the readings that they share, and what the rest costs."""

    chunks: tuple[Chunk, ...]
    scene: Scene
    total: int


def import_requests(changes: Sequence[Change], pace: Pace) -> list[Request]:
    """The imports that carry some of these Changes, and the readings of all users that they share; none if none is cheaper."""
    choice = choose(changes, pace)
    requests: list[Request] = []
    listing = [number for number, chunk in enumerate(choice.chunks) if chunk.lists]
    batch = after_a_list(choice.scene, pace.per_minute)
    reads: dict[int, str] = {}
    least, _ = choice.scene.pages
    for start in range(0, len(listing), batch):
        some = listing[start : start + batch]
        key = f"read:imports:{start // batch}"
        reads |= dict.fromkeys(some, key)
        before = listing[max(0, start - batch) : start]
        requests.append(
            Request(
                key=key,
                kind=RequestKind.READ_USERS,
                stage=Stage.CREATES,
                target=key,
                after=tuple(f"import:{number}" for number in before),
                low=least,
                high=least + 1 if start == 0 else choice.scene.pages[1],
            )
        )
    for number, chunk in enumerate(choice.chunks):
        requests.append(_import(chunk, number, choice.scene, reads.get(number)))
    return requests


def choose(changes: Sequence[Change], pace: Pace) -> Choice:
    """The cheapest of all ways in which new users and updates may go: singly, with lists, or with windows."""
    if pace.importing is None:
        return Choice(chunks=(), scene=Scene(users=pace.users, made=0, touched=0), total=0)
    found, others = candidates(changes, pace.importing)
    rows = [
        Row(
            row=dict(row),
            change=change.key,
            new=not row["user_id"],
            skips=change.action is Action.CREATE and change.after.get(_SKIP) is True,
            shown=NOT_SHOWN.isdisjoint(row["fields"]),
            bytes=weight(row),
        )
        for change, row in found
    ]
    users = [change for change in changes if change.kind is ObjectKind.USER]
    scene = Scene(
        users=pace.users,
        made=sum(change.action is Action.CREATE for change in users),
        touched=len(users),
    )
    new, known = [row for row in rows if row.new], [row for row in rows if not row.new]
    best = _priced((), rows, scene, pace, others)
    ways = (None, False, True)
    for of_new, of_known in product(ways if new else (None,), ways if known else (None,)):
        chunks = _chunks(new, known, of_new=of_new, of_known=of_known)
        one = _priced(_worth_it(chunks, scene, pace, others), rows, scene, pace, others)
        if one.total < best.total:
            best = one
    return best


def _chunks(
    new: Sequence[Row], known: Sequence[Row], *, of_new: bool | None, of_known: bool | None
) -> list[Chunk]:
    """All of them that go so: who skips the first login goes apart, and what goes in the same way together."""
    groups: list[tuple[Sequence[Row], bool]] = []
    if of_new is not None:
        plain = [row for row in new if not row.skips]
        together = of_new is of_known
        groups += [
            ([*plain, *known] if together else plain, of_new),
            ([row for row in new if row.skips], of_new),
        ]
        known = [] if together else known
    if of_known is not None:
        groups.append((known, of_known))
    return [Chunk(rows=tuple(some), near=near) for rows, near in groups for some in _split(rows)]


def _worth_it(chunks: Sequence[Chunk], scene: Scene, pace: Pace, others: int) -> tuple[Chunk, ...]:
    """Without those that cost more, at the dearest, than their people singly."""
    while True:
        here = replace(scene, imports=max(1, len(chunks)))
        kept = tuple(
            chunk
            for chunk in chunks
            if cost(chunk.load, here, near=chunk.near)[1] < _singly(chunk.load, pace, others)
        )
        if len(kept) == len(chunks):
            return kept
        chunks = kept


def _singly(load: Load, pace: Pace, others: int) -> int:
    """What these people cost singly at the least, where ``others`` are written singly anyway."""
    return load.creates + least_puts(load.updates + others, pace) - least_puts(others, pace)


def _priced(chunks: tuple[Chunk, ...], rows: Sequence[Row], scene: Scene, pace: Pace, others: int) -> Choice:
    """At the dearest what goes by import, and at the least what goes singly."""
    here = replace(scene, imports=max(1, len(chunks)))
    total = sum(cost(chunk.load, here, near=chunk.near)[1] for chunk in chunks)
    listing, batch = sum(chunk.lists for chunk in chunks), after_a_list(here, pace.per_minute)
    if listing:
        total += here.pages[0] + 1 + ((listing - 1) // batch) * here.pages[1]
    gone = {row.change for chunk in chunks for row in chunk.rows}
    left = [row for row in rows if row.change not in gone]
    new = sum(row.new for row in left)
    total += _singly(Load(creates=new, updates=len(left) - new), pace, others)
    return Choice(chunks=chunks, scene=here, total=total)


def _split(rows: Iterable[Row]) -> Iterable[list[Row]]:
    some: list[Row] = []
    size = 0
    for row in rows:
        if some and (size + row.bytes > LARGEST or len(some) >= MOST_ROWS):
            yield some
            some, size = [], 0
        some.append(row)
        size += row.bytes
    if some:
        yield some


def _import(chunk: Chunk, number: int, scene: Scene, read: str | None) -> Request:
    keys = tuple(row.change for row in chunk.rows)
    people = blake2b("\n".join(sorted(keys)).encode(), digest_size=8).hexdigest()
    low, high = cost(chunk.load, scene, near=chunk.near)
    rows = [row.row for row in chunk.rows]
    return Request(
        key=f"import:{number}",
        kind=RequestKind.IMPORT_USERS,
        stage=Stage.CREATES,
        target=f"import:{people}",
        payload={
            "rows": rows,
            "skip_first_login": chunk.rows[0].skips,
            "near": chunk.near,
            "imports": scene.imports,
            "pages": scene.pages[1],
        },
        after=() if read is None else (read,),
        changes=keys,
        covers=tuple(person_target(str(row["employee_id"]), str(row["user_id"])) for row in rows),
        low=low,
        high=high,
        waits=(FIRST_LOOK, PATIENCE),
    )
