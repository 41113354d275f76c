"""Probe: settling open questions of the contract on one disposable user, who is left as found.

What is needed to restore the user is stored before the first write, so that a probe that was cut off is undone by the next one.
"""

from collections import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from syncd.app import App
from syncd.core import contract
from syncd.core.contract import Question
from syncd.core.model import User, team_key, team_label
from syncd.core.profile import normalise_profile
from syncd.core.team_names import team_names
from syncd.errors import Declined, LitmosError, Permanent, Unauthorized, Uncertain
from syncd.intake import Intake, mentions, read_hr
from syncd.litmos.probing import PROBE_FIELD, PROBE_TEXT, Probing
from syncd.log import get_logger
from syncd.store import audit, links, probes
from syncd.turn import planning

log = get_logger(__name__)

RESTORING = 3
"""So often a user is put back, and looked at, before a person is asked to see to it."""

Update = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """The answers of one probe ("" is unknown), and the requests it took."""

    answers: abc.Mapping[Question, str]
    requests: int


@dataclass(slots=True, kw_only=True)
class _Patient:
    """A disposable user: the requests about them, and how they were found."""

    asking: Probing
    profile: abc.Mapping[str, Any]
    team_id: str = ""
    teams: frozenset[str] = frozenset()
    has_paths: bool = False
    unsettled: bool = False
    answers: dict[Question, str] = field(default_factory=dict)


def probe(
    app: App,
    username: str,
    *,
    team: str = "",
    actor: str,
    update: Update = lambda _what, _done, _total: None,
) -> Probed:
    """Ask Litmos about what nobody knows, by changing this user for a moment. ``team`` names a disposable team.

    Raises Declined if they are not disposable, Uncertain if they could not be restored, Busy while a push is planned,
    SourceError and ConfigError (HR must be readable, to know who is in it), LitmosError.
    """
    with planning(app):
        update("reading HR", 0, None)
        intake = read_hr(app)
        before = _restore_earlier(app, username)
        update("looking at the user", 0, None)
        profile = app.target.find_user(username)
        if profile is None:
            raise Declined(f"Litmos has no user {username}; make a disposable one, or look at the spelling")
        _refuse_others(app, intake, profile)
        patient = _admit(app, intake, profile, team)
        probe_id = _begin(app, patient, actor)
        update("probing", 0, None)
        try:
            _ask_everything(app, patient)
        finally:
            app.gate.again()  # whoever stops us wants the user restored first; a second signal ends at once
            _keep(app, patient)
            update("restoring the user", 0, None)
            _restore(app, patient, probe_id)
    requests = before + patient.asking.requests + 2
    log.info("probed", user_id=patient.asking.user_id, requests=requests, actor=actor)
    return Probed(answers={q: patient.answers.get(q, "") for q in Question}, requests=requests)


def _restore_earlier(app: App, username: str) -> int:
    """Undo a probe that was cut off; how many requests that took. Raises Declined if it was on somebody else."""
    with app.database.read() as conn:
        row = probes.unrestored(conn, app.account)
    if row is None:
        return 0
    if row["username"].casefold() != username.strip().casefold():
        raise Declined(
            f"an earlier probe did not restore another user; first: syncd doctor --probe {row['username']}"
        )
    original = row["original"]
    patient = _Patient(
        asking=app.target.probing(row["user_id"]),
        profile=original["profile"],
        team_id=original["team_id"],
        teams=frozenset(original["teams"]),
    )
    _restore(app, patient, row["id"])
    return patient.asking.requests


def _refuse_others(app: App, intake: Intake, profile: abc.Mapping[str, Any]) -> None:
    rules = app.settings.mapping
    active = str(profile.get("Active")).lower() == "true"
    user = User(id=profile["Id"], active=active, fields=normalise_profile(profile))
    with app.database.read() as conn:
        linked = user.id in links.load(conn, app.account).values()
    found = contract.objections(
        user, rules, intake.employees, linked=linked, protected=bool(rules.protection.why(user))
    )
    if intake.rejections and not found and mentions(app.sources, [user.username, str(user.fields["Email"])]):
        found = ["a rejected row of HR's data has their name or address"]
    if found:
        raise Declined(f"this user is not disposable: {'; '.join(found)}. Nothing was written")


def _admit(app: App, intake: Intake, profile: abc.Mapping[str, Any], team: str) -> _Patient:
    """The patient, with what must be known to put them back. Raises Declined for a team that is not disposable."""
    asking = app.target.probing(profile["Id"])
    if not team:
        return _Patient(asking=asking, profile=profile)
    names = team_names(asking.all_teams())
    found = [
        team_id
        for team_id, chain in names.items()
        if team_id == team or team_label(chain).casefold() == team.strip().casefold()
    ]
    if len(found) != 1:
        raise Declined(
            f"{len(found)} teams are named {team}; name one, with those above it: A > B. Nothing was written"
        )
    if team_key(names[found[0]]) in intake.managed.teams:
        raise Declined(f"team {team} is named by a rule, so it is not disposable. Nothing was written")
    return _Patient(
        asking=asking, profile=profile, team_id=found[0], teams=asking.teams(), has_paths=bool(asking.paths())
    )


def _begin(app: App, patient: _Patient, actor: str) -> int:
    original = {
        "profile": dict(patient.profile),
        "teams": sorted(patient.teams),
        "team_id": patient.team_id,
    }
    user_id = patient.asking.user_id
    with app.database.write() as conn:
        now = app.database.now(conn)
        begun = probes.begin(
            conn,
            app.account,
            user_id=user_id,
            username=str(patient.profile["UserName"]),
            original=original,
            actor=actor,
            now=now,
        )
        audit.record(conn, app.account, actor=actor, action="probe", object_=f"user {user_id}", now=now)
    return begun


def _ask_everything(app: App, patient: _Patient) -> None:
    """Each group of questions by itself: one that fails leaves its answers unknown. Raises Unauthorized."""
    for ask in (_ask_about_puts, _ask_about_names, _ask_about_teams):
        if not patient.unsettled and not app.stop.is_set():
            try:
                ask(app, patient)
            except Unauthorized:
                raise
            except LitmosError as error:
                patient.unsettled = isinstance(error, Uncertain)
                log.warning("probe_failed", what=ask.__name__, code=error.code, error=str(error))
    if patient.unsettled:
        app.stop.wait(app.settings.settle_delay)  # a late write must arrive before the one that restores


def _ask_about_puts(_app: App, patient: _Patient) -> None:
    asking = patient.asking
    asking.put(patient.profile, PROBE_TEXT)
    shown = asking.text()
    patient.answers[Question.HTML_ENTITIES] = contract.entities(PROBE_TEXT, shown)
    written_at = asking.put(patient.profile, None)
    if shown:
        patient.answers[Question.PUT_ABSENT] = contract.put_absent(shown, asking.text())
    if written_at is not None:
        updated = asking.updated(written_at)
        if updated is not None:
            patient.answers[Question.DATES] = contract.dates(written_at, *updated)


def _ask_about_names(_app: App, patient: _Patient) -> None:
    asking, username = patient.asking, str(patient.profile["UserName"])
    patient.answers[Question.USER_BY_NAME] = contract.YES[asking.answers_to_name(username)]
    documented = asking.paginated_as_documented(username)
    patient.answers[Question.USERS_PAGINATED] = "documented" if documented else "other"


def _ask_about_teams(app: App, patient: _Patient) -> None:
    """Only with a disposable team; and nobody with learning paths is deactivated, for those could be lost."""
    asking, team_id = patient.asking, patient.team_id
    if not team_id:
        return
    asking.join(team_id)
    if team_id not in asking.teams():
        return
    if not patient.has_paths:
        asking.put(patient.profile, _own_text(patient), active=False)
        patient.answers[Question.DEACTIVATION_KEEPS_TEAMS] = contract.YES[team_id in asking.teams()]
        asking.put(patient.profile, _own_text(patient))
    if team_id not in asking.teams():
        return
    asking.leave(team_id)
    with app.database.read() as conn:
        now = app.database.now(conn)
    patient.answers[Question.REMOVALS_REPORTED] = contract.YES[asking.removal_reported(team_id, now)]


def _keep(app: App, patient: _Patient) -> None:
    with app.database.write() as conn:
        answers = {question.value: answer for question, answer in patient.answers.items()}
        probes.save_answers(conn, app.account, answers, app.database.now(conn))


def _restore(app: App, patient: _Patient, probe_id: int) -> None:
    """Put the full record and the teams back, and read whether they are. Raises Uncertain if they are not, LitmosError."""
    failure = "the record differs from what it was"
    for attempt in range(RESTORING):
        try:
            if attempt:
                app.stop.wait(app.settings.settle_delay)
            _put_back(patient)
            if _is_as_found(patient):
                _close(app, patient, probe_id)
                return
        except LitmosError as error:
            failure = str(error)
            if isinstance(error, Permanent) and app.target.read_user(patient.asking.user_id) is None:
                _close(app, patient, probe_id)  # deleted by a person: there is nobody to restore
                return
            if isinstance(error, Permanent | Unauthorized):
                break
    raise Uncertain(
        f"the probed user could not be restored ({failure}). What they were is stored; restore them with: "
        f"syncd doctor --probe {patient.profile['UserName']}",
        code="PROBE-NOT-RESTORED",
    )


def _close(app: App, patient: _Patient, probe_id: int) -> None:
    with app.database.write() as conn:
        probes.restored(conn, probe_id, requests=patient.asking.requests, now=app.database.now(conn))


def _put_back(patient: _Patient) -> None:
    asking = patient.asking
    asking.put(patient.profile, _own_text(patient))
    if patient.team_id:
        there = asking.teams()
        for team_id in sorted(patient.teams - there):
            asking.join(team_id)
        if patient.team_id in there - patient.teams:
            asking.leave(patient.team_id)


def _is_as_found(patient: _Patient) -> bool:
    now = patient.asking.record()
    same = (
        normalise_profile(now) == normalise_profile(patient.profile)
        and now["Active"] == patient.profile["Active"]
    )
    return same and (not patient.team_id or patient.asking.teams() == patient.teams)


def _own_text(patient: _Patient) -> str:
    """What the probe's field held; "" for null, which a Litmos that merges might take for absent."""
    return str(patient.profile.get(PROBE_FIELD) or "")
