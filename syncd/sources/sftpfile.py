"""A file of an SFTP server whose host key is pinned: no other server is ever talked to, nor trusted at first sight."""

import base64
import binascii
import io
import logging
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NoReturn

import paramiko

from syncd.errors import SourceError
from syncd.sources.fetch_settings import SftpFileSettings
from syncd.sources.fetching import Fetched, Offer, cut_short, is_pattern, keep_chunks, newest, too_long
from syncd.sources.privatecopy import PrivateCopy, moment_of

CONNECT_SECONDS = 10.0
CHUNK = 256 * 1024
logging.getLogger("paramiko").setLevel(
    logging.CRITICAL
)  # it logs each fault with a traceback; we say it once


class SftpFile:
    """A Fetch of one file, or of the newest of a pattern. ``sleep`` and ``monotonic`` are in seconds."""

    def __init__(
        self,
        settings: SftpFileSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._monotonic = monotonic
        self._host_key = _public_key(settings)

    def fetch(self, workspace: Path) -> Fetched:
        """As ``Fetch.fetch``. A file whose size or time changes between two looks is refused."""
        deadline = self._monotonic() + self._settings.timeout_seconds
        with self._explained(), self._connected(deadline) as sftp:
            return self._fetch(sftp, workspace, deadline)

    def _fetch(self, sftp: paramiko.SFTPClient, workspace: Path, deadline: float) -> Fetched:
        settings = self._settings
        path = self._chosen(sftp)
        label = f"{settings.name}: sftp://{settings.host}{'' if path.startswith('/') else '/'}{path}"
        before = sftp.stat(path)
        size = before.st_size or 0
        if not stat.S_ISREG(before.st_mode or 0):
            raise SourceError(f"{label}: is no regular file. Give the path of a file.")
        if size > settings.max_bytes:
            raise too_long(label, settings.max_bytes)
        if settings.settle_seconds:
            self._sleep(settings.settle_seconds)
        with sftp.open(path, "rb") as file:
            file.prefetch(size)
            copy = keep_chunks(
                self._chunks(file, deadline, label),
                workspace,
                label=label,
                most=settings.max_bytes,
                modified_at=moment_of(before.st_mtime),
            )
        after = self._stat_again(sftp, path, copy)
        if (size, before.st_mtime, size) != (after.st_size, after.st_mtime, copy.size_bytes):
            copy.path.unlink()
            raise cut_short(label, after.st_size or 0, copy.size_bytes)
        return Fetched(name=PurePosixPath(path).name, copy=copy)

    def _stat_again(self, sftp: paramiko.SFTPClient, path: str, copy: PrivateCopy) -> paramiko.SFTPAttributes:
        try:
            return sftp.stat(path)
        except BaseException:
            copy.path.unlink()
            raise

    def _chunks(self, file: paramiko.SFTPFile, deadline: float, label: str) -> Iterator[bytes]:
        while True:
            left = deadline - self._monotonic()
            if left <= 0:
                raise SourceError(
                    f"{label}: did not arrive within {self._settings.timeout_seconds:g} s. Nothing was planned."
                )
            try:
                file.settimeout(left)
                chunk = file.read(CHUNK)
            except OSError as error:  # among what is raised here it would look like a fault of our own disk
                self._say(error)
            if not chunk:
                return
            yield chunk

    def _chosen(self, sftp: paramiko.SFTPClient) -> str:
        path = self._settings.path
        if not is_pattern(path):
            return path
        folder = str(PurePosixPath(path).parent)
        offers = [
            Offer(path=f"{folder}/{entry.filename}".replace("//", "/"), modified=float(entry.st_mtime or 0))
            for entry in sftp.listdir_attr(folder)
            if stat.S_ISREG(entry.st_mode or 0)
        ]
        label = f"{self._settings.name}: sftp://{self._settings.host}"
        return newest(offers, path, by_name=self._settings.by_name, label=label).path

    @contextmanager
    def _connected(self, deadline: float) -> Iterator[paramiko.SFTPClient]:
        settings = self._settings
        seconds = min(CONNECT_SECONDS, settings.timeout_seconds)
        with paramiko.SSHClient() as client:
            named = settings.host if settings.port == 22 else f"[{settings.host}]:{settings.port}"
            client.get_host_keys().add(named, self._host_key.get_name(), self._host_key)
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            client.connect(
                settings.host,
                settings.port,
                settings.user,
                password=settings.password() if settings.password and not settings.key else None,
                pkey=self._private_key(),
                allow_agent=False,
                look_for_keys=False,
                timeout=seconds,
                banner_timeout=seconds,
                auth_timeout=seconds,
                channel_timeout=seconds,
            )
            with client.open_sftp() as sftp:
                channel = sftp.get_channel()
                if channel is not None:
                    channel.settimeout(max(0.1, deadline - self._monotonic()))
                yield sftp

    def _private_key(self) -> paramiko.PKey | None:
        settings = self._settings
        if settings.key is None:
            return None
        text = settings.key().strip() + "\n"
        passphrase = settings.passphrase() if settings.passphrase else None
        for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
            try:
                return kind.from_private_key(io.StringIO(text), passphrase)
            except paramiko.PasswordRequiredException:
                raise SourceError(f"{settings.name}: the private key needs its passphrase.") from None
            except (paramiko.SSHException, ValueError, TypeError, IndexError):
                continue
        raise SourceError(
            f"{settings.name}: the private key is not understood, or the passphrase is wrong. "
            "It is a key of type Ed25519, ECDSA or RSA, as ssh-keygen writes it."
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (paramiko.SSHException, OSError, EOFError) as error:
            self._say(error)

    def _say(self, error: Exception) -> NoReturn:
        settings = self._settings
        where = f"{settings.name}: sftp://{settings.host}:{settings.port}"
        match error:
            case paramiko.BadHostKeyException():
                said = (
                    f"shows another host key ({error.key.get_name()} {error.key.fingerprint}) than host_key says "
                    f"({self._host_key.get_name()} {self._host_key.fingerprint}). It may be another server: nothing was sent "
                    "to it. Ask who runs it before you change host_key"
                )
            case paramiko.AuthenticationException():
                said = f"refused {settings.user!r} with these credentials. Check user, password or key"
            case FileNotFoundError():
                said = f"has no file {settings.path}. Check the path, and whether the HR export ran"
            case PermissionError():
                said = f"does not let {settings.user!r} read {settings.path}. Let it have read permission"
            case TimeoutError():
                said = f"did not answer within {settings.timeout_seconds:g} s"
            case paramiko.SSHException() if "not found in known_hosts" in str(error):
                said = f"has no host key of the type {self._host_key.get_name()}, which host_key says"
            case OSError() if error.strerror:
                said = f"cannot be reached or read ({error.strerror})"
            case _:
                said = f"broke the connection ({str(error) or type(error).__name__})"
        raise SourceError(f"{where}: {said}. Nothing was planned.") from None


def _public_key(settings: SftpFileSettings) -> paramiko.PKey:
    """The pinned key: ``ssh-ed25519 AAAA...``, with whatever comment behind it. Raises SourceError."""
    kind, _, rest = settings.host_key.strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(rest.split()[0], validate=True))
    except (binascii.Error, IndexError, ValueError, paramiko.SSHException):
        raise SourceError(
            f"{settings.name}: host_key is no public key. It looks like: ssh-ed25519 AAAAC3Nza..., "
            f"as `ssh-keyscan {settings.host}` prints it behind the name of the host."
        ) from None
