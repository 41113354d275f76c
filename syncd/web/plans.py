"""The plan of a held run: why it waits, what it would do, and a person's decision about all or a part of it."""

from collections.abc import Mapping
from datetime import datetime

from syncd.core.confirming import Confirmation, Of
from syncd.core.holding import CLASSES, Choice
from syncd.core.telling import number_of
from syncd.errors import Declined, StaleApproval
from syncd.planning.approval import approve, asked, made_of_input, reject
from syncd.store import changelists, changes, runlists, runs
from syncd.web.shown import item_names, shown_change, shown_run
from syncd.web.site import Answer, Ask, Done, Missing, Shown

CAUSES = {
    "HELD-WHOLE": "counted by no limit; the push is held whole",
    "HELD-WAITS": "needs something that is held",
}


def plan(ask: Ask) -> Answer:
    """What a run holds, why, and the forms to decide about it."""
    account, run_id = ask.site.account, ask.parts["run_id"]
    with ask.site.database.read() as conn:
        row = runs.get(conn, run_id)
        if row is None or row["account"] != account:
            raise Missing(f"There is no run {run_id}.")
        causes = changes.causes(conn, run_id)
        names = item_names(conn, account)
        wanted = changelists.Wanted(run_id=run_id, state="held")
        rows = changelists.changes(conn, account, wanted, before=ask.number("before"), limit=ask.limit + 1)
        held = [shown_change(each, names, ask.viewer) for each in rows]
        fields = runlists.held_fields(conn, run_id)
        makes = made_of_input(conn, account, run_id)
        now = ask.site.database.now(conn)
        spent = runlists.spent(conn, row, now)
    waits = row["state"] == "held" or bool(causes)  # a doubted input may hold no change at all
    confirm, hindrance = _asked(ask, run_id, causes, now) if waits else (None, "")
    return Shown(
        template="plan.html",
        listed="changes",
        columns=("id", "employee_id", "action", "kind", "what", "code", "reason"),
        data={
            "run": shown_run(row, spent),
            "now": now,
            "waits": waits,
            "confirm": None
            if confirm is None
            else {"number": confirm.number, "of": confirm.of, "told": confirm.told},
            "losing": confirm.number if confirm is not None and confirm.of is Of.PEOPLE else 0,
            "makes": makes,
            "hindrance": hindrance,
            "causes": [
                {"code": code, "why": CAUSES.get(code, ""), "numbers": numbers}
                for code, numbers in causes.items()
            ],
            "fields": fields,
            "number": sum(sum(numbers.values()) for numbers in causes.values()),
            "classes": list(CLASSES),
            "next": ask.next_page(held, "id", "before"),
            "changes": held,
        },
    )


def _asked(
    ask: Ask, run_id: int, causes: Mapping[str, Mapping[str, int]], now: datetime
) -> tuple[Confirmation | None, str]:
    """The number that is typed to approve all of it; or why it cannot be approved as it is now.

    The digest of very many Changes takes a while, and what a person decides is judged anew: so it is asked again once something else waits.
    """

    def count() -> tuple[Confirmation | None, str]:
        try:
            return asked(ask.site.app, run_id), ""
        except (Declined, StaleApproval) as error:
            return None, str(error)

    waiting = tuple((code, tuple(sorted(numbers.items()))) for code, numbers in causes.items())
    return ask.site.counts.of(("asked", run_id, waiting), now, count)[0]


def approve_held(ask: Ask) -> Answer:
    """Let what a run holds go, or a part of it; where that takes much, or its input is doubted, a number is typed."""
    run_id, choice = ask.parts["run_id"], _choice(ask)
    digest = ask.said("digest") or None
    confirm = asked(ask.site.app, run_id, choice, seen_digest=digest)
    if confirm is not None and ask.said("confirm") != str(confirm.number):
        said = f"{confirm.told} by that; to approve it, type {confirm.number}. Nothing was approved."
        return Done(to=f"/runs/{run_id}/plan", said=said, failed=True)
    sent, stale = approve(
        ask.site.app,
        run_id,
        actor=ask.viewer.actor,
        seen_digest=digest,
        choice=choice,
        confirmed=None if confirm is None else confirm.number,
    )
    more = f", {stale} had become stale" if stale else ""
    return Done(
        to=f"/runs/{run_id}", said=f"Approved: {number_of(sent, 'change is', 'changes are')} sent{more}."
    )


def reject_held(ask: Ask) -> Answer:
    """Cancel what a run holds, or a part of it and what needs that."""
    run_id = ask.parts["run_id"]
    reason = ask.said("reason")
    if not reason:
        return Done(to=f"/runs/{run_id}/plan", said="Say why, for the sync log.", failed=True)
    number = reject(ask.site.app, run_id, actor=ask.viewer.actor, reason=reason, choice=_choice(ask))
    said = f"Rejected: {number_of(number, 'change is', 'changes are')} not sent. The next push plans again."
    return Done(to=f"/runs/{run_id}", said=said)


def _choice(ask: Ask) -> Choice:
    """What of a held run is meant; all of it if nothing is chosen. Raises Declined for a class that there is not: never all for that."""
    classes = frozenset(filter(None, ask.form.get("only", ())))
    if unknown := classes - frozenset(CLASSES):
        raise Declined(
            f"There is nothing called {', '.join(sorted(unknown))} to choose; there are: {', '.join(CLASSES)}."
        )
    return Choice(classes=classes, employees=_listed(ask, "employees"), fields=_listed(ask, "fields"))


def _listed(ask: Ask, name: str) -> frozenset[str]:
    """What a field of the form lists, with commas or blanks between. Raises Declined if something was typed that names nothing."""
    typed = " ".join(ask.form.get(name, ())).strip()
    found = frozenset(typed.replace(",", " ").split())
    if typed and not found:
        raise Declined(f"{name}: {typed} names nothing; leave it empty for all, or name whom you mean")
    return found
