"""The worker: claim -> apply -> record. One thread, one Job at a time.

A worker takes a slot of the rolling window first and claims a Job only then, so that nothing sits leased while it
waits. What Litmos answered is recorded in one transaction: Attempt, Job, Changes, mirror, Link, grants.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from sqlalchemy import Connection

from syncd.core.import_cost import PATIENCE
from syncd.core.operation import Effects, Interrupted
from syncd.core.protection import PROTECTED, Protection
from syncd.core.request import JobClass, RequestKind
from syncd.core.retry import Verdict, backoff, crashed, decide
from syncd.errors import LitmosError, Permanent, StoreError, Transient
from syncd.failpoint import reach
from syncd.litmos.target import Target
from syncd.log import bound, get_logger
from syncd.sending.attempted import tell_attempt
from syncd.sending.discarding import discard
from syncd.sending.endings import ending
from syncd.sending.errand import Bearings, Errand, resolve
from syncd.sending.exchanging import Gathered
from syncd.sending.granting import keep_ledger
from syncd.sending.hand import HandedGate
from syncd.sending.importing import own_values, write_pending, write_settled
from syncd.sending.recording import note_recorded
from syncd.store import aside, changes, exchanges, imports, jobs, links, queue, runs, ties
from syncd.store.database import Database
from syncd.store.effects import apply_effects
from syncd.store.queue import Job, LostLeaseError

log = get_logger(__name__)

SETTLE_READS = 2
"""How many reads must miss a created user or team before it counts as absent: a late request may still arrive."""
FAIR = 8
"""One claim in so many goes to the classes in turn: a large push of one kind does not make all others wait for its end."""
BREAKER = 5
"""So many Transient failures in a row freeze all senders for one window."""
OUTCOMES = {Verdict.DISCARD: "discarded", Verdict.SETTLE: "uncertain"}
"""What a try ended as that failed; any other verdict tries again."""
Known = TypeVar("Known")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSettings:
    """``lease`` seconds outlast any request and the wait for its slot; ``settle_delay`` seconds a late arrival.

    ``import_patience`` seconds are what a bulk import may take; ``link_field`` is the profile field with the employee id;
    ``protection`` says which users are never changed; ``keeps_exchanges`` whether what is sent and answered is kept, with the
    values of ``sensitive`` Litmos fields masked.
    """

    account: str
    lease: float = 180.0
    settle_delay: float = 30.0
    max_attempts: int = 8
    idle: float = 0.5
    import_patience: float = PATIENCE
    link_field: str = "ExternalEmployeeId"
    protection: Protection = field(default_factory=Protection)
    keeps_exchanges: bool = True
    sensitive: frozenset[str] = frozenset()


def turn_of(claims: int) -> JobClass | None:
    """Whose turn it is after so many claims of a sender: now and then a class that is not the most urgent one."""
    rounds, place = divmod(claims, FAIR)
    classes = tuple(JobClass)
    return classes[rounds % len(classes)] if place == FAIR - 1 else None


@dataclass(frozen=True, slots=True)
class JobWatch:
    """Renews the Job's lease before each request and commits ``sent_at`` before each write."""

    database: Database
    job: Job
    lease: float

    def before_send(self, *, write: bool) -> None:
        """Raises LostLeaseError, and nothing is sent, if the Job is no longer ours."""
        with self.database.write() as conn:
            queue.touch(conn, self.job, self.lease, sending=write, now=self.database.now(conn))


@dataclass(slots=True)
class Worker:
    """One sender. ``run_once`` is the program; ``run`` only repeats it until ``stop``."""

    database: Database
    target: Target
    gate: HandedGate
    settings: WorkSettings
    owner: str
    stop: threading.Event
    jitter: Callable[[], float] = random.random
    _failures: int = field(default=0, init=False)
    _claims: int = field(default=0, init=False)
    _gathered: Gathered = field(default_factory=Gathered, init=False)
    _began: float = field(default=0.0, init=False)

    def run(self) -> None:
        """Work until ``stop`` is set; an unusable database is waited for, never a reason to end."""
        while not self.stop.is_set():
            try:
                if not self.run_once():
                    self.stop.wait(self.settings.idle)
            except Interrupted:
                return
            except StoreError as error:
                log.error("store_unusable", error=str(error))
                self.stop.wait(5.0)
            except Exception:
                log.exception("sender_crashed")
                self.stop.wait(1.0)

    def run_once(self) -> bool:
        """Do one Job if one is due; False if there was none."""
        with self.database.read() as conn:
            if not queue.has_due(conn, self.settings.account, self.database.now(conn)):
                return False
        asked_at = time.monotonic()
        self.gate.waited()
        self.gate.take()
        waited = time.monotonic() - asked_at
        try:
            with self.database.write() as conn:
                job = queue.claim(
                    conn,
                    self.settings.account,
                    self.owner,
                    self.settings.lease,
                    self.database.now(conn),
                    turn_of=turn_of(self._claims),
                )
            if job is None:
                return False
            self._claims += 1
            keeps = self.settings.keeps_exchanges
            self._gathered = Gathered(sensitive=self.settings.sensitive, waited=waited, keeps=keeps)
            with bound(run_id=job.run_id, job_id=job.id):
                self._work(job)
            return True
        finally:
            self.gate.put_back()

    def _work(self, job: Job) -> None:
        watch = JobWatch(self.database, job, self.settings.lease)
        self._began = time.monotonic()
        try:
            errand, began_at = self._resolve(job)
            effects = self._carry_out(job, errand, watch)
        except Interrupted:
            self._give_back(job)
            raise
        except StoreError:
            self._give_back(job)
            raise
        except LostLeaseError:
            log.warning("lease_lost")
        except LitmosError as error:
            self._failed(job, error)
        except Exception as error:
            log.exception("job_crashed", kind=job.kind)
            self._failed(job, crashed(error, settling=job.settling))
        else:
            if effects is None:
                self._absent(job)
            elif effects.pending:
                self._failures = 0
                self._pending(job, effects, began_at)
            else:
                self._failures = 0
                self._succeeded(job, errand, effects, began_at)

    def _give_back(self, job: Job) -> None:
        self._record(lambda conn: queue.give_back(conn, job, self.database.now(conn)))

    def _resolve(self, job: Job) -> tuple[Errand, datetime]:
        with self.database.read() as conn:
            now = self.database.now(conn)
            bearings = Bearings(
                job=job,
                import_patience=self.settings.import_patience,
                link_field=self.settings.link_field,
                protection=self.settings.protection,
                account=self.settings.account,
                now=now,
                run_started_at=runs.started_at(conn, job.run_id),
            )
            return resolve(conn, job, bearings), now

    def _carry_out(self, job: Job, errand: Errand, watch: JobWatch) -> Effects | None:
        """Apply, or settle what is uncertain; None if settling proved that nothing was applied."""
        if errand.operation is None:
            return Effects(note=errand.note)
        if job.settling:
            return self.target.settle(errand.operation, watch=watch, recorder=self._gathered)
        return self.target.apply(errand.operation, watch=watch, recorder=self._gathered)

    def _tell(self, job: Job, outcome: str, **facts: Any) -> None:
        took = time.monotonic() - self._began
        tell_attempt(job, outcome, seconds=took, waited=self.gate.waited(), **facts)

    def _succeeded(self, job: Job, errand: Errand, effects: Effects, began_at: datetime) -> None:
        reach("answered-uncommitted")
        became = self._log_attempt(
            job, lambda conn: self._write_success(conn, job, errand, effects, began_at)
        )
        reach("committed")
        if became is not None:
            done, failed = became
            requests, note, status = effects.requests, effects.note, self._gathered.status
            self._tell(
                job, "completed", requests=requests, done=done, failed=failed, note=note, status=status
            )

    def _pending(self, job: Job, effects: Effects, began_at: datetime) -> None:
        """Litmos has taken an import, and will apply it."""
        reach("answered-uncommitted")

        def write(conn: Connection) -> None:
            now = self.database.now(conn)
            delay, status = self.settings.settle_delay, self._gathered.status
            write_pending(conn, job, effects, delay=delay, status=status, now=now)
            self._reflect(conn, job, effects, began_at, now)

        self._log_attempt(job, write)
        reach("committed")
        requests, note, status = effects.requests, f"import {effects.import_id}", self._gathered.status
        self._tell(job, "pending", requests=requests, note=note, status=status)

    def _write_success(
        self, conn: Connection, job: Job, errand: Errand, effects: Effects, began_at: datetime
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Record what Litmos did; the Changes that are done, and those that failed (``changes.end``)."""
        account, now, failed = self.settings.account, self.database.now(conn), {}
        lost = job.changes if errand.lost == ("*",) else errand.lost
        if lost:
            why = (
                errand.note
                or "the user or the team that it needs is not in Litmos; see why its create failed"
            )
            failed = changes.end(conn, job.run_id, lost, "failed", code="PARENT-FAILED", message=why, now=now)
        note = "; ".join(dict.fromkeys(filter(None, (effects.note, errand.note))))
        status = self._gathered.status
        queue.complete(conn, job, requests=effects.requests, note=note, status=status, now=now)
        for key, text in errand.refused.items():
            failed |= changes.end(conn, job.run_id, [key], "failed", code=PROTECTED, message=text, now=now)
        failed |= write_settled(conn, account, job, effects, now)
        others = [key for key in job.changes if key not in failed]
        done = changes.end(conn, job.run_id, others, "done", message=note, now=now)
        if job.payload.get("node"):
            ties.save(conn, account, {tuple(job.payload["node"]): team.id for team in effects.teams}, now)
        self._reflect(conn, job, effects, began_at, now)
        if job.kind == RequestKind.PUT_USER:
            aside.after_put(conn, account, job.payload, now)
        if job.kind == RequestKind.CREATE_USER and effects.profiles:
            links.save(
                conn, account, job.payload["employee_id"], str(effects.profiles[0]["Id"]), "create", now
            )
        keep_ledger(conn, account, job, errand, effects, now)
        if not lost:
            note_recorded(conn, account, job, effects, now)
        runs.finish_if_done(conn, job.run_id, now)
        return done, failed

    def _reflect(
        self, conn: Connection, job: Job, effects: Effects, began_at: datetime, now: datetime
    ) -> None:
        """Move the mirror; what a reading shows that no import of ours has set is drift."""
        account = self.settings.account
        ours = own_values(conn, account, job)
        apply_effects(conn, account, effects, began_at=began_at, now=now, run_id=job.run_id, ours=ours)

    def _absent(self, job: Job) -> None:
        """Settling read Litmos and proved that nothing was applied (perhaps: not yet)."""
        creates = job.kind in {RequestKind.CREATE_USER, RequestKind.CREATE_TEAM, RequestKind.IMPORT_USERS}
        again = creates and job.settle_reads + 1 < SETTLE_READS

        gone = Permanent("its outcome was unknown each time", code="GAVE-UP")
        delay = self.settings.settle_delay

        def write(conn: Connection) -> dict[str, str]:
            account, now = self.settings.account, self.database.now(conn)
            if again:
                queue.uncertain(conn, job, delay=delay, code="ABSENT-ONCE", error="", now=now, read=True)
            elif job.attempts >= self.settings.max_attempts:
                return discard(conn, account, job, gone, now)
            else:
                imports.end(conn, account, job.id, now, late=False)
                queue.retry(conn, job, delay=0.0, code="SETTLED-ABSENT", error="", now=now, counts=False)
            return {}

        failed = self._log_attempt(job, write)
        if again:
            self._tell(job, "uncertain", code="ABSENT-ONCE")
        elif job.attempts >= self.settings.max_attempts:
            self._tell(job, "discarded", code=gone.code, error=str(gone), failed=failed)
        else:
            self._tell(job, "retry", code="SETTLED-ABSENT")

    def _failed(self, job: Job, error: LitmosError) -> None:
        decision = decide(
            error,
            attempts=job.attempts,
            max_attempts=self.settings.max_attempts,
            settle_delay=self.settings.settle_delay,
            jitter=self.jitter(),
        )
        pauses = decision.verdict is Verdict.PAUSE
        outage = error.status == HTTPStatus.SERVICE_UNAVAILABLE
        counts = decision.counts and not outage  # it is no fault of the Job's
        verdict = decision.verdict
        if job.settling and not isinstance(error, Permanent):
            verdict = Verdict.SETTLE  # the read failed, for whatever reason: as uncertain as it was
        code, text, status = error.code, str(error), error.status
        failed: dict[str, str] = {}

        def write(conn: Connection) -> bool:
            account, now = self.settings.account, self.database.now(conn)
            if verdict is Verdict.DISCARD:
                failed.update(discard(conn, account, job, error, now))
            elif verdict is Verdict.SETTLE:
                delay = 0.0 if pauses else decision.delay or backoff(job.attempts, self.jitter())
                queue.uncertain(
                    conn, job, delay=delay, code=code, error=text, status=status, now=now, counts=counts
                )
            else:
                delay = decision.delay
                queue.retry(
                    conn, job, delay=delay, code=code, error=text, status=status, now=now, counts=counts
                )
            return pauses and jobs.pause(conn, account, code=code, reason=text, now=now)

        if self._log_attempt(job, write):
            log.error("key_refused", code=code)
        outcome = OUTCOMES.get(verdict, "retry")
        self._tell(job, outcome, code=code, error=text, status=status, failed=failed)
        self._count_failure(error)

    def _count_failure(self, error: LitmosError) -> None:
        if not isinstance(error, Transient):
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= BREAKER:
            self._failures = 0
            self.gate.freeze(f"{BREAKER} failures in a row: {error.code}")

    def _log_attempt(self, job: Job, write: Callable[[Connection], Known]) -> Known | None:
        """Record the end of an Attempt, with what was sent and answered in it; returns what ``_record`` does."""

        def both(conn: Connection) -> Known:
            known = write(conn)
            exchanges.save(conn, job.id, self._gathered.made)
            return known

        return self._record(both)

    def _record(self, write: Callable[[Connection], Known]) -> Known | None:
        """Commit, however long the database is unusable; give up only when stopping (the lease then expires).

        Returns what ``write`` does; None if the Job is another's by now.
        """
        wait = 0.05
        while True:
            try:
                with ending(self.database, self.settings.account) as conn:
                    known = write(conn)
            except LostLeaseError:
                log.warning("lease_lost_after_answer")
                return None
            except StoreError as error:
                log.error("result_not_recorded_yet", error=str(error))
                if self.stop.wait(wait):
                    raise
                wait = min(2.0, wait * 4)
            else:
                return known
