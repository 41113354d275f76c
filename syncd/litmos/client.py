"""Client: Litmos' conventions over the transport: JSON both ways, lists by page, errors by what happens next."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from syncd.core.exchange import MASK, Exchange, Recorder
from syncd.core.operation import Gate, Watch
from syncd.errors import LitmosError, Permanent, Transient, Unauthorized
from syncd.litmos.endpoint import Endpoint
from syncd.litmos.faults import FREEZING, NOT_FOUND, doubtful, fault_of, unknown_outcome
from syncd.litmos.sending import Answer, Clock, Timing, boot_time
from syncd.litmos.soundness import UnsoundError, loaded
from syncd.litmos.transport import Transport
from syncd.litmos.wire import decoded

PAGE = 1000
"""Rows per page: the most that Litmos gives [DOC]."""
DEFAULT_PAGE = 100
"""Rows that Litmos gives when it did not understand ``limit`` [DOC]."""

Row = dict[str, Any]
Path = Sequence[str]
Params = Mapping[str, str | int]


class LitmosClient:
    """One Litmos account. Thread-safe; each piece of work makes its ``Calls``."""

    def __init__(self, endpoint: Endpoint, gate: Gate, *, clock: Clock = boot_time) -> None:
        """Prepare; nothing is sent. Raises ConfigError for an unusable endpoint."""
        self._endpoint = endpoint
        self._transport = Transport(endpoint, gate, clock=clock)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def calls(self, watch: Watch, recorder: Recorder | None = None) -> "Calls":
        """Calls that ``watch`` hears of before they are sent, and ``recorder`` afterwards, counted from zero."""
        return Calls(self, watch, recorder)

    def exchange(
        self,
        method: str,
        path: Path,
        params: Params,
        body: bytes = b"",
        *,
        watch: Watch,
        timing: Timing | None = None,
    ) -> tuple[Answer, LitmosError | None]:
        """One request: its answer, and the error that it is, if any; a 429 or 503 freezes all senders.

        Raises what ``Transport.send`` raises.
        """
        answer = self._transport.send(method, path, params, body, watch=watch, timing=timing)
        fault = fault_of(answer, write=method != "GET")
        if isinstance(fault, Unauthorized) and self._endpoint.api_key() != answer.secret:
            fault = Transient(
                "the API key was replaced while the request was under way",
                status=answer.status,
                code="LITMOS-KEY-ROTATED",
            )
        if fault is not None and answer.status in FREEZING:
            self._transport.freeze(fault.code)
        return answer, fault


class Calls:
    """The requests made for one piece of work, in one thread; ``requests`` counts them.

    ``date`` is the Date header of the latest request's answer, "" if there was no answer or no date in it.
    """

    def __init__(self, client: LitmosClient, watch: Watch, recorder: Recorder | None = None) -> None:
        """Nothing is sent yet."""
        self._client = client
        self._watch = watch
        self._recorder = recorder
        self.requests = 0
        self.date = ""

    def find(self, path: Path, params: Params | None = None) -> Row | None:
        """Read one object; None if Litmos does not know it (404). Raises LitmosError."""
        row = self.verbatim(path, params)
        return None if row is None else decoded(row)

    def verbatim(self, path: Path, params: Params | None = None) -> Row | None:
        """The same with its strings as they came, secrets too: for nothing but how Litmos writes them."""
        answer, fault = self._exchange("GET", path, params or {})
        if fault is not None:
            if fault.code == NOT_FOUND:
                return None
            raise fault
        value = parsed(answer)
        if not isinstance(value, dict):
            raise doubtful(f"/{path[0]}: one object was expected")
        return value

    def page(self, path: Path, params: Params, key: Sequence[str] = ("Id",)) -> list[Row]:
        """Read one page. Raises LitmosError, also for anything that is no list of objects with text under ``key``."""
        answer, fault = self._exchange("GET", path, params)
        if fault is not None:
            raise fault
        value = parsed(answer)
        if not isinstance(value, list):
            raise doubtful(f"/{path[0]}: a list was expected")
        for row in value:
            if not isinstance(row, dict) or not all(
                isinstance(row.get(name), str) and row[name] for name in key
            ):
                raise doubtful(f"/{path[0]}: a row has no {' and '.join(key)}")
        return [decoded(row) for row in value]

    def rows(
        self,
        path: Path,
        params: Params | None = None,
        *,
        key: Sequence[str] = ("Id",),
        also: Sequence[str] = (),
        limit: int = PAGE,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> list[Row]:
        """Read a whole list by page; a row with a ``key`` (and ``also``) seen before counts once, as last read.

        As ``pages`` otherwise.
        """
        found: dict[tuple[str, ...], Row] = {}
        for page in self.pages(path, params, key=key, also=also, limit=limit, progress=progress):
            found.update(page)
        return list(found.values())

    def pages(
        self,
        path: Path,
        params: Params | None = None,
        *,
        key: Sequence[str] = ("Id",),
        also: Sequence[str] = (),
        limit: int = PAGE,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> Iterator[dict[tuple[str, ...], Row]]:
        """Read a whole list by page: the rows of each by ``key`` (and ``also``); one that came before comes again.

        ``start`` advances by the rows received (a page may be over-full, litmos-api 2); a short page is the last, but
        one of exactly Litmos' default length is asked beyond, for then ``limit`` may have been ignored. Raises
        LitmosError; a page that repeats what is known already is doubtful.
        """
        seen: set[tuple[str, ...]] = set()
        start = 0
        while True:
            page = self.page(path, {**(params or {}), "start": start, "limit": limit}, key)
            if not page:
                return
            known = len(seen)
            found = {tuple(str(row.get(name)) for name in (*key, *also)): row for row in page}
            seen.update(found)
            if len(seen) == known:
                raise doubtful(f"/{path[0]}: the page from {start} on only repeats earlier ones")
            yield found
            start += len(page)
            progress(len(seen))
            if len(page) < limit and len(page) != DEFAULT_PAGE:
                return

    def write(
        self,
        method: str,
        path: Path,
        body: object = None,
        params: Params | None = None,
        *,
        invite: bool = False,
        leaver: bool = False,
    ) -> Any:
        """Write; returns the JSON of the answer, or None if it is empty. Raises LitmosError.

        ``sendmessage=false`` always, as Litmos mails people about some writes unless told not to (litmos-api 6.7); but
        for ``invite``, the invitation of a new user, and of nobody else. ``leaver``: the user has left, and leaves all teams.
        """
        _refuse_deleting(method, path, leaver=leaver)
        _refuse_mailing(method, path, invite=invite)
        data = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        mail = {"sendmessage": "true" if invite else "false"}
        answer, fault = self._exchange(method, path, {**(params or {}), **mail}, data)
        if fault is not None:
            raise fault
        if not answer.body.strip():
            return None
        try:
            return parsed(answer)
        except LitmosError as error:
            raise unknown_outcome(str(error), answer.status) from None

    def _exchange(
        self, method: str, path: Path, params: Params, body: bytes = b""
    ) -> tuple[Answer, LitmosError | None]:
        self.requests += 1
        self.date = ""
        timing = Timing()
        try:
            answer, fault = self._client.exchange(
                method, path, params, body, watch=self._watch, timing=timing
            )
        except LitmosError as error:
            self._tell(method, path, params, body, timing, error.code)
            raise
        self._tell(method, path, params, body, timing, "" if fault is None else fault.code, answer)
        self.date = answer.headers.get("date", "")
        return answer, fault

    def _tell(
        self,
        method: str,
        path: Path,
        params: Params,
        body: bytes,
        timing: Timing,
        code: str,
        answer: Answer | None = None,
    ) -> None:
        """Tell the recorder, if there is one; the key is taken out, should an answer repeat it."""
        if self._recorder is None:
            return
        answered = b"" if answer is None else answer.body
        if answer is not None and answer.secret:
            answered = answered.replace(answer.secret.encode(), MASK.encode())
        self._recorder.heard(
            Exchange(
                method=method,
                path=tuple(path),
                query=dict(params),
                status=None if answer is None else answer.status,
                code=code,
                waited=timing.waited,
                took=timing.took,
                sent=body,
                answered=answered,
            )
        )


def parsed(answer: Answer) -> Any:
    """The JSON of an answer, which must be whole UTF-8, and storable. Raises Transient otherwise."""
    try:
        return loaded(answer.body)
    except UnsoundError as error:
        raise doubtful(str(error)) from None
    except (ValueError, RecursionError):
        raise doubtful("it is no JSON, or is cut off") from None


def _refuse_mailing(method: str, path: Path, *, invite: bool) -> None:
    """Only who is created is ever invited."""
    if invite and (method, *path) != ("POST", "users"):
        raise Permanent("syncd mails nobody but new users", code="LITMOS-MAIL-FORBIDDEN")


_DELETABLE: frozenset[tuple[str, int, str]] = frozenset(
    {
        ("teams", 4, "users"),
        ("teams", 4, "leaders"),
        ("teams", 4, "admins"),
        ("teams", 3, "learningpaths"),
        ("teams", 3, "courses"),
        ("users", 4, "learningpaths"),
        ("users", 4, "courses"),
    }
)


def _refuse_deleting(method: str, path: Path, *, leaver: bool) -> None:
    """Only a membership, a role in a team or an assignment is ever deleted: never a user or a team, and all teams of a user
    only if they have left.
    """
    if leaver and (method, len(path), path[0], path[-1]) == ("DELETE", 3, "users", "teams"):
        return
    if method == "DELETE" and (path[0], len(path), path[2] if len(path) > 2 else "") not in _DELETABLE:
        raise Permanent("syncd never deletes that", code="LITMOS-DELETE-FORBIDDEN")
