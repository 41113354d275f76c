# mypy: disable-error-code="misc,no-any-return"
"""An SFTP server on loopback that serves one folder: paramiko's own server side, one thread a connection."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import paramiko

USER = "hr"
PASSWORD = "s3cret-of-hr"


class _Login(paramiko.ServerInterface):
    def __init__(self, server: "SftpServer") -> None:
        self._server = server

    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = username == USER and key == self._server.client_key
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"


class _File(paramiko.SFTPHandle):
    """Tells its server of each read, which may change the file, or break off."""

    def __init__(self, server: "SftpServer", path: Path, flags: int) -> None:
        super().__init__(flags)
        self._server = server
        self.readfile = path.open("rb")

    def read(self, offset: int, length: int) -> bytes | int:
        self._server.on_read(offset)
        data: bytes | int = super().read(offset, length)
        return data


class _Folder(paramiko.SFTPServerInterface):
    def __init__(self, login: _Login, *args: Any, **kwargs: Any) -> None:
        super().__init__(login, *args, **kwargs)
        self._served = login._server

    def _local(self, path: str) -> Path:
        return self._served.folder / path.lstrip("/")

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            entries = sorted(self._local(path).iterdir())
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno))
        return [
            paramiko.SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name)
            for entry in entries
        ]

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._local(path).stat())
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno))

    def open(self, path: str, flags: int, attr: Any) -> _File | int:
        if path in self._served.forbidden:
            return int(paramiko.SFTP_PERMISSION_DENIED)
        try:
            return _File(self._served, self._local(path), flags)
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno))


class SftpServer:
    """Serves ``folder`` to ``USER`` by ``PASSWORD`` or ``client_key``. ``on_read`` is called with each offset that is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host_key = paramiko.ECDSAKey.generate()
        self.client_key = paramiko.ECDSAKey.generate()
        self.forbidden: set[str] = set()
        self.on_read: Callable[[int], None] = lambda _offset: None
        self.logins: list[str] = []
        self._transports: list[paramiko.Transport] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def public_line(self) -> str:
        """The host key as ``host_key`` has it."""
        return f"{self.host_key.get_name()} {self.host_key.get_base64()} a comment"

    def break_off(self) -> None:
        """Close every connection."""
        for transport in self._transports:
            transport.close()

    def stop(self) -> None:
        """Close everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.break_off()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder)
            self._transports.append(transport)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=_Login(self))


def replace_with(path: Path, content: bytes, modified: float) -> None:
    """Write a file with this time."""
    path.write_bytes(content)
    os.utime(path, (modified, modified))
