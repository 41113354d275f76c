"""Commands about cases: employees whom matching could not place, and what a person decides about them."""

from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, CsvOption, JsonOption, actor, meant, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import (
    moment,
    note,
    note_if_none,
    plain,
    say,
    show_csv,
    show_json,
    side_by_side,
    table,
)
from syncd.core.cases import CaseState
from syncd.errors import Declined

cases_app = typer.Typer(
    help="Cases: employees whom matching could not place; a person decides.", invoke_without_command=True
)

EmployeeArgument = Annotated[str, typer.Argument(help="The employee id, with its leading zeros.")]

CASE_COLUMNS = ("employee_id", "state", "code", "message", "opened_at", "decision")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(cases_app, name="cases")


@cases_app.callback()
def cases_list(
    context: typer.Context, config: ConfigOption = None, json: JsonOption = False, csv: CsvOption = False
) -> None:
    """List the cases: open ones, decided ones that the next push follows, and what was resolved."""
    if context.invoked_subcommand is not None:
        return
    with store_of(config) as (loaded, database):
        from syncd.store import cases

        with database.read() as conn:
            found = cases.listed(conn, loaded.litmos.account)
        if json:
            show_json({"cases": found})
            return
        if csv:
            show_csv(CASE_COLUMNS, found)
            return
        table(
            ("employee", "state", "code", "candidates", "since", "decision"),
            [
                (
                    case["employee_id"],
                    case["state"],
                    case["code"],
                    len(case["candidates"]),
                    moment(case["opened_at"]),
                    _decision(case["decision"]),
                )
                for case in found
            ],
        )
        note_if_none(found, "There is no case: matching could place everybody")


def _decision(decision: dict[str, Any] | None) -> str:
    if decision is None:
        return ""
    user = f" {decision['user_id']}" if decision["user_id"] else ""
    return f"{decision['verdict']}{user}, {decision['decided_by']}, {moment(decision['decided_at'])}"


@cases_app.command("show")
def cases_show(employee_id: EmployeeArgument, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show one case: why it is one, and the candidates side by side with what HR says."""
    with store_of(config) as (loaded, database):
        from syncd.insight.candidates import case_with_evidence

        link_field = loaded.mapping.link_field
        with database.read() as conn:
            account = loaded.litmos.account
            case = case_with_evidence(conn, account, employee_id, link_field)
            hint = "" if case else meant(conn, account, employee_id, "syncd cases show", "syncd cases")
        if case is None:
            note(f"Employee {plain(employee_id)} has no case; {hint}")
            raise typer.Exit(Exit.FAILED)
        if json:
            show_json({"case": case})
            return
        _show(case, case["candidates"], link_field)


def _show(case: dict[str, Any], candidates: list[dict[str, Any]], link_field: str) -> None:
    employee_id, fields = plain(case["employee_id"]), case["fields"]
    say(f"Employee {employee_id}: {case['state']} {case['code']}".rstrip())
    if case["message"]:
        say(f"{plain(case['origin'])}, since {moment(case['opened_at'])}: {plain(case['message'])}")
    if case["decision"]:
        say(f"Decision: {_decision(case['decision'])}")
    if candidates:
        names = ("user", "first name", "last name", "username", "active", "last login", link_field)
        hr = (fields.get("FirstName", ""), fields.get("LastName", ""), fields.get("UserName", ""))
        things: list[tuple[object, ...]] = [("HR", *hr, "", "", fields.get(link_field, ""), "", "")]
        things += [
            (
                each["user_id"],
                each["FirstName"],
                each["LastName"],
                each["UserName"],
                "gone" if each["gone"] else "yes" if each["active"] else "no",
                each["LastLogin"],
                each[link_field],
                ", ".join(each["keys"]),
                each["linked_to"],
            )
            for each in candidates
        ]
        side_by_side((*names, "same", "linked to"), things)
    if case["state"] == CaseState.OPEN:
        note(f"To decide: syncd cases resolve {employee_id} --link USER | --create | --ignore")
    else:
        note(f"To decide anew: syncd cases resolve {employee_id} --undo")


@cases_app.command("resolve")
def cases_resolve(
    employee_id: EmployeeArgument,
    link: Annotated[
        str | None, typer.Option("--link", metavar="USER", help="It is this Litmos user (id or UserName).")
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="It is none of the candidates: a new user.")
    ] = False,
    ignore: Annotated[bool, typer.Option("--ignore", help="Leave this employee alone.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Forget what was decided.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Decide about one employee; the next push follows it, and it is remembered until it is undone."""
    if [link is not None, create, ignore, undo].count(True) != 1:
        note("Say one of --link USER, --create, --ignore, --undo")
        raise typer.Exit(Exit.USAGE)
    with store_of(config) as (loaded, database):
        from syncd.insight import acting
        from syncd.store import cases

        account = loaded.litmos.account
        try:
            if undo:
                said = acting.undo_case(database, account, employee_id, actor=actor())
            else:
                said = acting.decide_case(
                    database, account, employee_id, link=link, create=create, actor=actor()
                )
        except Declined as error:
            note(plain(error))
            raise typer.Exit(Exit.FAILED) from None
        if json:
            with database.read() as conn:
                show_json({"case": cases.find(conn, account, employee_id)})
        else:
            say(plain(said))
