"""Purging a person: every table has a rule, nothing is left that is not said, and nobody is created anew without a word."""

import io
import json
import logging
from typing import Any

import pytest
from sqlalchemy import JSON, Table, Text, insert, select, update

from syncd import log
from syncd.core.person_names import folded
from syncd.core.pseudonyms import Needles, called_otherwise, pseudonym
from syncd.insight.forgetting import people_of
from syncd.store import audit, purging
from syncd.store.columns import metadata
from syncd.store.purging import RULES, Mentions, Rows
from syncd.store.schema import job
from tests.store.makers import ACCOUNT, enqueue, now_of, request
from tests.workbench import workbench

SECRET = "s" * 40


def test_every_table_has_a_rule():
    assert set(RULES) == set(metadata.tables), (
        "say in store/purging.py what becomes of a person in a new table"
    )
    for name, rule in RULES.items():
        columns = metadata.tables[name].c
        if isinstance(rule, Rows):
            assert {*rule.by, *rule.user, *rule.names} <= set(columns.keys()), name
        has = {"employee_id", "user_id"} & set(columns.keys())
        assert not has or isinstance(rule, Rows) or name == "audit", f"{name} has {has}, and no rows of it go"


def filled(table: Table, employee_id: str, user_id: str) -> dict[str, Any]:
    """A row that names the person in every text and JSON that it may be in."""
    rule = RULES[table.name]
    values: dict[str, Any] = {}
    for column in table.columns:
        kind = column.type.python_type if not isinstance(column.type, JSON) else dict
        if column.name == "account":
            values[column.name] = ACCOUNT
        elif column.foreign_keys or (column.primary_key and kind is int):
            values[column.name] = 1
        elif column.name in {"employee_id", "key", "record"} and isinstance(rule, Rows):
            values[column.name] = employee_id
        elif isinstance(rule, Rows) and column.name in rule.user:
            values[column.name] = user_id
        elif isinstance(column.type, JSON):
            values[column.name] = {"said": [f"employee {employee_id} is Ana Novak", "ANA.NOVAK@example.com"]}
        elif isinstance(column.type, Text):
            text = (
                f"employee {employee_id}: ana.novak@example.com"
                if isinstance(rule, Mentions)
                else "ana.novak@example.com"
            )
            values[column.name] = "x" if isinstance(rule, Mentions) and column.primary_key else text
    return values


def test_a_person_in_every_table_is_erased_from_every_table(database):
    employee_id, user_id, now = "00042", "u-CANARY", now_of(database)
    fields = {"UserName": "ana.novak@example.com", "FirstName": "Ana", "LastName": "Novak"}
    wanted = [table for table in metadata.sorted_tables if isinstance(RULES[table.name], Rows | Mentions)]
    needed = {"run", "job"}
    assert needed <= {table.name for table in wanted}
    with database.write() as conn:
        for table in wanted:
            values = filled(table, employee_id, user_id)
            values = {
                **{c.name: now for c in table.c if "DATETIME" in str(c.type) or "TIMESTAMP" in str(c.type)},
                **values,
            }
            for column in table.c:
                if column.name in values or column.nullable or column.server_default is not None:
                    continue
                made = {"INTEGER": 1, "BIGINT": 1, "BOOLEAN": True, "FLOAT": 1.0}.get(
                    str(column.type), b"x" * 16
                )
                values[column.name] = made
            if table.name == "employee":
                values["data"] = {"fields": fields}
            if table.name == "job":
                values["state"] = "completed"
            conn.execute(insert(table).values(**values))
        before = purging.find_person(conn, ACCOUNT, employee_id)
    assert before.known
    assert before.needles.names == (("Ana", "Novak"),)
    who = people_of(database, ACCOUNT)(employee_id)
    with database.read() as conn:
        assert {name for name, _, _ in purging.prove(conn, ACCOUNT, before.needles)} == {
            t.name for t in wanted
        }
    with database.write() as conn:
        purging.erase(conn, ACCOUNT, before, who, now)
    with database.read() as conn:
        assert purging.prove(conn, ACCOUNT, before.needles) == []
        left = {
            t.name: conn.execute(select(t)).mappings().all()
            for t in wanted
            if isinstance(RULES[t.name], Mentions)
        }
    assert who in str(left["run"][0]["summary"])


@pytest.mark.parametrize(("state", "becomes"), [("available", "available"), ("discarded", "cancelled")])
def test_a_pseudonym_is_never_sent_in_a_job_of_somebody_else(database, state, becomes):
    enqueue(database, [request("00007", ManagerId="00042")])
    now, who = now_of(database), people_of(database, ACCOUNT)("00042")
    with database.write() as conn:
        conn.execute(update(job).values(state=state))
        done = purging.erase(conn, ACCOUNT, purging.find_person(conn, ACCOUNT, "00042"), who, now)
        row = conn.execute(select(job)).mappings().one()
    assert (row["state"], row["payload"]["ManagerId"] == "00042") == (becomes, state == "available")
    assert done.erased["change"] == 0


def test_a_mention_is_a_word_and_a_short_id_is_not_every_number():
    needles = Needles(("7", "00042"))
    pattern = needles.pattern()
    assert not needles.found_in("7 changes, employee 70, 100042", pattern)
    assert needles.found_in("employee 7 is held", pattern)
    assert needles.found_in({"a": ["7"]}, pattern)
    assert needles.scrubbed("7 of employee 7, 00042", pattern, "p-x") == "7 of employee p-x, p-x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("employee 00042: no title", "employee <00042>: no title"),
        ("no row has the employee id 00042; more", "no row has the employee id <00042>; more"),
        ("did you mean employee 42 or employee 00042?", "did you mean employee <42> or employee <00042>?"),
        ("the employee id is also that of hr.csv:3", "the employee id is also that of hr.csv:3"),
    ],
)
def test_an_employee_in_a_sentence_is_called_otherwise(text, told):
    assert called_otherwise("error", text, lambda one: f"<{one}>") == told


def test_the_log_calls_people_by_their_pseudonyms():
    out, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        log.configure(form="json", stream=out)
        log.call_people(lambda employee_id: pseudonym(SECRET, employee_id))
        log.get_logger("x").info(
            "it_happened", employee_id="00042", error="employee 00042: no title", run_id=42
        )
    finally:
        log.call_people(None)
        root.handlers[:] = handlers
        root.setLevel(level)
    said, who = json.loads(out.getvalue()), pseudonym(SECRET, "00042")
    assert (said["employee_id"], said["error"], said["run_id"]) == (who, f"employee {who}: no title", 42)
    assert who != pseudonym("other" + SECRET, "00042")
    assert called_otherwise("employees", ["1"], lambda one: f"<{one}>") == ["<1>"]


@pytest.fixture
def bench(tmp_path):
    with workbench(tmp_path) as made:
        made.in_process = True
        yield made


def test_purging_as_people_do_it(bench):
    bench.configure(("web: {port: 0}\n", "web: {port: 0}\narchive: {folder: kept}\n"))
    rows = bench.staff(25)
    gone = rows[4]
    gone["last_name"] = "Quist\u00e9n"
    bench.write_hr(rows)
    bench.run("push")
    refused = bench.run("purge", gone["employee_id"], "--yes", expect=1)
    assert "is in HR's last accepted input" in refused.stderr
    assert "--even-though-present" in refused.stderr
    bench.write_hr([row for row in rows if row is not gone])
    bench.run("push")
    assert "Nothing was erased" in bench.run("purge", gone["employee_id"], expect=2).stderr
    done = bench.json("purge", gone["employee_id"], "--yes")
    assert done["erased"]["employee"] == 1
    assert done["erased"]["change"] >= 2
    assert done["inputs"] == 1, "the file that named them"
    assert done["pseudonym"] == bench.run("pseudonym", gone["employee_id"]).stdout.strip()
    assert done["left"] == []
    assert (done["vacuumed"], done["vacuum"]) == ([], ""), "SQLite overwrites"
    raw = b"".join(path.read_bytes() for path in bench.folder.glob("syncd.db*"))
    for what in (gone["email"], gone["last_name"], folded(gone["last_name"])):
        assert what.encode() not in raw, "overwritten, not only unlinked"
    with bench.database() as database, database.read() as conn:
        assert audit.listed(conn, "main")[0]["employee_id"] == done["pseudonym"]
        assert audit.verify(conn, "main").fault == ""
    assert "nothing is stored" in bench.run("purge", gone["employee_id"], "--yes", expect=1).stderr


def test_who_was_purged_and_comes_back_is_a_case_and_then_the_same_user(bench):
    rows = bench.staff(25)
    back = rows[4]
    bench.run("push")
    bench.write_hr([row for row in rows if row is not back])
    bench.run("push")
    bench.run("purge", back["employee_id"], "--yes")
    bench.write_hr(rows)
    users = len(bench.sandbox.dump()["users"])
    bench.run("push")
    (case,) = bench.json("cases")["cases"]
    assert (case["employee_id"], case["code"]) == (back["employee_id"], "PURGED")
    bench.run("cases", "resolve", back["employee_id"], "--create")
    bench.run("push")
    assert len(bench.sandbox.dump()["users"]) == users, "matched anew, not created again"
    assert bench.json("employees", "show", back["employee_id"])["link"]["made_by"] == "ExternalEmployeeId"
