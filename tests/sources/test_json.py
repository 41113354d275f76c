"""HR as JSON from a real local server that plays BambooHR, Personio, Workday and Merge as the examples in docs ask them."""

import io
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from syncd.config import load
from syncd.errors import SourceError
from syncd.sources import open_source
from syncd.sources.json_settings import JsonSourceSettings, Paging
from syncd.sources.jsonpath import parse_path, text_at
from syncd.sources.jsonscan import BadJson, JsonRows
from syncd.sources.jsonsource import JsonSource
from syncd.wiring import sources_of
from tests.sources.contract import CANARY, COLUMNS, NAME, Rows, SourceContract
from tests.sources.https_server import Asked, HttpServer, Said

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SECRET = "s3cret-of-hr"


def said(data: object, **more) -> Said:
    return Said(json.dumps(data).encode(), **more)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Asked], Said]], HttpServer]]:
    servers: list[HttpServer] = []

    def start(answer: Callable[[Asked], Said]) -> HttpServer:
        servers.append(HttpServer(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


class TestJson(SourceContract):
    """The contract, kept by three rows a page."""

    server: HttpServer | None = None

    def start(self, rows: Rows, size: int = 5000) -> HttpServer:
        def answer(asked: Asked) -> Said:
            at = int(parse_qs(urlsplit(asked.path).query).get("offset", ["0"])[0])
            return said({"data": [dict(zip(COLUMNS, row, strict=True)) for row in rows[at : at + size]]})

        self.closed()
        self.server = HttpServer(answer)
        return self.server

    def source(self, link: str, **changed):
        settings = JsonSourceSettings(
            name=NAME,
            link=lambda: link,
            rows="data",
            columns=COLUMNS,
            paging=Paging(kind="offset", param="offset"),
        )
        return open_source(replace(settings, **changed))

    def opened(self, folder: Path, rows: Rows):
        return self.source(self.start(rows).link)

    def broken(self, folder: Path) -> Mapping[str, JsonSource]:
        link = self.start([("1", CANARY, "", "")]).link
        return {
            "no server": self.source("http://127.0.0.1:1", timeout_seconds=0.5),
            "no list": self.source(link, rows="people"),
            "too many rows": self.source(link, max_rows=0),
            "too long": self.source(link, max_bytes=20),
            "an object": self.source(link, rows="", columns=("data[0]",)),
        }

    def closed(self) -> None:
        if self.server is not None:
            self.server.stop()
        self.server = None


def person(number: int) -> dict[str, object]:
    return {"id": number, "name": f"P{number}"}


def read_pages(tmp_path, serve, answer, paging: Paging, **changed):
    server = serve(answer)
    settings = JsonSourceSettings(
        name="hr",
        link=lambda: f"{server.link}/people?key={SECRET}",
        columns=("id",),
        rows="rows",
        paging=paging,
    )
    slept: list[float] = []
    source = JsonSource(replace(settings, **changed), sleep=slept.append)
    return source.read(tmp_path), server, slept


def refused(*args, **kwargs) -> str:
    with pytest.raises(SourceError) as caught:
        read_pages(*args, **kwargs)
    assert list(args[0].iterdir()) == []
    assert SECRET not in str(caught.value)
    return str(caught.value)


def query(asked: Asked, name: str, otherwise: str) -> str:
    return parse_qs(urlsplit(asked.path).query).get(name, [otherwise])[0]


def by_page(asked: Asked) -> Said:
    page = int(query(asked, "p", "1"))
    return said({"rows": [person(page)] if page <= 3 else [], "total": 3, "next": f"?p={page + 1}" if page < 3 else None,
                 "more": page + 1 if page < 3 else ""},
                headers=(("Link", f'<{asked.path.partition("?")[0]}?p={page + 1}>; rel="next"'),) if page < 3 else ())  # fmt: skip


@pytest.mark.parametrize(
    ("paging", "requests"),
    [
        (Paging(kind="next", path="next"), 3),
        (Paging(kind="link_header"), 3),
        (Paging(kind="page", param="p", first=1), 4),
        (Paging(kind="page", param="p", first=1, total="total"), 3),
        (Paging(kind="cursor", param="p", path="more"), 3),
    ],
)
def test_all_pages(tmp_path, serve, paging, requests):
    reading, server, _ = read_pages(tmp_path, serve, by_page, paging)
    assert [cells for _, cells in reading.raw] == [["1"], ["2"], ["3"]]
    assert len(server.asked) == requests
    assert reading.complete


def test_who_is_asked_too_often_says_when_to_come_again(tmp_path, serve):
    answers = iter(
        [
            Said(status=429, headers=(("Retry-After", "7"),)),
            Said(status=503),
            Said(b'{"rows": [', cut=9),
            said({"rows": [person(1)]}),
        ]
    )
    reading, server, slept = read_pages(tmp_path, serve, lambda _: next(answers), Paging())
    assert (reading.rows, len(server.asked), slept) == (1, 4, [7.0, 2.0, 4.0])


def test_all_pages_or_nothing(tmp_path, serve):
    def third_fails(asked: Asked) -> Said:
        return Said(status=404) if query(asked, "p", "1") == "3" else by_page(asked)

    assert "there is nothing (404)" in refused(tmp_path, serve, third_fails, Paging(kind="next", path="next"))
    two_of_three = Paging(total="total")
    assert "total says 3 rows, and 1 came" in refused(tmp_path, serve, by_page, two_of_three)
    same = said({"rows": [person(1)], "next": "/people"})
    paging = Paging(kind="page", param="q", first=1)
    assert "the same page came twice" in refused(tmp_path, serve, lambda _: same, paging)
    again = Paging(kind="next", path="next")
    assert "one page leads back to another" in refused(tmp_path, serve, lambda _: same, again)
    away = said({"rows": [person(1)], "next": "https://evil.example.com/x"})
    assert "another server (https://evil.example.com/x)" in refused(tmp_path, serve, lambda _: away, again)
    assert "is no JSON, or was cut off" in refused(tmp_path, serve, lambda _: Said(b'{"rows": [{'), Paging())
    assert "there is not one row" in refused(tmp_path, serve, lambda _: said({"rows": []}), Paging())
    page = Said(b"<html>", headers=(("Content-Type", "text/html"),))
    assert "a web page came instead of JSON" in refused(tmp_path, serve, lambda _: page, Paging())


TEXTS = {
    "a": "1.50",
    "b.c": "12345678901234567890",
    "d": "true",
    "e": "",
    "none.at.all": "",
    "f[0].n": "x",
    "f[-1].n": "y",
    "f[*].n": "x; y",
    "f[t=2].n": "y",
    'g."h.i"': "1e5",
    "f[9].n": "",
    "f[latest t].n": "y",
    "f[latest none].n": "x",
    "e[latest t].n": "",
}


@pytest.mark.parametrize(("path", "text"), TEXTS.items())
def test_paths_and_texts(path, text):
    document = (
        '{"a": 1.50, "b": {"c": 12345678901234567890}, "d": true, "e": null, '
        '"f": [{"t": 1, "n": "x"}, {"t": 2, "n": "y"}], "g": {"h.i": 1e5}}'
    )
    (row,) = JsonRows(io.StringIO(f"[{document}]"), ())
    assert text_at(row, parse_path(path)) == text
    with pytest.raises(ValueError, match="is an object"):
        text_at(row, parse_path("b"))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_rows_are_found_wherever_the_text_is_cut(size, monkeypatch):
    monkeypatch.setattr("syncd.sources.jsonscan.CHUNK", size)
    document = {
        "x": [1, {"rows": []}],
        "data": {"rows": [{"a": 12}, {"a": "\u00e9]}"}, 7], "z": -1},
        "n": "u",
    }
    rows = JsonRows(io.StringIO(json.dumps(document, indent=1)), ("data", "rows"))
    assert list(rows) == [{"a": "12"}, {"a": "é]}"}, "7"]
    assert rows.around == {"x": ["1", {"rows": []}], "data": {"rows": [], "z": "-1"}, "n": "u"}


@pytest.mark.parametrize("text", ["", "[1", "[1,]", "[1] x", '{"a" 1}', "[NaN]", "[1 2]", "[" * 100_000])
def test_what_is_no_json(text):
    with pytest.raises(BadJson):
        list(JsonRows(io.StringIO(text), ()))


def bamboohr(asked: Asked) -> Said:
    assert asked.path == "/api/v1/reports/custom?format=JSON"
    assert asked.headers["content-type"] == "application/json", "with a charset BambooHR reads XML"
    assert asked.headers["authorization"] == f"Basic {b64encode(f'{SECRET}:x'.encode()).decode()}"
    assert len(json.loads(asked.body)["fields"]) == 8
    row = {"id": "9", "employeeNumber": "007", "firstName": "Ana", "lastName": "Li", "workEmail": "ana@example.com",
           "jobTitle": "Lead", "department": "IT", "status": "Active", "supervisorEmail": None}  # fmt: skip
    return said(
        {
            "title": "syncd",
            "fields": [{"id": "status", "type": "status", "name": "Status"}],
            "employees": [row],
        }
    )


def personio(asked: Asked) -> Said:
    if asked.path.startswith("/v1/auth"):
        assert json.loads(asked.body) == {"client_id": SECRET, "client_secret": SECRET}
        return said({"success": True, "data": {"token": "papi-1"}})
    assert asked.headers["authorization"] == "Bearer papi-1"
    assert int(query(asked, "limit", "0")) <= 100
    rows = []
    if query(asked, "offset", "0") == "0":
        values = {"id": 7, "first_name": "Ana", "last_name": "Li", "email": "ana@example.com", "position": "Lead",
                  "status": "active", "department": {"type": "Department", "attributes": {"id": 1, "name": "IT"}}}  # fmt: skip
        rows = [
            {
                "type": "Employee",
                "attributes": {
                    name: {"label": name, "value": v, "type": "standard", "universal_id": name}
                    for name, v in values.items()
                },
            }
        ]
    metadata = {"total_elements": 1, "current_page": 0, "total_pages": 1}
    return said({"success": True, "metadata": metadata, "offset": 0, "limit": 100, "data": rows})


def workday(asked: Asked) -> Said:
    assert asked.path == "/ccx/service/customreport2/acme/syncd/Workers?format=json"
    assert asked.headers["authorization"].startswith("Basic ")
    row = {"Employee_ID": "007", "Legal_First_Name": "Ana", "Legal_Last_Name": "Li", "Work_Email": "ana@example.com",
           "Cost_Center": [{"Name": "IT"}], "Active_Status": "1"}  # fmt: skip
    return said({"Report_Entry": [row]})


def merge(asked: Asked) -> Said:
    assert asked.path.startswith("/api/hris/v1/employees?")
    assert (asked.headers["x-account-token"], asked.headers["authorization"]) == (SECRET, f"Bearer {SECRET}")
    assert (query(asked, "expand", ""), query(asked, "page_size", "")) == ("employments,groups", "100")
    jobs = [{"job_title": "Boss", "effective_date": "2025-02-01T00:00:00Z"},
            {"job_title": "Clerk", "effective_date": "2019-02-01T00:00:00Z"}]  # fmt: skip
    first = query(asked, "cursor", "") == ""
    row = {"employee_number": "007" if first else "008", "first_name": "Ana", "last_name": "Li", "work_email": "ana@example.com",
           "employments": jobs if first else [], "groups": [{"type": "TEAM", "name": "X"}, {"type": "DEPARTMENT", "name": "IT"}],
           "employment_status": "ACTIVE", "remote_was_deleted": not first}  # fmt: skip
    return said({"next": "cD0y" if first else None, "previous": None, "results": [row]})


EXPECTED = {
    "bamboohr": (bamboohr, [{"employee_id": "007", "title": "Lead", "status": "Active"}]),
    "personio": (personio, [{"employee_id": "7", "title": "Lead", "status": "active"}]),
    "workday": (workday, [{"employee_id": "007", "title": "", "status": "1"}]),
    "merge": (
        merge,
        [
            {"employee_id": "007", "title": "Boss", "status": "ACTIVE"},
            {"employee_id": "008", "title": "", "status": "INACTIVE"},
        ],
    ),
}


@pytest.mark.parametrize("system", EXPECTED)
def test_the_examples_in_docs(system, tmp_path, serve):
    answer, expected = EXPECTED[system]
    server = serve(answer)
    names = "BAMBOOHR_KEY PERSONIO_ID PERSONIO_SECRET WORKDAY_USER WORKDAY_PASSWORD MERGE_KEY MERGE_ACCOUNT LITMOS_API_KEY"
    environ = {**dict.fromkeys(names.split(), SECRET), f"{system.upper()}_URL": server.link}
    config = load(EXAMPLES / f"{system}-json.yaml", environ=environ)
    assert SECRET not in repr(config) + repr(config.shown)
    (source,) = sources_of(config)
    records = [dict(one.fields) for one in source.read(tmp_path).records]
    assert [{key: record[key] for key in expected[0]} for record in records] == expected
    assert {record["department"] for record in records} == {"IT"}
