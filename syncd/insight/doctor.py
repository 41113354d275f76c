"""Doctor: what an administrator needs on day 0: gathers the facts, with the fewest requests, and writes nothing to Litmos."""

from collections import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from syncd.app import App, Settings
from syncd.core.cases import Resolution
from syncd.core.coverage import Coverage, coverage
from syncd.core.diagnosis import Facts, LitmosFacts, SourceFacts, WindowFacts, clock_bounds, diagnose
from syncd.core.finding import Finding
from syncd.core.model import Action, ItemKind, Node, NodeKey, User
from syncd.core.profile import normalise_profile
from syncd.core.team_names import team_names
from syncd.core.tree import plant
from syncd.errors import ConfigError, SourceError, StoreError
from syncd.insight.rights import check_rights
from syncd.insight.sinking import check_sinks
from syncd.insight.teaching import check_training
from syncd.intake import take_in
from syncd.litmos.surveying import Survey
from syncd.log import get_logger
from syncd.sources import Source
from syncd.store import cases, links, probes, ties, window

log = get_logger(__name__)

Update = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """The Findings, how many requests they took, and who meets whom (None where one side could not be read)."""

    findings: tuple[Finding, ...]
    requests: int
    coverage: Coverage | None


def examine(
    settings: Settings,
    sources: Sequence[Source],
    app: App | StoreError,
    *,
    now: Callable[[], datetime],
    warnings: Sequence[str] = (),
    also: Sequence[Finding] = (),
    update: Update = lambda _what, _done, _total: None,
) -> Examination:
    """Look at everything once. ``app`` is the error if the database cannot be used: then Litmos is not asked.

    ``now`` is this host's clock, UTC; ``warnings`` are the configuration's, ``also`` is what others saw. Raises Interrupted.
    """
    update("reading HR", 0, None)
    hr, apart = _read_sources(
        sources, {} if isinstance(app, StoreError) else app.node_sources, settings, now()
    )
    if isinstance(app, StoreError):
        facts = Facts(
            rules=settings.mapping, limits=settings.limits, warnings=warnings, database=str(app), source=hr
        )
        return Examination(findings=(*diagnose(facts), *also), requests=0, coverage=None)
    with app.database.read() as conn:
        ahead = (app.database.now(conn) - now()).total_seconds()
        taken, slots, frozen = window.usage(conn, app.account, app.database.now(conn))
        linked = links.load(conn, app.account)
        tied = ties.load(conn, app.account)
        resolutions = cases.resolutions(conn, app.account)
        answers = probes.answers(conn, app.account)
        unrestored = probes.unrestored(conn, app.account)
    update("asking Litmos", 0, None)
    survey = app.target.survey(now, courses=ItemKind.COURSE in settings.mapping.item_kinds)
    hr, litmos = _planted(settings, hr, apart, _litmos_facts(settings, survey), survey, tied)
    facts = Facts(
        rules=settings.mapping,
        limits=settings.limits,
        warnings=warnings,
        database_skew=ahead,
        window=WindowFacts(requests=slots, seconds=settings.window, taken=taken, frozen_until=frozen),
        source=hr,
        litmos=litmos,
        coverage=_coverage(settings, hr, litmos, linked, resolutions),
        answers=answers,
        unrestored="" if unrestored is None else unrestored["username"],
    )
    read = () if hr.trouble else (*sources, *app.node_sources.values(), *app.training_sources.values())
    findings = (*diagnose(facts), *check_rights(read), *check_training(app), *check_sinks(app.sinks), *also)
    log.info("examined", requests=survey.requests, states=[f"{f.check} {f.state}" for f in findings])
    return Examination(findings=findings, requests=survey.requests, coverage=facts.coverage)


def _read_sources(
    sources: Sequence[Source], node_sources: abc.Mapping[str, Source], settings: Settings, now: datetime
) -> tuple[SourceFacts, tuple[Node, ...]]:
    """As push reads them, with the units of organisation trees that have a file of their own."""
    try:
        intake = take_in(sources, settings.mapping, now, nodes=node_sources)
    except (SourceError, ConfigError) as error:
        name = " and ".join(source.name for source in sources)
        return SourceFacts(name=name, trouble=str(error), unfit=isinstance(error, ConfigError)), ()
    several = " and ".join(f"{one.source} ({one.rows})" for one in intake.inputs)
    facts = SourceFacts(
        name=several if len(intake.inputs) > 1 else intake.name,
        rows=intake.rows,
        complete=intake.complete,
        employees=intake.employees,
        rejections=intake.rejections,
    )
    return facts, intake.nodes


def _planted(
    settings: Settings,
    hr: SourceFacts,
    apart: Sequence[Node],
    litmos: LitmosFacts,
    survey: Survey,
    tied: abc.Mapping[NodeKey, str],
) -> tuple[SourceFacts, LitmosFacts]:
    """The same with the teams of organisation trees, as a push would name them; those of managers' units are left out."""
    if survey.teams is None or not settings.mapping.trees:
        return hr, litmos
    forest, seated = plant(
        hr.employees,
        {},
        apart,
        settings.mapping.trees,
        survey.teams,
        tied,
        may_rename=Action.UPDATE in settings.policy.actions,
    )
    return replace(hr, employees=tuple(seated)), replace(litmos, teams=team_names(forest.teams))


def _litmos_facts(settings: Settings, survey: Survey) -> LitmosFacts:
    users = None if survey.profiles is None else tuple(_user(profile) for profile in survey.profiles)
    return LitmosFacts(
        host=urlsplit(settings.endpoint.base_url).hostname or "",
        requests=survey.requests,
        users=users,
        fields=frozenset(chain.from_iterable(survey.profiles or ())),
        teams=None if survey.teams is None else team_names(survey.teams),
        paths=survey.paths,
        courses=survey.courses,
        skew=clock_bounds(survey.samples),
        status=None if survey.error is None else survey.error.status,
        trouble="" if survey.error is None else str(survey.error),
    )


def _user(profile: abc.Mapping[str, Any]) -> User:
    active = str(profile.get("Active")).lower() == "true"
    return User(id=profile["Id"], active=active, fields=normalise_profile(profile))


def _coverage(
    settings: Settings,
    hr: SourceFacts,
    litmos: LitmosFacts,
    linked: abc.Mapping[str, str],
    resolutions: abc.Mapping[str, Resolution],
) -> Coverage | None:
    if hr.trouble or litmos.users is None:
        return None
    rules = settings.mapping
    return coverage(
        hr.employees,
        litmos.users,
        linked,
        keys=rules.match,
        link_field=rules.link_field,
        resolutions=resolutions,
        is_protected=lambda user: bool(rules.protection.why(user)),
    )
