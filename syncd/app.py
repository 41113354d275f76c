"""App: the parts of a running syncd, put together once from settings. The only place where the siblings meet."""

import random
import threading
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from syncd.archive import Vault
from syncd.core.doubts import Expect
from syncd.core.holding import HoldMode
from syncd.core.import_cost import PATIENCE
from syncd.core.limits import Limits, Policy
from syncd.core.mapping import Mapping
from syncd.core.results import EARNED
from syncd.core.results import Status as ResultStatus
from syncd.core.training import TrainingRule
from syncd.litmos.client import LitmosClient
from syncd.litmos.endpoint import Endpoint, is_loopback_url
from syncd.litmos.target import Target
from syncd.sending.hand import HandedGate
from syncd.sending.worker import WorkSettings
from syncd.sinks import Sink
from syncd.sources import Source
from syncd.store.database import Database
from syncd.store.owner import this_process
from syncd.store.window import RollingWindow, WindowSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the flows must know; times in seconds. ``requests`` per ``window`` is what syncd may use of the limit."""

    account: str
    mapping: Mapping
    endpoint: Endpoint
    requests: int = 100
    window: float = 60.0
    senders: int = 4
    settle_delay: float = 30.0
    max_attempts: int = 8
    bulk_imports: bool = False
    import_patience: float = PATIENCE
    policy: Policy = Policy.SYNC
    limits: Limits = field(default_factory=Limits)
    training: tuple[TrainingRule, ...] = ()
    """What the rows of training that HR knows of mean."""
    expects: MappingType[str, Expect] = field(default_factory=dict)
    """What each source is known to be like, by source."""
    hold: HoldMode = HoldMode.ALL
    hold_expires: float = 72 * 3600.0
    refresh_max_age: float = 300.0
    check_within: float = 172_800.0
    results: frozenset[str] = frozenset({"course", "learning_path"})
    statuses: frozenset[ResultStatus] = EARNED
    results_checked_within: float | None = None
    identities: MappingType[str, bool] = field(default_factory=dict)
    """The sinks that are told who is who, and whether with login links."""
    overlap: float = 48 * 3600.0
    first_from: float = 30 * 86400.0
    config_digest: str = ""
    config_shown: MappingType[str, str] = field(default_factory=dict)
    """What the configuration says of what Plans depend on, secrets as dots."""
    keeps_exchanges: bool = True
    sensitive: frozenset[str] = frozenset()
    """The Litmos fields whose values are masked in what is kept of exchanges."""

    @property
    def per_minute(self) -> float:
        """Requests a minute."""
        return self.requests * 60 / self.window


@dataclass(slots=True, kw_only=True)
class App:
    """The parts. ``stop`` is set when the process is asked to end; ``owner`` identifies it in leases."""

    settings: Settings
    database: Database
    sources: tuple[Source, ...]
    """Where HR is read from, the first one first."""
    node_sources: MappingType[str, Source] = field(default_factory=dict)
    """Where the rows of the nodes of organisation trees are, by space."""
    training_sources: MappingType[str, Source] = field(default_factory=dict)
    """Where the rows of training are, by name."""
    sinks: MappingType[str, Sink]
    gate: RollingWindow
    hand: HandedGate
    client: LitmosClient
    target: Target
    owner: str
    stop: threading.Event
    jitter: Callable[[], float] = random.random
    """Spreads what is tried again over time: in [0, 1)."""
    archive: Vault | None = None
    """Where what Runs read of HR is kept; None: nowhere."""

    @property
    def account(self) -> str:
        """The key of the Litmos account."""
        return self.settings.account

    @property
    def work(self) -> WorkSettings:
        """What the workers must know. A lease is renewed before each request: it outlasts that, and the waits for a next slot."""
        settings = self.settings
        return WorkSettings(
            account=settings.account,
            lease=2 * (settings.endpoint.timeout + settings.window),
            settle_delay=settings.settle_delay,
            max_attempts=settings.max_attempts,
            idle=min(0.5, settings.window / 10),
            import_patience=settings.import_patience,
            link_field=settings.mapping.link_field,
            protection=settings.mapping.protection,
            keeps_exchanges=settings.keeps_exchanges,
            sensitive=settings.sensitive,
        )

    def now(self) -> datetime:
        """The database's time, UTC."""
        with self.database.read() as conn:
            return self.database.now(conn)

    def interrupt(self) -> None:
        """Ask everything to end: requests in flight are finished and recorded, nothing new is sent."""
        self.stop.set()
        self.gate.interrupt()

    def close(self) -> None:
        """Close connections."""
        self.client.close()
        self.database.close()


def open_app(
    settings: Settings,
    database: Database,
    sources: Sequence[Source],
    sinks: MappingType[str, Sink],
    node_sources: MappingType[str, Source] = MappingProxyType({}),
    archive: Vault | None = None,
    training_sources: MappingType[str, Source] = MappingProxyType({}),
) -> App:
    """Put the parts together over a database at head. Raises ConfigError, StoreError."""
    gate = RollingWindow(
        database,
        WindowSettings(
            account=settings.account,
            requests=settings.requests,
            seconds=settings.window,
            timeout=settings.endpoint.timeout,
            start_free=is_loopback_url(settings.endpoint.base_url),
        ),
    )
    hand = HandedGate(gate)
    client = LitmosClient(settings.endpoint, hand)
    return App(
        settings=settings,
        database=database,
        sources=tuple(sources),
        node_sources=node_sources,
        training_sources=training_sources,
        sinks=sinks,
        gate=gate,
        hand=hand,
        client=client,
        target=Target(client),
        owner=this_process(),
        stop=threading.Event(),
        archive=archive,
    )
