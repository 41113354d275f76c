"""Delivered: what a row for HR has, a version of a result or who somebody is in Litmos; columns of sinks are made of these."""

from typing import Literal, get_args

ResultField = Literal[
    "employee_id",
    "litmos_user_id",
    "username",
    "kind",
    "object_id",
    "object_name",
    "completed",
    "percent",
    "score",
    "assigned_at",
    "started_at",
    "completed_at",
    "compliant_until",
    "result_id",
    "status",
    "event",
    "attempt",
    "version",
    "reverses",
    "seq",
    "certificate_id",
    "course_id",
    "instructor_id",
]
RESULT_FIELDS: tuple[str, ...] = get_args(ResultField)
"""Every field of a row.

``object_id`` and ``object_name`` are those of what ``kind`` says; ``completed`` is ``true`` for what counts or has expired,
else ``false``; ``percent`` is 0 to 100; times are UTC, ``2026-11-24T02:30:00Z``; what Litmos does not know is "".
``result_id`` is the same for all attempts and versions of a result: a receiver can upsert by it. ``reverses`` is the version
that a withdrawal takes back, else "". ``seq`` rises over all versions of the account: a cursor.
"""
IdentityField = Literal["employee_id", "litmos_user_id", "username", "active", "last_login", "login_link"]
IDENTITY_FIELDS: tuple[str, ...] = get_args(IdentityField)
"""Every field of a row of identities; ``login_link`` is "" unless the sink asks for it."""
