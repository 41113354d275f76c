"""Who waits for ever, judged by trying: a queue that takes whatever may go."""

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.circles import waiting_for_ever

KEYS = st.sampled_from("abcdef")


@given(st.dictionaries(KEYS, st.lists(KEYS, max_size=3), max_size=6))
def test_whoever_never_goes_waits_for_ever(after):
    gone: set[str] = set()
    for _ in after:
        gone |= {key for key, parents in after.items() if all(p in gone or p not in after for p in parents)}
    assert waiting_for_ever(after) == after.keys() - gone
