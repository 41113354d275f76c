"""Telemetry: from how the configuration names a collector to what sends there, and whether it answers."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from syncd import __version__
from syncd.config import Config
from syncd.config.telemetry_parts import OtlpPart
from syncd.core.finding import Finding, Health
from syncd.errors import ConfigError
from syncd.http.links import PORTS
from syncd.log import listen
from syncd.store.database import Database
from syncd.store.pseudonyms import key_of, made_key
from syncd.telemetry.collector import Collector, NotSent
from syncd.telemetry.exporting import Exporter
from syncd.telemetry.otlp import encoded, need_opentelemetry
from syncd.telemetry.spans import Ids, Tracer


@contextmanager
def traced(config: Config, database: Database) -> Iterator[Exporter | None]:
    """While the block runs, what this process tells of runs goes to the collector, if there is one.

    Raises ConfigError if a package is missing, StoreError.
    """
    part = config.telemetry.otlp
    if part is None:
        yield None
        return
    need_opentelemetry()
    account = config.litmos.account
    tracer = Tracer(Ids(_key(database, account), account), _server(config.litmos.base_url))
    exporter = Exporter(tracer, collector_of(part), service=part.service_name)
    unlisten = listen(exporter)
    try:
        yield exporter
    finally:
        unlisten()
        exporter.close()


def check_collector(config: Config) -> tuple[Finding, ...]:
    """Whether the collector answers, for ``syncd doctor``: it is sent no span."""
    part = config.telemetry.otlp
    if part is None:
        return ()
    collector = collector_of(part)
    try:
        need_opentelemetry()
        collector.send(encoded((), {}, version=__version__), timeout=collector.timeout)
    except ConfigError as error:
        then = 'pip install "syncd[otel]", or take telemetry.otlp out; then: syncd doctor'
        return (
            Finding(
                check="collector", state=Health.PROBLEM, seen=str(error), next=then, facts={"unfit": True}
            ),
        )
    except NotSent as error:
        seen = f"no traces reach {collector.host}: {error}. No sync waits for it"
        then = "mend the collector or `telemetry.otlp`; then: syncd doctor"
        return (Finding(check="collector", state=Health.WARNING, seen=seen, next=then),)
    return (Finding(check="collector", state=Health.OK, seen=f"{collector.host} takes traces"),)


def collector_of(part: OtlpPart) -> Collector:
    """The collector; nothing is sent yet."""
    return Collector(
        endpoint=part.endpoint,
        headers={name: secret.reveal for name, secret in part.headers.items()},
        timeout=part.timeout,
        allow_private=part.allow_private,
        ca_file=part.ca_file,
    )


def _key(database: Database, account: str) -> str:
    """A secret that every process of this database knows, and no other installation: theirs would be the same traces."""
    with database.read() as conn:
        known = key_of(conn, account)
    if known:
        return known
    with database.write() as conn:
        return made_key(conn, account, secrets.token_hex(32), database.now(conn))


def _server(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)
