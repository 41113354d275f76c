"""Commands about cases: employees whom matching could not place, and what a person decides about them."""

from typing import Annotated, Any, NoReturn

import typer

from syncd.cli.common import ConfigOption, JsonOption, actor, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import moment, note, plain, say, show_json, table
from syncd.core.cases import CaseState, Resolution, Verdict

cases_app = typer.Typer(
    help="Cases: employees whom matching could not place; a person decides.", invoke_without_command=True
)

EmployeeArgument = Annotated[str, typer.Argument(help="The employee id, with its leading zeros.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(cases_app, name="cases")


@cases_app.callback()
def cases_list(context: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> None:
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


def _decision(decision: dict[str, Any] | None) -> str:
    if decision is None:
        return ""
    user = f" {decision['user_id']}" if decision["user_id"] else ""
    return f"{decision['verdict']}{user}, {decision['decided_by']}, {moment(decision['decided_at'])}"


@cases_app.command("show")
def cases_show(employee_id: EmployeeArgument, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show one case: why it is one, and the candidates side by side with what HR says."""
    with store_of(config) as (loaded, database):
        from syncd.store import cases, mirror

        account, link_field = loaded.litmos.account, loaded.mapping.link_field
        with database.read() as conn:
            case = cases.find(conn, account, employee_id)
            if case is None:
                note(f"Employee {plain(employee_id)} has no case; syncd cases lists them")
                raise typer.Exit(Exit.FAILED)
            profiles = mirror.profiles(conn, account, [each["user_id"] for each in case["candidates"]])
        candidates = [
            {**each, **_evidence(profiles.get(each["user_id"]), link_field)} for each in case["candidates"]
        ]
        if json:
            show_json({"case": {**case, "candidates": candidates}})
            return
        _show(case, candidates, link_field)


def _evidence(profile: Any, link_field: str) -> dict[str, Any]:
    """What Litmos shows of a candidate now; ``gone`` if it has no such user any more."""
    found = profile or {}
    names = ("UserName", "FirstName", "LastName", "LastLogin", link_field)
    return {
        "gone": profile is None,
        "active": str(found.get("Active")).lower() == "true",
        **{name: str(found.get(name) or "") for name in names},
    }


def _show(case: dict[str, Any], candidates: list[dict[str, Any]], link_field: str) -> None:
    employee_id, fields = plain(case["employee_id"]), case["fields"]
    say(f"Employee {employee_id}: {case['state']} {case['code']}".rstrip())
    if case["message"]:
        say(f"{plain(case['origin'])}, since {moment(case['opened_at'])}: {plain(case['message'])}")
    if case["decision"]:
        say(f"Decision: {_decision(case['decision'])}")
    if candidates:
        hr = (fields.get("FirstName", ""), fields.get("LastName", ""), fields.get("UserName", ""))
        rows: list[tuple[object, ...]] = [("HR", *hr, "", "", fields.get(link_field, ""), "", "")]
        rows += [
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
        heads = ("user", "first name", "last name", "username", "active", "last login", link_field)
        table((*heads, "same", "linked to"), rows)
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
        from syncd.store import cases

        account = loaded.litmos.account
        with database.write() as conn:
            if undo:
                said = _undo(conn, account, employee_id)
            else:
                decided, said = _decide(conn, account, employee_id, link=link, create=create)
                now = database.now(conn)
                cases.resolve(conn, account, employee_id, decided, by=actor(), now=now)
            case = cases.find(conn, account, employee_id)
        if json:
            show_json({"case": case})
        else:
            say(plain(said))


def _undo(conn: Any, account: str, employee_id: str) -> str:
    from syncd.store import cases

    if not cases.undo(conn, account, employee_id):
        _refuse(f"Nothing was decided about employee {employee_id}")
    return f"Employee {employee_id}: forgotten; the next push matches anew"


def _decide(
    conn: Any, account: str, employee_id: str, *, link: str | None, create: bool
) -> tuple[Resolution, str]:
    """The decision, and a sentence that says it. Ends the command if it cannot be made."""
    from syncd.store import cases, links, mirror, people

    case = cases.find(conn, account, employee_id)
    if case is None and people.get(conn, account, employee_id) is None:
        _refuse(f"Nobody knows employee {employee_id}; syncd cases lists the cases")
    question = case["question"] if case else ""
    if link is not None:
        user_id = mirror.find_user(conn, account, link)
        if not user_id:
            _refuse(f"Litmos has no user with the id or UserName {link}, as far as was read; syncd refresh")
        other = cases.decided_for(conn, account, user_id)
        if other not in ("", employee_id):
            _refuse(
                f"Litmos user {user_id} was given to employee {other}: syncd cases resolve {other} --undo"
            )
        owner = links.owner(conn, account, user_id)
        loses = (
            f"; employee {owner}, linked to that user until now, is matched anew"
            if owner not in ("", employee_id)
            else ""
        )
        said = f"Employee {employee_id} is Litmos user {user_id}{loses}. The next push follows it"
        return Resolution(verdict=Verdict.LINK, user_id=user_id, answers=question), said
    if not create:
        return Resolution(
            verdict=Verdict.IGNORE
        ), f"Employee {employee_id} is left alone from the next push on"
    seen = {candidate["user_id"] for candidate in case["candidates"]} if case else set()
    refused = seen | ({linked} if (linked := links.find(conn, account, employee_id)) else set())
    if not refused and not question:
        _refuse(f"Employee {employee_id} has no candidate and no link, so a push creates a user anyway")
    whom = f"none of {', '.join(sorted(refused))}" if refused else "somebody new"
    said = f"Employee {employee_id} is {whom}. The next push follows it"
    return Resolution(verdict=Verdict.CREATE, refused=frozenset(refused), answers=question), said


def _refuse(why: str) -> NoReturn:
    note(plain(why))
    raise typer.Exit(Exit.FAILED)
