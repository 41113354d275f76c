"""Identities: who each employee is in Litmos, to a sink that asks for it."""

import uuid
from hashlib import blake2b

from syncd.app import App
from syncd.errors import LitmosError, SinkError
from syncd.sinks import Sink
from syncd.store import links, outbox


def give_identities(app: App, run_id: int, name: str, sink: Sink, *, login_links: bool) -> int:
    """Give a sink everybody who is new or different since it last took them (or all, where it wants everything).

    P(users) requests; with ``login_links`` one more for each row. A login link is as good as a password: it goes to the
    sink and nowhere else, so whether it changed is not known. Somebody who is not linked any more, or whom Litmos does not
    know any more, is not told of. Raises SinkError, also where Litmos could not be read.
    """
    try:
        rows = _rows(app)
        with app.database.read() as conn:
            given = outbox.identities_given(conn, app.account, name)
        hashes = {employee_id: _digest(row) for employee_id, row in rows.items()}
        changed = {who: digest for who, digest in hashes.items() if given.get(who) != digest}
        wanted = sorted(hashes if sink.wants_everything else changed)
        if login_links and changed:
            for who in wanted:
                rows[who]["login_link"] = app.target.login_link(rows[who]["litmos_user_id"])
    except LitmosError as error:
        raise SinkError(f"Litmos could not say who is who: {error}") from error
    if not changed:
        return 0
    with app.database.write() as conn:
        batch_id = outbox.open_identities(
            conn,
            app.account,
            name,
            f"i{run_id}-{uuid.uuid4().hex[:8]}",
            run_id,
            app.database.now(conn),
            len(wanted),
        )
    sink.deliver(batch_id, [rows[who] for who in wanted])
    with app.database.write() as conn:
        outbox.identities_taken(conn, app.account, name, changed)
        outbox.mark_delivered(conn, app.account, batch_id, app.database.now(conn))
    return len(wanted)


def _rows(app: App) -> dict[str, dict[str, str]]:
    """By employee: the row without its login link."""
    with app.database.read() as conn:
        employees = {user_id: employee_id for employee_id, user_id in links.load(conn, app.account).items()}
    return {
        employees[profile["Id"]]: {
            "employee_id": employees[profile["Id"]],
            "litmos_user_id": profile["Id"],
            "username": str(profile.get("UserName") or ""),
            "active": "true" if str(profile.get("Active")).lower() == "true" else "false",
            "last_login": str(profile.get("LastLogin") or ""),
            "login_link": "",
        }
        for profile in app.target.profiles()
        if profile["Id"] in employees
    }


def _digest(row: dict[str, str]) -> str:
    """Of everything but the login link, which is not there yet."""
    return blake2b("\0".join(row.values()).encode(), digest_size=16).hexdigest()
