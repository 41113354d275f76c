"""Import cost: how many HTTP requests bulk imports take, and in which way the users are read around them. Pure.

There are two ways (``docs/decisions/0024`` says why each is safe):

=====  ====================================================  =====================================================
way    before it is sent                                     once Litmos has ended it
=====  ====================================================  =====================================================
list   all users, by page                                    all users, by page
near   the mirror, and what Litmos' date window has changed  the window: who is there as wanted is proved; who is not
       since it was read; for new users the mirror is a      is read singly, or by all pages if that is cheaper
       list that was read just before
=====  ====================================================  =====================================================

In a small account the list is as cheap; in a large one each reading of it costs more than most imports save.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from syncd.core.request import JUST_READ_SECONDS, PAGE, SAFE_SHARE

PATIENCE = 600.0
"""Seconds that an import may take; what has not ended then is late."""
FIRST_LOOK = 5.0
"""Seconds after which an import is looked at first."""
LONGEST = 30.0
"""The longest between two looks at an import that is alone, where nobody has configured another delay."""
FEW = 20
"""So many requests a first look may spend on reading people singly whom the window does not show; more wait for the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one import carries: how many users it creates and updates, and whether a window can show all that it sets."""

    creates: int
    updates: int
    shown: bool = True

    @property
    def rows(self) -> int:
        """Its rows."""
        return self.creates + self.updates


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Among what an import happens: ``users`` in Litmos before the Plan, how many the Plan makes and how many it makes or
    changes (``touched``), and how many imports it sends.
    """

    users: int
    made: int
    touched: int
    imports: int = 1

    @property
    def pages(self) -> tuple[int, int]:
        """Requests that reading all users takes, at least and at most."""
        return pages(self.users), pages(self.users + self.made)

    @property
    def window(self) -> int:
        """Requests that reading the users of a date window takes at most, if others touch fewer than a page."""
        return self.touched // PAGE + 2


def pages(users: int) -> int:
    """Requests that reading so many users takes: a last page that is full is asked beyond."""
    return users // PAGE + 1


def next_look(elapsed: float, *, longest: float, imports: int = 1) -> float:
    """Seconds until an import that was sent ``elapsed`` seconds ago is looked at again.

    Half of that, or for one of several imports that were sent together more, up to all of it; ``longest`` seconds, or as
    many times that as there are imports, at most. So an import that took t is known to have ended at 2 t at the latest.
    """
    share = min(1.0, 0.25 + 0.25 * imports)
    return min(longest * imports, max(FIRST_LOOK, elapsed * share))


def looks(imports: int = 1) -> int:
    """The most times that one of so many imports is looked at in its ten minutes."""
    return sum(1 for _ in _moments(imports)) + 1


def _moments(imports: int) -> Iterator[float]:
    elapsed = next_look(0.0, longest=LONGEST, imports=imports)
    while elapsed < PATIENCE:
        yield elapsed
        elapsed += next_look(elapsed, longest=LONGEST, imports=imports)


def lookups(load: Load) -> int:
    """Requests that reading its people singly takes: one by id, two by UserName (``search``, then the record).

    One of those updated whom somebody has renamed meanwhile takes two more.
    """
    return load.updates + 2 * load.creates


def cost(load: Load, scene: Scene, *, near: bool) -> tuple[int, int]:
    """HTTP requests of one import, at least and at most, if no request fails.

    At least: what is read before it, the import, one look at its state and what is read after it, which one of several
    imports may do for all. At most: all looks, and
    in two of them what Litmos says of rows that failed and what is there, for what is missing without a word is
    looked for once more. The list that new users need in the ``near`` way is not in it: imports share it.
    """
    least, most = scene.pages
    errors = 2 * (load.rows // PAGE + 1)
    alone = scene.imports == 1
    if not near:
        return least + 2 + (least if alone else 0), most + 1 + looks(scene.imports) + errors + 2 * most
    singly = min(most, lookups(load))
    first = FEW if load.shown else min(FEW, singly)
    low = 3 + ((1 if load.shown else min(least, lookups(load))) if alone else 0)
    return low, scene.window + 1 + looks(scene.imports) + errors + (scene.window + first) + (
        scene.window + singly
    )


def after_a_list(scene: Scene, per_minute: float) -> int:
    """How many imports of new users may follow one reading of all users, as it counts as just read for five minutes."""
    return max(1, int(per_minute * JUST_READ_SECONDS / 60 * SAFE_SHARE) // (scene.window + 1))
