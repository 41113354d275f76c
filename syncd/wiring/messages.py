"""Messages: from how the configuration names channels to what sends."""

from datetime import timedelta

from syncd.app import App
from syncd.config import Config
from syncd.config.message_parts import AnyChannel, SmtpPart, WebhookChannelPart
from syncd.core.messages import MessageKind
from syncd.messages.channels import AppriseChannel, Channel, SmtpChannel, WebhookChannel, need_apprise
from syncd.messages.gathering import Latest, Watched
from syncd.messages.messenger import DeadMan, Messenger, Subscription


def messenger_of(config: Config, app: App, latest: Latest) -> Messenger | None:
    """Who tells people; None if nobody is to be told anything. Raises ConfigError."""
    settings, schedules = config.messages, config.schedules
    if not settings.channels and settings.dead_man is None:
        return None
    written = {flow: getattr(schedules, flow) for flow in ("refresh", "push", "pull")}
    dead_man = settings.dead_man
    return Messenger(
        database=app.database,
        account=app.account,
        owner=app.owner,
        watched=Watched(
            schedules={flow: text for flow, text in written.items() if text is not None},
            latest=latest,
            grace=timedelta(seconds=settings.late),
            digest=settings.digest,
            zone=schedules.timezone,
        ),
        subscriptions={
            part.name: Subscription(
                channel=channel_of(part),
                kinds=frozenset(map(MessageKind, part.kinds)),
                repeat=None if part.repeat is None else timedelta(seconds=part.repeat),
            )
            for part in settings.channels
        },
        dead_man=None
        if dead_man is None
        else DeadMan(
            url=dead_man.url.reveal,
            every=None if dead_man.every is None else timedelta(seconds=dead_man.every),
            timeout=dead_man.timeout,
        ),
        address=config.web.url or "",
    )


def channel_of(part: AnyChannel) -> Channel:
    """One channel; nothing is sent yet. Raises ConfigError if a package is missing."""
    if isinstance(part, SmtpPart):
        return SmtpChannel(
            host=part.host,
            port=part.port,
            security=part.security,
            user=part.user,
            password=None if part.password is None else part.password.reveal,
            sender=part.sender,
            to=part.to,
            timeout=part.timeout,
            ca_file=part.ca_file,
        )
    if isinstance(part, WebhookChannelPart):
        return WebhookChannel(
            url=part.url.reveal,
            secrets=tuple(secret.reveal for secret in part.secrets),
            timeout=part.timeout,
            allow_private=part.allow_private,
            ca_file=part.ca_file,
        )
    need_apprise()
    return AppriseChannel(urls=tuple(url.reveal for url in part.urls), timeout=part.timeout)
