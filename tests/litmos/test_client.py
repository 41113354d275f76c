import json

import pytest

from syncd.core.operation import Unwatched
from syncd.errors import Limited, LitmosError, Permanent, Transient, Unauthorized, Uncertain
from tests.litmos.fakes import KEY, FakeGate, FakeWatch, client
from tests.litmos.server import Server, reply


def serving(rows, *, cap=1000, extra=0):
    """A list in pages, as Litmos gives it; ``cap`` is the most it gives, ``extra`` rows more than asked."""

    def answer(heard, _line):
        start, limit = int(heard.query["start"]), min(int(heard.query["limit"]), cap)
        return reply(json.dumps(rows[start : start + limit + extra]))

    return Server(answer)


def people(count):
    return [{"Id": f"U{number}"} for number in range(count)]


def rows_of(server, **settings):
    calls = client(server.url).calls(Unwatched())
    return calls.rows(("users",), **settings), calls.requests


@pytest.mark.parametrize(
    ("count", "requests"),
    [(0, 1), (1, 1), (9, 1), (10, 2), (11, 2), (19, 2), (20, 3), (99, 10)],
)
def test_a_list_costs_one_page_more_than_its_full_ones(count, requests):
    with serving(people(count)) as server:
        rows, used = rows_of(server, limit=10)
    assert [row["Id"] for row in rows] == [row["Id"] for row in people(count)]
    assert used == requests


def test_over_full_pages_lose_and_repeat_nothing():
    with serving(people(47), extra=3) as server:
        rows, used = rows_of(server, limit=10)
    assert rows == people(47)
    assert used == 4


def test_a_row_that_moved_to_the_next_page_counts_once_as_last_read():
    pages = [
        [{"Id": "A", "Name": "old"}, {"Id": "B"}],
        [{"Id": "A", "Name": "new"}, {"Id": "C"}],
        [],
    ]
    with Server(lambda heard, _line: reply(json.dumps(pages[int(heard.query["start"]) // 2]))) as server:
        rows, _ = rows_of(server, limit=2)
    assert sorted(row["Id"] for row in rows) == ["A", "B", "C"]
    assert {"Id": "A", "Name": "new"} in rows


def test_ids_that_differ_by_case_are_two():
    with serving([{"Id": "ab"}, {"Id": "AB"}]) as server:
        rows, _ = rows_of(server)
    assert len(rows) == 2


def test_a_page_that_repeats_the_one_before_is_doubtful():
    with Server(lambda _heard, _line: reply(json.dumps(people(10)))) as server:
        with pytest.raises(Transient) as caught:
            rows_of(server, limit=10)
        assert len(server.heard) == 2
    assert caught.value.code == "LITMOS-DOUBTFUL-PAGE"


def test_a_server_that_ignores_the_limit_is_read_to_its_end():
    with serving(people(250), cap=100) as server:
        rows, used = rows_of(server, limit=1000)
    assert rows == people(250)
    assert used == 3


def test_progress_is_told_after_each_page():
    told: list[int] = []
    with serving(people(25)) as server:
        rows_of(server, limit=10, progress=told.append)
    assert told == [10, 20, 25]


BROKEN: dict[str, str | bytes] = {
    "empty": "",
    "null": "null",
    "a text": '"none"',
    "an object": '{"Users": []}',
    "an error": '{"Detail": "sorry"}',
    "HTML": "<html></html>",
    "cut": '[{"Id": "A"}, {"Id"',
    "a number": "0",
    "NaN": '[{"Id": "A", "Points": NaN}]',
    "infinity": '[{"Id": "A", "Points": -1e999}]',
    "a huge number": '[{"Id": "A", "Points": ' + "9" * 5000 + "}]",
    "half a character": r'[{"Id": "A", "Name": "\ud83d"}]',
    "half a character as a name": r'[{"Id": "A", "\uDE00": 1}]',
    "NUL": r'[{"Id": "A", "Name": "x\u0000"}]',
    "rather deep": '[{"Id": "A", "New": ' + "[" * 100 + "]" * 100 + "}]",
    "texts": '["A", "B"]',
    "nested": '[[{"Id": "A"}]]',
    "no Id": '[{"Id": "A"}, {"Name": "B"}]',
    "a null Id": '[{"Id": null}]',
    "an empty Id": '[{"Id": ""}]',
    "a number as Id": '[{"Id": 7}]',
    "deep": "[" * 100_000,
    "latin-1": '[{"Id": "A", "Name": "é"}]'.encode("latin-1"),
    "UTF-16": '[{"Id": "A"}]'.encode("utf-16"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_list_that_is_none_is_a_failed_read_and_never_empty(what):
    with Server(lambda _heard, _line: reply(BROKEN[what])) as server, pytest.raises(Transient) as caught:
        rows_of(server)
    assert KEY not in str(caught.value)


def test_a_byte_order_mark_and_unknown_fields_do_no_harm():
    with Server(lambda _heard, _line: reply(b'\xef\xbb\xbf[{"Id":"A","New":{"x":[1]}}]')) as server:
        rows, _ = rows_of(server)
    assert rows == [{"Id": "A", "New": {"x": [1]}}]


def test_a_whole_character_in_two_escapes_and_some_nesting_do_no_harm():
    with Server(
        lambda _heard, _line: reply(r'[{"Id":"A","Name":"\ud83d\ude00","New":[[{"x":[[1]]}]]}]')
    ) as server:
        rows, _ = rows_of(server)
    assert rows[0]["Name"] == "😀"


def test_values_are_unescaped_one_by_one():
    with Server(lambda _heard, _line: reply(r'[{"Id":"A","Name":"R&amp;D &quot;x&quot; a\/b"}]')) as server:
        rows, _ = rows_of(server)
    assert rows[0]["Name"] == 'R&D "x" a/b'


@pytest.mark.parametrize(
    ("status", "kind", "frozen"),
    [
        ("503 Rating Limit Exceeded", Limited, True),
        ("429 Slow", Limited, True),
        ("401 No", Unauthorized, False),
        ("500 Oops", Transient, False),
    ],
)
def test_a_503_freezes_everybody(status, kind, frozen):
    gate = FakeGate()
    with Server(lambda _heard, _line: reply("", status)) as server, pytest.raises(LitmosError) as caught:
        client(server.url, gate).calls(Unwatched()).rows(("users",))
    assert type(caught.value) is kind
    assert bool(gate.frozen) is frozen


def test_a_key_that_was_replaced_meanwhile_is_tried_again_with_the_new_one():
    keys = ["old"]

    def answer(heard, _line):
        keys[:] = ["new"]
        return reply("[]") if heard.headers["apikey"] == "new" else reply("", "401 Unauthorized")

    with Server(answer) as server:
        calls = client(server.url, api_key=lambda: keys[0]).calls(Unwatched())
        with pytest.raises(Transient):
            calls.rows(("users",))
        assert calls.rows(("users",)) == []


def test_a_503_of_an_outage_leaves_a_write_uncertain_and_freezes():
    gate = FakeGate()
    with (
        Server(lambda _heard, _line: reply("", "503 Service Unavailable")) as server,
        pytest.raises(Uncertain),
    ):
        client(server.url, gate).calls(Unwatched()).write("POST", ("users",), {})
    assert gate.frozen == ["LITMOS-503-UNAVAILABLE"]


def test_one_object_is_found_or_known_to_be_absent():
    def answer(heard, _line):
        known = heard.path.endswith("/U1")
        return reply('{"Id":"U1"}') if known else reply("", "404 Not Found")

    with Server(answer) as server:
        calls = client(server.url).calls(Unwatched())
        assert calls.find(("users", "U1")) == {"Id": "U1"}
        assert calls.find(("users", "U2")) is None
        assert calls.requests == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", "200 OK"),
        ("", "200 OK"),
        ("<html>gone</html>", "200 OK"),
        ("Endpoint not found.", "404 Not Found"),
        ("<h2>404 - File or directory not found.</h2>", "404 Not Found"),
    ],
)
def test_an_odd_answer_does_not_prove_absence(body, status):
    with Server(lambda _heard, _line: reply(body, status)) as server, pytest.raises(LitmosError):
        client(server.url).calls(Unwatched()).find(("users", "U1"))


def test_a_write_never_lets_litmos_send_mail_and_is_announced_as_one():
    watch = FakeWatch()
    with Server(lambda _heard, _line: reply('{"Id":"U1"}', "201 Created")) as server:
        value = client(server.url).calls(watch).write("POST", ("users",), {"FirstName": "Zoë"})
        heard = server.heard[0]
    assert value == {"Id": "U1"}
    assert heard.query["sendmessage"] == "false"
    assert json.loads(heard.body) == {"FirstName": "Zoë"}
    assert watch.announced == [True]


def test_the_invitation_of_a_new_user_is_the_only_mail_there_is():
    with Server(lambda _heard, _line: reply('{"Id":"U1"}', "201 Created")) as server:
        calls = client(server.url).calls(FakeWatch())
        calls.write("POST", ("users",), {}, {"sendmessage": "true"})
        calls.write("POST", ("users",), {}, invite=True)
        for method, path in (
            ("PUT", ("users", "U1")),
            ("POST", ("users", "U1", "teams")),
            ("POST", ("teams",)),
        ):
            with pytest.raises(Permanent, match="mails nobody but new users"):
                calls.write(method, path, {}, invite=True)
        assert [heard.query["sendmessage"] for heard in server.heard] == ["false", "true"]


@pytest.mark.parametrize("body", ["not JSON", "{", "<html/>", '{"Detail":"sorry"}'])
def test_a_write_with_an_odd_answer_is_uncertain(body):
    with Server(lambda _heard, _line: reply(body)) as server, pytest.raises(Uncertain):
        client(server.url).calls(Unwatched()).write("PUT", ("users", "U1"), {})


@pytest.mark.parametrize(
    "path",
    [
        ("users", "U1"),
        ("teams", "T1"),
        ("users", "U1", "teams"),
        ("learningpaths", "L1"),
        ("users", "U1", "courses"),
    ],
)
def test_what_must_never_be_deleted_is_not(path):
    with Server(lambda _heard, _line: reply()) as server:
        with pytest.raises(Permanent):
            client(server.url).calls(Unwatched()).write("DELETE", path)
        assert server.heard == []


def test_the_date_is_that_of_the_latest_request_or_none():
    answers = [reply("[]", Date="Tue, 24 Nov 2026 12:00:00 GMT"), reply("{}", "401 No", Date="later"), None]
    with Server(lambda _heard, _line: answers.pop(0)) as server:
        calls = client(server.url).calls(Unwatched())
        calls.rows(("users",))
        assert calls.date == "Tue, 24 Nov 2026 12:00:00 GMT"
        with pytest.raises(Unauthorized):
            calls.rows(("teams",))
        assert calls.date == "later"
        with pytest.raises(Transient):
            calls.rows(("teams",))
        assert calls.date == ""
