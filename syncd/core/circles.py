"""Circles: what waits for itself, directly or in the end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping


def waiting_for_ever(after: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Of ``after`` (key -> the keys it waits for), those that are in a circle or behind one; linear in its size.

    A key that is waited for and is not in ``after`` has ended.
    """
    waits = {key: len({parent for parent in parents if parent in after}) for key, parents in after.items()}
    children: defaultdict[str, set[str]] = defaultdict(set)
    for key, parents in after.items():
        for parent in parents:
            children[parent].add(key)
    free = [key for key, number in waits.items() if not number]
    while free:
        ended = free.pop()
        del waits[ended]
        for child in children[ended]:
            waits[child] -= 1
            if not waits[child]:
                free.append(child)
    return frozenset(waits)
