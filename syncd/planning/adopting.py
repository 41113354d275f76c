"""Adopting: a person claims for a rule what was made in Litmos by hand, so that it is taken away again like syncd's own."""

from syncd.app import App
from syncd.core.ledger import Claim, claims
from syncd.errors import Declined
from syncd.intake import read_hr
from syncd.log import get_logger
from syncd.mirroring.refreshing import is_old
from syncd.planning.planner import draft
from syncd.store import audit, grants, lease
from syncd.turn import planning

log = get_logger(__name__)


def adopt(app: App, rule: str, *, actor: str, dry_run: bool) -> tuple[Claim, ...]:
    """Claim for ``rule`` (``teams[0]``) what it would give, somebody has, and syncd did not make. Sends nothing to Litmos.

    HR is read now; of Litmos the mirror must be fresh, for a claim must not rest on what is no more. Raises Declined,
    SourceError, ConfigError, Busy.
    """
    mapping = app.settings.mapping
    people = [one for one in mapping.items if not one.team]
    known = [*(one.place.key for one in mapping.membership_rules), *(one.place.key for one in people)]
    if rule not in known:
        raise Declined(f"there is no rule {rule}; the mapping has: {', '.join(known) or 'none'}")
    with planning(app) as mine:
        intake = read_hr(app)
        if is_old(app, intake.managed.with_teams(app.settings.mapping.strict_teams)):
            raise Declined(
                "what is known of Litmos is too old to claim anything; first: syncd refresh --delta"
            )
        made = draft(app, intake)
        found = claims(
            made.desired,
            made.current,
            made.granted,
            rule,
            granted_roles=made.granted_roles,
            is_protected=lambda user: bool(app.settings.mapping.protection.why(user)),
        )
        if not dry_run:
            _store(app, rule, found, actor, mine)
    log.info("adopted", rule=rule, claims=len(found), dry_run=dry_run)
    return found


def _store(app: App, rule: str, found: tuple[Claim, ...], actor: str, mine: lease.Held) -> None:
    with app.database.write() as conn:
        lease.fence(conn, mine)
        now = app.database.now(conn)
        for kind in sorted({claim.holding.kind for claim in found}):
            given = [(c.holding.user_id, c.holding.object, c.rule) for c in found if c.holding.kind == kind]
            grants.adopt(conn, app.account, kind, given, actor=actor, now=now)
        about = {"claims": len(found)}
        audit.record(
            conn, app.account, actor=actor, action="adopt", object_=f"rule {rule}", detail=about, now=now
        )
