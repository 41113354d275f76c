"""A file behind an HTTPS URL, fetched whole."""

import time
from contextlib import closing
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from syncd.errors import SourceError
from syncd.http.asking import Answer, HttpError, Server
from syncd.http.links import shown
from syncd.sources.fetch_settings import HttpsFileSettings
from syncd.sources.fetching import Fetched, cut_short, keep_chunks, too_long
from syncd.sources.login import headers_of
from syncd.sources.privatecopy import PrivateCopy


class HttpsFile:
    """A Fetch of one URL."""

    def __init__(self, settings: HttpsFileSettings) -> None:
        self._settings = settings

    def fetch(self, workspace: Path) -> Fetched:
        """As ``Fetch.fetch``. What comes without an announced end is refused: nobody could tell whether it is whole."""
        settings = self._settings
        deadline = time.monotonic() + settings.timeout_seconds
        link = settings.link()
        try:
            headers = headers_of(settings.login, deadline=deadline, ca_file=settings.ca_file)
            with (
                closing(Server(link, ca_file=settings.ca_file)) as server,
                server.ask(link, deadline=deadline, headers=headers) as answer,
            ):
                copy = self._keep(answer, workspace)
        except HttpError as error:
            raise SourceError(f"{settings.name}: {error}. Nothing was planned.") from None
        return Fetched(name=_name_in(link) or settings.name, copy=copy)

    def _keep(self, answer: Answer, workspace: Path) -> PrivateCopy:
        settings, label = self._settings, f"{self._settings.name}: {shown(answer.link)}"
        if answer.is_page:
            raise HttpError(
                f"{shown(answer.link)}: answered with a web page, not a file; it probably asks people to log in"
            )
        if not answer.has_end:
            raise HttpError(
                f"{shown(answer.link)}: announces neither a length nor an end, so nobody could tell whether it is whole"
            )
        announced = _length(answer)
        if announced is not None and announced > settings.max_bytes:
            raise too_long(label, settings.max_bytes)
        copy = keep_chunks(
            answer.chunks,
            workspace,
            label=label,
            most=settings.max_bytes,
            modified_at=answer.modified_at,
        )
        if announced is not None and announced != copy.size_bytes:
            copy.path.unlink()
            raise cut_short(label, announced, copy.size_bytes)
        return copy


def _length(answer: Answer) -> int | None:
    """The announced length of what is kept; None if there is none, or it is that of a compressed body."""
    text = answer.headers.get("content-length", "")
    coded = answer.headers.get("content-encoding", "identity").lower() != "identity"
    return int(text) if text.isdecimal() and not coded else None


def _name_in(link: str) -> str:
    return PurePosixPath(unquote(urlsplit(link).path)).name
