import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from syncd.sandbox import Sandbox, SandboxOptions, run_forever
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make


def test_one_connection_serves_many_requests(call: Caller) -> None:
    call("GET", "/users")
    first = call.connection.sock
    call("POST", "/users", {"UserName": "x"})
    call("GET", "/users")
    assert first is not None
    assert call.connection.sock is first


def test_many_clients_at_once_lose_nothing(call: Caller) -> None:
    def work(number: int) -> None:
        caller = Caller(call.sandbox)
        for step in range(10):
            caller.user(f"user{number}.{step}@example.com")
        caller.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(call.ids("/users"))) == 80
    assert call.sandbox.audit()["statuses"] == {"200": 1, "201": 80}


def test_clients_that_leave_or_talk_nonsense_leave_no_trace(
    call: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    target = urlsplit(call.sandbox.base_url)
    for data in (
        b"",
        b"GET /v1.svc/us",
        b"POST /v1.svc/users HTTP/1.1\r\nContent-Length: 50\r\n\r\n{",
        b"\x16\x03\x01\r\n\r\n",
    ):
        with socket.create_connection((target.hostname, target.port)) as connection:
            connection.sendall(data)
    assert call("GET", "/users").status == 200
    assert capfd.readouterr() == ("", "")


def test_stop_ends_connections_and_start_takes_the_same_port(make: Make) -> None:
    call = make()
    call.user()
    address = call.sandbox.base_url
    call.sandbox.stop()
    with pytest.raises(OSError):
        call("GET", "/users")
    call.connection.close()
    call.sandbox.start()
    assert call.sandbox.base_url == address
    assert len(call.ids("/users")) == 1


def test_a_sandbox_that_is_not_started_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        _ = Sandbox().base_url


def test_the_state_file_outlives_the_sandbox(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    first = make(state=path)
    ann = first.user()
    first.sandbox.stop()
    second = make(state=path, seed="people-200")
    assert second("GET", f"/users/{ann['Id']}").json == ann
    assert len(second.ids("/users")) == 1
    assert second.user("bob@example.com")["Id"] != ann["Id"]


def test_the_state_file_is_written_while_it_runs(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    call = make(state=path)
    call.user("ann@example.com")
    end = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert "ann@example.com" in path.read_text()


def test_run_forever_serves_until_told_to_stop(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('[{"kind": "status", "status": 500, "count": 1}]')
    statuses: list[int] = []

    def ready(sandbox: Sandbox) -> None:
        with contextlib.closing(Caller(sandbox)) as caller:
            statuses.extend(caller("GET", "/users").status for _ in range(2))
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    run_forever(SandboxOptions(seed="people-200", faults=faults), ready)
    assert statuses == [500, 200]
    assert signal.getsignal(signal.SIGTERM) is before
