"""Reporting: what a Run did, in sentences."""

import pytest

from syncd.core.reporting import did, in_brief


@pytest.mark.parametrize(
    ("flow", "summary", "told"),
    [
        ("push", {}, []),
        ("push", {"only": ["00001"]}, []),
        ("push", {"counts": {}, "withheld": 0, "rejected": 0, "skipped": 0}, [("nothing to change", "")]),
        (
            "push",
            {
                "counts": {
                    "user": {"create": 1, "update": 58},
                    "team_assignment": {"add": 2},
                    "result": {"record": 1},
                },
                "withheld": 1,
                "rejected": 4,
                "skipped": 2,
                "skips": {"LEFT": 1, "PROTECTED": 1},
            },
            [
                (
                    "planned 1 user to create, 58 users to update, 2 assignments of teams to add, 1 result to record",
                    "changes",
                ),
                ("1 change withheld by push.policy", ""),
                ("2 people left alone (1 LEFT, 1 PROTECTED)", ""),
                ("4 rows rejected", "quarantine"),
            ],
        ),
        (
            "refresh",
            {"users": 126, "teams": 1, "learning_paths": 5, "drift": 1, "gone": 0, "requests": 14},
            [
                ("read 126 users, 1 team, 5 learning paths, in 14 requests", ""),
                ("found 1 change that somebody else made in Litmos", "drift"),
            ],
        ),
        (
            "refresh",
            {
                "changed_users": 1,
                "lists_read_again": 2,
                "lists_checked_for_their_age": 0,
                "drift": 0,
                "gone": 2,
                "requests": 1,
            },
            [
                ("read what changed, 1 user and 2 lists, in 1 request", ""),
                ("2 users, teams or courses are gone from Litmos", ""),
            ],
        ),
        (
            "pull",
            {"new": 5, "read_learning_path": 4, "read_course": 1, "reported": 5, "delivered_results": 5},
            [
                ("read 4 results of learning paths and 1 result of courses: 5 new (5 reported)", "results"),
                ("delivered 5 rows to results", ""),
            ],
        ),
        (
            "pull",
            {"new": 0, "delivered_results": 0},
            [("read no results: 0 new", ""), ("delivered 0 rows to results", "")],
        ),
        ("another", {"users": 1}, []),
    ],
)
def test_what_a_run_did_is_told_in_words(flow, summary, told):
    assert [(one.text, one.about) for one in did(flow, summary)] == told
    assert in_brief(flow, summary) == "; ".join(text for text, _ in told)
