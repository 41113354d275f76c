"""The queue: what is paused and frozen, and pausing and resuming it; and the audit of what people did."""

from syncd.core.request import JobClass
from syncd.insight.acting import pause, resume
from syncd.insight.overview import engine
from syncd.store import audit
from syncd.store.queue import ALL
from syncd.web.site import Answer, Ask, Done, Shown

CLASSES = (ALL, *JobClass)


def queue(ask: Ask) -> Answer:
    """What waits to be sent, what is paused, and when everybody waits for the rolling window."""
    with ask.site.database.read() as conn:
        now = ask.site.database.now(conn)
        found = engine(conn, ask.site.account, now)
    return Shown(
        template="queue.html",
        listed="pauses",
        columns=("job_class", "code", "reason", "since"),
        data={
            "now": now,
            "jobs": found["jobs"],
            "window": found["window"],
            "pauses": found["pauses"],
            "refused": found["paused"],
            "classes": [str(one) for one in CLASSES],
        },
    )


def stop(ask: Ask) -> Answer:
    """Send nothing more, or nothing of a class, until a person resumes it."""
    wanted, reason = ask.said("class"), ask.said("reason")
    if wanted not in CLASSES or not reason:
        return Done(to="/queue", said="Choose a class, and say why.", failed=True)
    site = ask.site
    begun = pause(site.database, site.account, [wanted], reason=reason, actor=ask.viewer.actor)
    said = f"Paused: {wanted}." if begun else f"{wanted} was paused before."
    return Done(to="/queue", said=said)


def go_on(ask: Ask) -> Answer:
    """Send again what was paused: all of it, or a class."""
    wanted = ask.said("class")
    if wanted and wanted not in CLASSES:
        return Done(to="/queue", said="Choose a class.", failed=True)
    site = ask.site
    ended = resume(site.database, site.account, [wanted] if wanted else [], actor=ask.viewer.actor)
    said = f"Resumed: {', '.join(ended)}." if ended else "Nothing of that was paused."
    return Done(to="/queue", said=said)


def trail(ask: Ask) -> Answer:
    """What people did, by commands and on pages, newest first."""
    with ask.site.database.read() as conn:
        rows = audit.listed(
            conn,
            ask.site.account,
            before=ask.number("before"),
            actor=ask.query.get("actor", "").strip(),
            action=ask.query.get("action", "").strip(),
            limit=ask.limit + 1,
        )
        now = ask.site.database.now(conn)
    found = [{key: value for key, value in row.items() if key != "account"} for row in rows]
    return Shown(
        template="audit.html",
        listed="audit",
        columns=("number", "at", "actor", "action", "object", "employee_id", "detail", "hash"),
        data={"next": ask.next_page(found, "number", "before"), "audit": found, "now": now},
    )
