"""A caller of the sandbox: one keep-alive connection, JSON unless said otherwise."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from syncd.sandbox import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What came back."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """Calls the API and the control plane of a sandbox."""

    def __init__(self, sandbox: Sandbox, *, timeout: float = 10.0) -> None:
        self.sandbox = sandbox
        target = urlsplit(sandbox.base_url)
        self.connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=timeout)

    def send(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> Got:
        self.connection.request(method, target, body, headers)
        response = self.connection.getresponse()
        return Got(
            status=response.status,
            reason=response.reason,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=response.read(),
        )

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Got:
        words = {"source": "test", "format": "json", **query}
        text = "&".join(f"{name}={quote(str(value))}" for name, value in words.items())
        headers = {"apikey": self.sandbox.api_key, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return self.send(method, f"/v1.svc{path}?{text}", data, headers)

    def xml(self, method: str, path: str, body: str = "") -> Got:
        headers = {"apikey": self.sandbox.api_key, "Content-Type": "text/xml"}
        return self.send(method, f"/v1.svc{path}?source=test", body.encode() or None, headers)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        got = self.send(method, f"/_sandbox/{path}", None if body is None else json.dumps(body).encode(), {})
        assert got.status == 200, got.body
        return got.json

    def user(self, username: str = "ann.lee@example.com", **members: Any) -> dict[str, Any]:
        """Makes a user and gives her full record."""
        body = {
            "Id": "",
            "UserName": username,
            "FirstName": "Ann",
            "LastName": "Lee",
            "Active": True,
            **members,
        }
        got = self("POST", "/users", body)
        assert got.status == 201, got.body
        record: dict[str, Any] = got.json
        return record

    def team(self, name: str, parent: str = "") -> str:
        """Makes a team and gives its Id."""
        path = f"/teams/{parent}/teams" if parent else "/teams"
        return str(self("POST", path, {"Id": "", "Name": name, "Description": ""}).json["Id"])

    def ids(self, path: str) -> list[str]:
        """The Ids in a list."""
        return [row["Id"] for row in self("GET", path, limit=1000).json]

    def close(self) -> None:
        self.connection.close()
