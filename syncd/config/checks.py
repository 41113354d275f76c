"""Checks of meaning: what has the right shape, and still cannot work."""

import codecs
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from syncd.config.archive_parts import key_fault
from syncd.config.document import Document, Loc, dotted
from syncd.config.faults import suggestion
from syncd.config.root import Root
from syncd.config.sink_parts import CsvSinkPart, WebhookSinkPart
from syncd.config.source_parts import CsvSettings, SourceSettings, TableFilePart
from syncd.core.dates import format_fault
from syncd.core.limits import EVERY_OTHER, Limit, Policy
from syncd.core.managers import MANAGER_ID
from syncd.http.links import is_loopback

_DATABASES = ("sqlite", "postgresql")


def check_settings(root: Root, document: Document) -> None:
    """Note everything that cannot work in the parts around the mapping."""
    _note(document, ("litmos", "base_url"), base_url_fault, root.litmos.base_url)
    scheme = root.database.reveal().split(":", 1)[0].split("+", 1)[0]
    if scheme not in _DATABASES:
        document.fault(("database",), f"must be a {' or '.join(_DATABASES)} URL, not {scheme}")
    _check_sources(root, document)
    for index, sink in enumerate(root.pull.sinks):
        if isinstance(sink, CsvSinkPart):
            _note(document, ("pull", "sinks", index, "encoding"), encoding_fault, sink.encoding)
        if isinstance(sink, WebhookSinkPart):
            _note(document, ("pull", "sinks", index, "url"), webhook_fault, sink.url.reveal())
    _check_sink_names(root, document)
    _check_limited_fields(root, document)
    for flow in ("refresh", "push", "pull"):
        expression = getattr(root.schedules, flow)
        if expression is not None:
            _note(document, ("schedules", flow), cron_fault, expression)
    if root.archive is not None and root.archive.key is not None:
        _note(document, ("archive", "key"), key_fault, root.archive.key.reveal())
    _note(document, ("schedules", "timezone"), timezone_fault, root.schedules.timezone)


def warnings_of(root: Root, document: Document) -> list[str]:
    """What works and should not stay: sentences with their places."""
    found = []
    if root.litmos.api_key.is_literal:
        where = document.where(("litmos", "api_key"))
        found.append(
            f"{where}: litmos.api_key: is written in the file; use ${{env:LITMOS_API_KEY}} or ${{file:...}}"
        )
    for index, sink in enumerate(root.pull.sinks):
        if isinstance(sink, WebhookSinkPart) and any(secret.is_literal for secret in sink.secrets):
            where = document.where(("pull", "sinks", index, "secrets"))
            found.append(
                f"{where}: pull.sinks[{index}].secrets: is written in the file; use ${{env:...}} or ${{file:...}}"
            )
    if root.web.auth.client_secret is not None and root.web.auth.client_secret.is_literal:
        where = document.where(("web", "auth", "client_secret"))
        found.append(
            f"{where}: web.auth.client_secret: is written in the file; use ${{env:...}} or ${{file:...}}"
        )
    if root.archive is not None and root.archive.key is not None and root.archive.key.is_literal:
        where = document.where(("archive", "key"))
        found.append(
            f"{where}: archive.key: is written in the file; use ${{env:SYNCD_ARCHIVE_KEY}} or ${{file:...}}"
        )
    otlp = root.telemetry.otlp
    if otlp is not None and any(secret.is_literal for secret in otlp.headers.values()):
        where = document.where(("telemetry", "otlp", "headers"))
        found.append(
            f"{where}: telemetry.otlp.headers: is written in the file; use ${{env:...}} or ${{file:...}}"
        )
    if root.push.policy is Policy.SYNC and root.push.limits.deactivations == Limit():
        where = document.where(("push", "limits", "deactivations"))
        found.append(f"{where}: push.limits.deactivations: nothing holds a push that deactivates everybody")
    for index, sink in enumerate(root.pull.sinks):
        if sink.what == "results" and not sink.tells_withdrawals:
            where = document.where(("pull", "sinks", index, "columns"))
            found.append(
                f"{where}: pull.sinks[{index}].columns: no column tells status, event or completed, so a result that is "
                "withdrawn looks like one that holds"
            )
    return found


def _check_sources(root: Root, document: Document) -> None:
    """Note what cannot work in where HR is read."""
    if root.source is not None and root.sources:
        document.fault(("sources",), "stands beside source; one of the two must do", at_key=True)
    if not root.hr:
        document.fault(("source",), "is required (or sources, a list of several)")
    seen: dict[str, Loc] = {}
    for loc, part in root.hr.items():
        first = seen.setdefault(part.name, loc)
        if first != loc:
            document.fault((*loc, "name"), f'"{part.name}" is the name of {dotted(first)} already')
        _check_source(part, loc, document)
    for index, one in enumerate(root.training):
        _check_source(one.source, ("training", index, "source"), document)


def _check_source(part: SourceSettings, loc: Loc, document: Document) -> None:
    if isinstance(part, CsvSettings):
        _note(document, (*loc, "encoding"), encoding_fault, part.encoding)
    if isinstance(part, TableFilePart):
        _note(document, (*loc, "name_date"), dated_fault, part.name_date)
        if part.expect.trailer is not None:
            _note(document, (*loc, "expect", "trailer"), trailer_fault, "\n".join(part.expect.trailer))
    if part.expect.dated is not None:
        _note(document, (*loc, "expect", "dated", "format"), dated_fault, part.expect.dated.format)


def _note(document: Document, loc: Loc, judge: Callable[[str], str], value: str) -> None:
    problem = judge(value)
    if problem:
        document.fault(loc, problem)


def base_url_fault(url: str) -> str:
    """Why ``url`` cannot be Litmos' API, or ""."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        return f"is no URL: {error}"
    if not host or parts.scheme not in {"https", "http"}:
        return "must be a URL such as https://api.litmos.com/v1.svc"
    if parts.username or parts.password or parts.query or parts.fragment:
        return "must hold no user, password, query or fragment"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https: the API key travels with every request (http is for loopback only)"
    return ""


def webhook_fault(url: str) -> str:
    """Why nothing can be sent to ``url``, or ""; it is not in the sentence."""
    from syncd.http.outbound import url_fault

    return url_fault(url)


def cron_fault(expression: str) -> str:
    """Why ``expression`` is no schedule of five fields, or ""."""
    if len(expression.split()) != 5:
        return f"must have five fields (minute hour day month weekday), and has {len(expression.split())}"
    try:
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        return f"is no cron expression: {error}"
    except StopIteration:
        return "never fires"
    return ""


def timezone_fault(name: str) -> str:
    """Why ``name`` is no time zone, or ""."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return f'"{name}" is no time zone; they are named like Europe/Berlin or UTC'
    return ""


def encoding_fault(name: str) -> str:
    """Why ``name`` is no text encoding, or ""."""
    try:
        if not codecs.lookup(name)._is_text_encoding:  # noqa: SLF001 - Python tells it nowhere else
            return f'"{name}" is no text encoding'
        "a".encode(name)
    except (LookupError, ValueError):
        return f'"{name}" is no encoding that Python knows; such are utf-8, utf-16, cp1252, iso-8859-15'
    return ""


def _check_limited_fields(root: Root, document: Document) -> None:
    """A Limit on a field that is not mapped would never hold anything."""
    for name in root.push.limits_part.fields:
        if name not in {EVERY_OTHER, MANAGER_ID, *root.users.fields}:
            hint = suggestion(name, sorted(root.users.fields))
            document.fault(("push", "limits", "fields", name), f"is not in users.fields{hint}", at_key=True)


def trailer_fault(trailer: str) -> str:
    """Why ``trailer`` cannot be the last lines of a file, or ""."""
    if not all(line.strip() for line in trailer.split("\n")):
        return "must not be blank"
    unknown = re.sub(r"{rows}|{any}", "", trailer)
    if "{" in unknown or "}" in unknown:
        return "may hold {rows} and {any}, and no other braces"
    return "may hold {rows} once" if trailer.count("{rows}") > 1 else ""


def dated_fault(form: str) -> str:
    """Why ``form`` cannot be how dates are read, or ""."""
    return format_fault(form, reads=True)


def _check_sink_names(root: Root, document: Document) -> None:
    seen: dict[str, int] = {}
    for index, sink in enumerate(root.pull.sinks):
        if sink.name in seen:
            document.fault(("pull", "sinks", index, "name"), f"is the name of sink {seen[sink.name]} already")
        seen.setdefault(sink.name, index)
