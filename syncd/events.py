"""Events: everything that syncd tells of itself, each declared here once. ``docs/events.md`` lists them.

A test holds the calls of the log, this table and the document together. Facts are ids, numbers, codes and times; what is a
sentence (TEXTS) may quote what Litmos or a source said, and is shown on pages only to who may see values.
"""

from dataclasses import dataclass
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that can happen: its facts, what it means, and what to do ("": nothing)."""

    name: str
    level: Level
    facts: tuple[str, ...]
    meaning: str
    todo: str = ""


def _of(name: str, level: Level, facts: str, meaning: str, todo: str = "") -> Event:
    return Event(name=name, level=level, facts=tuple(facts.split()), meaning=meaning, todo=todo)


BOUND = frozenset({"run_id", "job_id", "flow"})
"""Facts that every event has while a Run or a Job is at work, without being said."""
TEXTS = frozenset({"error", "reason", "note", "exception"})
"""Facts that are sentences."""

DAEMON = (
    _of("serving", "info", "port account database", "`syncd serve` is ready"),
    _of("stopping", "info", "", "it was asked to end; requests in flight are finished and recorded"),
    _of(
        "stopped",
        "info",
        "in_time",
        "it has ended; `in_time` says whether every thread did",
        "if not in time: nothing is lost, look for what kept it",
    ),
    _of("pages_not_served", "warning", "host reason", "health alone is served there", "set `web.auth`"),
    _of("metrics_served", "info", "host port", "metrics are served without authentication at this address"),
    _of(
        "page_failed",
        "error",
        "path error",
        "a page could not be made: a file or a secret is not usable, or syncd has a fault",
        "mend what `error` names; of a fault the lines around it tell more: `syncd support-bundle`",
    ),
    _of(
        "not_ready",
        "warning",
        "error",
        "/readyz was asked while the database did not answer",
        "see that the database runs and takes connections",
    ),
    _of(
        "store_unusable",
        "error",
        "error",
        "the database does not answer; everybody waits for it, nothing is lost",
        "see the database's own log; is its disk full?",
    ),
    _of(
        "schedule_event",
        "warning",
        "code schedule",
        "the scheduler was late, or failed to make a run",
        "if it repeats: is the machine overloaded?",
    ),
    _of(
        "slot_missed",
        "warning",
        "flow fired_at",
        "nobody served when a flow was due; its latest slot is made up for",
    ),
    _of(
        "slot_skipped",
        "warning",
        "flow slot reason run_id",
        "a flow was due while its last run had not ended",
        "a longer interval in `schedules`",
    ),
    _of(
        "pruned",
        "info",
        "removed",
        "what was older than `retention` says was removed",
    ),
    _of(
        "archive_not_pruned",
        "warning",
        "error",
        "kept inputs that are too old could not be removed",
        "mend what `error` names",
    ),
    _of(
        "events_not_stored",
        "warning",
        "number error",
        "events could not be put into the database; they are tried again",
    ),
    _of(
        "events_dropped",
        "warning",
        "number",
        "so many events are not in the database; they were written to the stream",
        "was the database unusable for long?",
    ),
    _of(
        "spans_not_sent",
        "warning",
        "number error",
        "the collector did not take spans; told once a minute at most. No sync waits for it",
        "`syncd doctor`; mend the collector or `telemetry.otlp`",
    ),
    _of(
        "spans_dropped",
        "warning",
        "number",
        "so many spans the collector has not got; runs and attempts are in the sync log all the same",
        "is the collector down, or slow?",
    ),
)
RUNS = (
    _of("run_queued", "info", "run_id flow slot", "a schedule made a run"),
    _of("run_started", "info", "run_id flow", "a run is at work"),
    _of("run_waits", "warning", "run_id flow reason", "another process plans; it is tried again"),
    _of("source_read", "info", "run_id source rows", "a source was read whole"),
    _of(
        "input_not_kept",
        "warning",
        "run_id source error",
        "what was read could not be kept in the archive; the run goes on",
        "mend what `error` names",
    ),
    _of(
        "refresh_read",
        "info",
        "run_id requests drift gone delta",
        "Litmos was read; `drift` values were not as last known",
    ),
    _of(
        "training_not_read",
        "warning",
        "run_id source error",
        "the rows of training of one source are not taken this time",
        "mend what `error` names",
    ),
    _of("modules_not_read", "warning", "run_id course error", "rows of training for this course wait"),
    _of(
        "plan_made",
        "info",
        "run_id state digest changes requests rejected unchanged holds",
        "a push is planned; `holds` are the limits that stop it",
    ),
    _of("revert_planned", "info", "run_id target state changes", "what takes a push back is planned"),
    _of(
        "run_held",
        "warning",
        "run_id flow codes expires_at",
        "a person must decide; nothing of what is held is sent",
        "`syncd runs show RUN`, then `syncd approve` or `reject`",
    ),
    _of("run_approved", "info", "run_id actor sent stale", "a person let go what was held, or a part of it"),
    _of("run_rejected", "info", "run_id actor changes", "a person cancelled what was held, or a part of it"),
    _of("run_cancelled", "info", "run_id actor jobs", "a person ended a run; `jobs` were not sent"),
    _of(
        "run_failed",
        "error",
        "run_id flow error",
        "a run failed",
        "`syncd runs show RUN` says why, and which changes",
    ),
    _of("run_crashed", "error", "run_id flow", "an unexpected error ended a run", "report it with the log"),
    _of(
        "run_ended",
        "info",
        "run_id flow state seconds requests changes",
        "the one line of each run that has ended: `changes` by outcome, `requests` of its jobs and of a refresh, `seconds` without those for which it waited for a person",
    ),
)
SENDING = (
    _of(
        "request_ended",
        "debug",
        "run_id job_id method endpoint status seconds",
        "one request to Litmos; status 0: no answer",
    ),
    _of(
        "slot_taken", "debug", "run_id job_id waited", "a slot of the window was taken after so many seconds"
    ),
    _of(
        "attempt_ended",
        "info",
        "run_id job_id kind outcome code http_status requests seconds waited done failed note",
        "the one line of each try of a job: `seconds` in all, of which `waited` for the limit; `done` and `failed` changes by what they do and to what (`create user`); `http_status` of the last answer",
    ),
    _of(
        "job_failed",
        "error",
        "run_id job_id kind code error attempts",
        "a job was given up; its changes failed",
        "`syncd why EMPLOYEE`; mend the data, or `syncd jobs retry JOB`",
    ),
    _of(
        "job_crashed",
        "error",
        "run_id job_id kind",
        "an unexpected error in a job; its outcome counts as unknown",
        "report it with the log",
    ),
    _of(
        "sender_crashed",
        "error",
        "",
        "an unexpected error between two jobs; the sender goes on",
        "report it with the log",
    ),
    _of(
        "lease_lost",
        "warning",
        "run_id job_id",
        "a job took so long that another process has it; nothing more of it is sent here",
    ),
    _of(
        "lease_lost_after_answer",
        "warning",
        "run_id job_id",
        "the same, after Litmos had answered; the other process settles it by reading",
    ),
    _of(
        "jobs_rescued",
        "warning",
        "number",
        "jobs whose process died were put back, or will be settled by reading",
    ),
    _of(
        "result_not_recorded_yet",
        "error",
        "run_id job_id error",
        "Litmos has answered, and the database does not take it; it is tried until it does",
        "see the database's own log",
    ),
    _of(
        "window_frozen",
        "warning",
        "reason seconds",
        "everybody waits for one window: Litmos answered 503, or several requests failed",
        "if often: `litmos.limit.reserve`",
    ),
    _of("window_not_frozen", "warning", "error", "the same, and the database could not be told"),
    _of(
        "slot_not_released",
        "warning",
        "error",
        "a slot of the window stays taken for its longest time, which is safe",
    ),
    _of(
        "key_refused",
        "error",
        "code",
        "Litmos refuses the key; the queue is paused whole, no job is spent",
        "put the right key in place",
    ),
    _of(
        "still_paused",
        "warning",
        "code error",
        "Litmos still refuses the key, or does not answer; it is asked once a minute",
        "put the right key in place",
    ),
    _of("queue_resumed", "info", "", "the key works again; the queue goes on"),
)
RESULTS = (
    _of("results_read", "info", "run_id new", "results were read from Litmos into the ledger"),
    _of("sink_delivered", "info", "run_id sink rows", "a sink has all that it is due"),
    _of(
        "sink_failed",
        "error",
        "run_id sink error",
        "a sink did not take what it is due; it stays in the outbox",
        "mend what `error` names; the next pull delivers it",
    ),
)
MESSAGES = (
    _of("messages_made", "info", "messages", "what is to be told was written down, one row for each channel"),
    _of("message_sent", "info", "channel kind occasion", "a channel took a message"),
    _of(
        "message_not_sent",
        "warning",
        "channel kind attempt error",
        "a channel did not take a message; it is tried again, ever more seldom",
        "if it lasts: `syncd messages test`",
    ),
    _of(
        "message_given_up",
        "warning",
        "channel kind attempt error",
        "a message was refused, or not taken for a day",
        "mend what `error` names, then `syncd messages test`",
    ),
    _of(
        "messages_not_handled",
        "error",
        "error",
        "the database or a file was not usable for messages; it is tried again",
        "mend what `error` names",
    ),
    _of(
        "messages_crashed",
        "error",
        "kind",
        "a fault in making messages; it is tried again",
        "please report it",
    ),
    _of(
        "channel_crashed",
        "error",
        "channel kind",
        "a fault in sending by a channel; it is tried again",
        "please report it",
    ),
    _of(
        "dead_man_not_reached",
        "warning",
        "error",
        "the outside watcher was not reached, and will raise its alarm if this lasts",
        "mend what `error` names",
    ),
)
PEOPLE = (
    _of("paused", "info", "actor classes", "a person stopped the queue, or classes of it"),
    _of("resumed", "info", "actor classes", "a person let it go on"),
    _of("jobs_retried", "info", "run_id actor number", "a person had discarded jobs tried again"),
    _of("case_decided", "info", "employee_id actor verdict", "a person decided who an employee is"),
    _of("case_undone", "info", "employee_id actor", "a person took such a decision back"),
    _of("adopted", "info", "rule claims dry_run", "what people made by hand was claimed for a rule"),
    _of(
        "sign_in_refused",
        "warning",
        "address reason",
        "a wrong name or password, or too many tries",
        "if often: who asks from there?",
    ),
    _of(
        "sign_in_failed",
        "warning",
        "address reason",
        "somebody came from the OpenID provider, or was to go there, and is not signed in",
        "`reason` says which: mend `web.auth`, or what the provider is set to",
    ),
    _of(
        "userinfo_failed",
        "warning",
        "reason",
        "the ID token left names or groups out, and the provider did not tell them either: somebody may have fewer roles",
        "let syncd reach the provider's userinfo, or have it put them into the ID token",
    ),
    _of("examined", "info", "requests states", "`syncd doctor` looked at everything"),
    _of("probed", "info", "user_id requests actor", "a probe settled open questions on a disposable user"),
    _of("probe_failed", "warning", "what code error", "one question of a probe stays open"),
)
GROUPS = {
    "The daemon": DAEMON,
    "Runs": RUNS,
    "Sending": SENDING,
    "Results": RESULTS,
    "Messages": MESSAGES,
    "People, and what they asked for": PEOPLE,
}
EVENTS = {event.name: event for group in GROUPS.values() for event in group}
"""Every event by its name."""
