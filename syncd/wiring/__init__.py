"""Wiring: from a configuration to an App. The only place that knows both."""

from syncd.app import App, Settings, open_app
from syncd.archive import Vault
from syncd.archive.sealing import need_cryptography
from syncd.config import Config
from syncd.core.results import Status
from syncd.litmos.endpoint import Endpoint
from syncd.store.revisions import open_at_head
from syncd.wiring.sinks import sinks_of
from syncd.wiring.sources import node_sources_of, sources_of, training_sources_of

__all__ = [
    "archive_of",
    "node_sources_of",
    "settings_of",
    "sinks_of",
    "sources_of",
    "training_sources_of",
    "wire",
]


def wire(config: Config, *, migrate: bool = False) -> App:
    """Open everything that a configuration names; nothing is read or sent. Raises ConfigError, StoreError.

    A new SQLite database gets its tables; any other one must be at head, or ``migrate`` be True.
    """
    database = open_at_head(config.database.reveal(), migrate=migrate)
    return open_app(
        settings_of(config),
        database,
        sources_of(config),
        sinks_of(config),
        node_sources_of(config),
        archive_of(config),
        training_sources_of(config),
    )


def settings_of(config: Config) -> Settings:
    """What the flows must know."""
    litmos, push, pull = config.litmos, config.push, config.pull
    return Settings(
        account=litmos.account,
        mapping=config.mapping,
        endpoint=Endpoint(
            base_url=litmos.base_url,
            api_key=litmos.api_key.reveal,
            source=litmos.source,
            timeout=litmos.timeout,
            ca_file=None if litmos.ca_file is None else str(litmos.ca_file),
        ),
        requests=litmos.limit.usable,
        window=litmos.limit.window,
        senders=litmos.senders,
        settle_delay=litmos.settle_delay,
        max_attempts=litmos.max_attempts,
        bulk_imports=litmos.bulk_imports == "auto",
        policy=push.policy,
        limits=push.limits,
        training=config.training,
        expects={source.name: source.expect.expect for source in config.sources},
        hold=push.hold,
        hold_expires=push.hold_expires,
        refresh_max_age=push.refresh_max_age,
        check_within=push.check_within,
        results=frozenset(pull.results),
        statuses=frozenset(Status(word) for word in pull.statuses),
        results_checked_within=pull.check_within,
        identities={sink.name: sink.login_link for sink in pull.sinks if sink.what == "identities"},
        overlap=pull.overlap,
        first_from=pull.first_from,
        config_digest=config.digest,
        config_shown=config.planning,
        keeps_exchanges=config.retention.exchanges != 0,
        sensitive=config.sensitive,
    )


def archive_of(config: Config) -> Vault | None:
    """Where what Runs read is kept; None: nowhere. Raises ConfigError if it is to be encrypted, and cannot be."""
    archive = config.archive
    if archive is None:
        return None
    if archive.key is not None:
        need_cryptography()
    return Vault(archive.folder, config.litmos.account, keep=archive.keep, keys=archive.keys)
