"""What two runs of a flow say otherwise, told so that a person sees at once what was changed."""

import pytest

from syncd.core.differing import inputs, numbers, settings
from syncd.core.words import LONG, pieces

BASE = {
    "push.policy": "sync",
    "push.limits.deactivations.count": "10",
    "teams[0].name": "{department}",
    "teams[1].name": "{country}",
    "teams[1].parent": "Countries",
}


@pytest.mark.parametrize(
    ("changed", "gone", "told"),
    [
        ({}, (), []),
        (
            {"push.limits.deactivations.count": "20"},
            (),
            ["push.limits.deactivations.count: 10 -> 20"],
        ),
        ({"push.hold": "slice"}, (), ["+ push.hold: slice"]),
        ({}, ("push.policy",), ["- push.policy: sync"]),
        ({"teams[1].parent": "World"}, (), ["teams[1].parent: Countries -> World"]),
        ({"teams[2].name": "All"}, (), ["+ teams[2].name: All"]),
        (
            {},
            ("teams[1].name", "teams[1].parent"),
            ["- teams[1].name: {country}", "- teams[1].parent: Countries"],
        ),
        ({"push.policy": "x" * 200}, (), [f"push.policy: sync -> {'x' * 79}…"]),
    ],
)
def test_a_setting_is_told_by_its_path(changed, gone, told):
    after = {key: value for key, value in (BASE | changed).items() if key not in gone}
    assert [one.told for one in settings(BASE, after)] == told


def test_a_rule_that_is_put_in_first_is_one_that_is_new():
    after = {
        "push.policy": "sync",
        "push.limits.deactivations.count": "10",
        "teams[0].name": "Everybody",
        "teams[1].name": "{department}",
        "teams[2].name": "{country}",
        "teams[2].parent": "Countries",
    }
    assert [one.told for one in settings(BASE, after)] == ["+ teams[0].name: Everybody"]
    assert [one.told for one in settings(after, BASE)] == ["- teams[0].name: Everybody"]


def test_counts_and_inputs_are_compared():
    assert [one.told for one in numbers({"a": 1, "b": 2}, {"b": 2, "c": 3})] == ["a: 1 -> 0", "c: 0 -> 3"]
    was = [{"source": "hr", "sha256": "1", "rows": 10, "size_bytes": 100}]
    now = [
        {"source": "hr", "sha256": "2", "rows": 7, "size_bytes": 130},
        {"source": "new", "sha256": "3", "rows": 1, "size_bytes": 9},
    ]
    hr, new = inputs(was, now)
    assert (hr["rows"], hr["size_bytes"], hr["same"], new["earlier"]) == (-3, 30, False, False)
    assert inputs(was, was)[0]["same"]


def test_a_long_text_is_compared_word_by_word():
    before = "Head of the department for the care of trees and shrubs"
    after = "Head of the department for the care of trees, hedges and shrubs"
    assert len(before) >= LONG
    found = pieces(before, after)
    assert [(one.kind, one.text) for one in found if one.kind != "both"] == [("after", ", hedges")]
    for kind, text in (("before", before), ("after", after)):
        assert "".join(one.text for one in found if one.kind in {"both", kind}) == text
    assert not pieces("short", "shorter")
    assert not pieces(before, "日" * LONG), "nothing in common is not told word by word"
    assert not pieces(None, after)
