"""An object of an S3 bucket, at AWS or at a provider that speaks the same."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from syncd.errors import SourceError
from syncd.http.links import link_fault
from syncd.sources.fetch_settings import S3FileSettings
from syncd.sources.fetching import Fetched, Offer, cut_short, is_pattern, keep_chunks, newest, too_long
from syncd.sources.s3errors import told

CHUNK = 1024 * 1024
CONNECT_SECONDS = 10
RETRY_SECONDS = 20
SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class S3File:
    """A Fetch of one object, or of the newest of a pattern."""

    def __init__(self, settings: S3FileSettings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic

    def fetch(self, workspace: Path) -> Fetched:
        """As ``Fetch.fetch``. One request reads one version of an object, whatever replaces it meanwhile."""
        deadline = self._monotonic() + self._settings.timeout_seconds
        secrets = self._secrets()
        try:
            return self._fetch(self._store(secrets), workspace, deadline)
        except (BaseError, FileNotFoundError) as error:  # that is what obstore calls a missing object
            raise self._explained(error, secrets) from None

    def _fetch(self, store: S3Store, workspace: Path, deadline: float) -> Fetched:
        settings = self._settings
        key = self._chosen(store)
        label = f"{settings.name}: s3://{settings.bucket}/{key}"
        answer = obstore.get(store, key)  # no HEAD before it: of what S3 refuses, that would tell no reason
        found = answer.meta
        if found["size"] > settings.max_bytes:
            raise too_long(label, settings.max_bytes)
        copy = keep_chunks(
            self._chunks(answer, deadline, label),
            workspace,
            label=label,
            most=settings.max_bytes,
            modified_at=found["last_modified"],
        )
        if copy.size_bytes != found["size"]:
            copy.path.unlink()
            raise cut_short(label, found["size"], copy.size_bytes)
        return Fetched(name=PurePosixPath(key).name, copy=copy)

    def _chunks(self, answer: Any, deadline: float, label: str) -> Iterator[bytes]:
        for chunk in answer.stream(min_chunk_size=CHUNK):
            if self._monotonic() > deadline:
                raise SourceError(
                    f"{label}: did not arrive within {self._settings.timeout_seconds:g} s. Nothing was planned."
                )
            yield bytes(chunk)

    def _chosen(self, store: S3Store) -> str:
        key = self._settings.key
        if not is_pattern(key):
            return key
        folder = str(PurePosixPath(key).parent)
        prefix = None if folder == "." else folder
        offers = [
            Offer(path=entry["path"], modified=entry["last_modified"].timestamp())
            for page in obstore.list(store, prefix=prefix)
            for entry in page
            if str(PurePosixPath(entry["path"]).parent) == folder
        ]
        label = f"{self._settings.name}: s3://{self._settings.bucket}"
        return newest(offers, key, by_name=self._settings.by_name, label=label).path

    def _secrets(self) -> dict[str, str]:
        asked = {
            "access_key_id": self._settings.access_key,
            "secret_access_key": self._settings.secret_key,
            "session_token": self._settings.session_token,
        }
        return {name: ask() for name, ask in asked.items() if ask is not None}

    def _store(self, secrets: dict[str, str]) -> S3Store:
        settings = self._settings
        config: dict[str, Any] = {"region": settings.region, **secrets}
        options: dict[str, Any] = {
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=settings.timeout_seconds),
        }
        if settings.endpoint:
            if problem := link_fault(settings.endpoint):
                raise SourceError(f"{settings.name}: the endpoint {problem}.")
            config["endpoint"] = settings.endpoint
            options["allow_http"] = settings.endpoint.startswith("http:")
        if settings.ca_file:
            try:
                options["root_certificate"] = Path(settings.ca_file).read_bytes()
            except OSError as error:
                raise SourceError(
                    f"{settings.name}: {settings.ca_file} cannot be read ({error.strerror})."
                ) from None
        patience = timedelta(seconds=min(RETRY_SECONDS, settings.timeout_seconds))
        return S3Store(
            settings.bucket,
            config=config,  # type: ignore[arg-type]  # its keys are known only as a TypedDict
            client_options=options,  # type: ignore[arg-type]  # as above
            retry_config={"max_retries": 3, "retry_timeout": patience},
        )

    def _explained(self, error: Exception, secrets: dict[str, str]) -> SourceError:
        settings = self._settings
        where = f"{settings.name}: s3://{settings.bucket}/{settings.key}"
        hidden = {*secrets.values(), *(os.environ.get(name, "") for name in SECRET_VARIABLES)}
        said = told(
            str(error),
            is_missing=isinstance(error, (FileNotFoundError, NotFoundError)),
            is_refused=isinstance(error, (PermissionDeniedError, UnauthenticatedError)),
            region=settings.region,
            secrets=hidden,
        )
        return SourceError(f"{where}: {said}. Nothing was planned.")
