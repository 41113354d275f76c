"""Commands about the ledger of grants: who has what by which rule, and claiming what a person made."""

from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, JsonOption, actor, meant, opened, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import note, plain, say, show_json, table

FEW = 20
"""So many claims are listed unless JSON is asked for."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(grants)
    app.command()(adopt)


def grants(
    whose: Annotated[
        str | None, typer.Argument(metavar="EMPLOYEE|TEAM", help='An employee id, or a team: "A > B" or "B".')
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say where memberships, roles in teams, learning paths and courses come from: a rule and its run, adopted, or made by hand."""
    with store_of(config) as (loaded, database):
        from syncd.insight import holdings
        from syncd.store import grants as ledger

        account = loaded.litmos.account
        with database.read() as conn:
            if whose is None:
                _totals([dict(row) for row in ledger.totals(conn, account)], json=json)
                return
            told = holdings.of_person(conn, account, whose) or holdings.of_team(conn, account, whose)
            hint = "" if told else meant(conn, account, whose, "syncd grants", "syncd employees")
        if told is None:
            said = f"{plain(whose)} is neither a linked employee's id nor the name of one team in Litmos"
            note(f"{said}; {hint.replace('lists them', 'lists employees')}")
            raise typer.Exit(Exit.FAILED)
        if json:
            show_json({"holdings": [_holding(one, told) for one in told.accounts]})
            return
        table(
            ("who", "what", "where from"),
            [
                (
                    told.who[one.holding.user_id],
                    _what(one, told),
                    one.sentence,
                )
                for one in told.accounts
            ],
        )


def _what(one: Any, told: Any) -> str:
    kind, of = one.holding.kind, one.holding.object
    name = str(told.what.get(of, of))
    return f"{kind} of {name}" if kind in {"leader", "admin"} else name


def _totals(rows: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        show_json({"grants": rows})
        return
    table(
        ("rule", "what", "origin", "number"),
        [(row["rule"], row["kind"], row["origin"], row["number"]) for row in rows],
    )
    note("What is not counted here was made by hand; whose: syncd grants EMPLOYEE or syncd grants TEAM")


def _holding(one: Any, told: Any) -> dict[str, Any]:
    entry = one.entry
    return {
        "who": told.who[one.holding.user_id],
        "user_id": one.holding.user_id,
        "kind": one.holding.kind,
        "object": one.holding.object,
        "origin": one.origin.value,
        "rule": "" if entry is None else entry.rule,
        "run": None if entry is None else entry.run_id,
        "actor": "" if entry is None else entry.actor,
        "team": one.team,
        "since": None if entry is None else entry.granted_at,
        "a_rule_gives_it": one.ruled,
    }


def adopt(
    rule: Annotated[str, typer.Option(help="The rule, by its place in the mapping: teams[0], courses[1].")],
    config: ConfigOption = None,
    json: JsonOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be claimed.")] = False,
) -> None:
    """Claim what was made by hand and a rule would give; later it is taken away like what syncd gave. Litmos is not touched."""
    with opened(config) as app:
        from syncd.planning.adopting import adopt as claim

        found = claim(app, rule, actor=actor(), dry_run=dry_run)
    if json:
        claimed = [{"employee_id": c.employee_id, **c.holding._asdict()} for c in found]
        show_json({"rule": rule, "dry_run": dry_run, "claims": claimed})
        return
    for one in found[:FEW]:
        say(f"  employee {plain(one.employee_id)}  {one.holding.kind}  {plain(one.holding.object)}")
    if len(found) > FEW:
        say(f"    ... and {len(found) - FEW} more (--json lists them)")
    say(f"{rule}: {len(found)} {'would be' if dry_run else 'are'} adopted")
    if dry_run and found:
        note(f"Nothing was claimed; to do it: syncd adopt --rule {rule}")
