"""The one table of what the pages answer to: each with the least role that may ask, and what it is for.

Access, the twins and the OpenAPI document come from here; a test asks each as each role.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from starlette.convertors import Convertor, register_url_convertor

from syncd.core.filters import MARK, MOMENT, NUMBER, PLACE_BY_DAY, PLACE_BY_SOURCE, TEXT, Filter
from syncd.web import (
    changepages,
    configpages,
    eventpages,
    overview,
    peoplepages,
    plans,
    queuepages,
    resultpages,
    runpages,
    troublepages,
)
from syncd.web.filtering import DAYS, KEYED, PAGED
from syncd.web.roles import Role
from syncd.web.site import Handler


class _Id(Convertor[int]):
    """The number of a run or a change in a path, as many digits as there are of them: no number is too long for the database."""

    regex = "[0-9]{1,9}"

    def convert(self, value: str) -> int:
        """The number itself."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Its digits."""
        return str(value)


register_url_convertor("id", _Id())


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Something to look at: GET, which changes nothing; with ``.json`` and ``.csv`` twins. ``query`` is what it filters by."""

    path: str
    role: Role
    handler: Handler
    summary: str
    query: Mapping[str, Filter] = field(default_factory=dict, hash=False)

    @property
    def twins(self) -> tuple[str, str]:
        """The paths of the same in JSON and CSV."""
        base = "/overview" if self.path == "/" else self.path
        return f"{base}.json", f"{base}.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something to do: POST with a form. Where it cannot be done, ``back`` is the page that says so."""

    path: str
    role: Role
    handler: Handler
    summary: str
    form: tuple[str, ...] = ()
    back: str


V, O, A, ADMIN = Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN  # noqa: E741 - a table reads best narrow

PAGES = (
    Page(path="/", role=V, handler=overview.index, summary="Whether all is well"),
    Page(
        path="/runs",
        role=V,
        handler=runpages.listed,
        summary="Runs, newest first",
        query={**runpages.FILTERS, **PAGED},
    ),
    Page(
        path="/runs/{run_id:id}/events",
        role=V,
        handler=eventpages.of_run,
        summary="What happened in a run",
        query={**eventpages.FILTERS, **PAGED},
    ),
    Page(path="/runs/{run_id:id}/plan", role=V, handler=plans.plan, summary="What a run holds", query=PAGED),
    Page(
        path="/runs/{run_id:id}/compare",
        role=V,
        handler=runpages.compare,
        summary="One run beside another of its flow",
        query={"with": NUMBER},
    ),
    Page(path="/runs/{run_id:id}", role=V, handler=runpages.one, summary="One run"),
    Page(
        path="/changes",
        role=V,
        handler=changepages.listed,
        summary="Changes of all runs, newest first",
        query={"run": NUMBER, **changepages.FILTERS, "open": MARK, **DAYS, **PAGED},
    ),
    Page(path="/changes/{change_id:id}", role=V, handler=changepages.one, summary="One change, its attempts"),
    Page(
        path="/employees",
        role=V,
        handler=peoplepages.listed,
        summary="Employees whose name, id, UserName or e-mail address begins with a text",
        query={"q": TEXT, "open": MARK, **KEYED},
    ),
    Page(
        path="/employees/{employee_id:path}/why",
        role=O,
        handler=peoplepages.explained,
        summary="Why an employee is as they are",
        query={"about": TEXT},
    ),
    Page(
        path="/employees/{employee_id:path}/preview",
        role=O,
        handler=peoplepages.previewed,
        summary="What the mapping makes of an employee now, step by step",
    ),
    Page(
        path="/employees/{employee_id:path}",
        role=V,
        handler=peoplepages.one,
        summary="One employee: HR, what was synced, Litmos",
    ),
    Page(
        path="/starters",
        role=V,
        handler=peoplepages.beginning,
        summary="Who begins soon, and whether all is ready for them",
        query={"days": NUMBER, "limit": NUMBER, "after": PLACE_BY_DAY},
    ),
    Page(path="/problems", role=V, handler=troublepages.problems, summary="What failed, by code"),
    Page(
        path="/quarantine",
        role=V,
        handler=troublepages.quarantine,
        summary="Employees whose HR row is rejected",
        query={"code": TEXT, "limit": NUMBER, "after": PLACE_BY_SOURCE},
    ),
    Page(
        path="/cases",
        role=V,
        handler=troublepages.case_list,
        summary="Employees whom matching could not place",
        query={**troublepages.CASE_FILTERS, **KEYED},
    ),
    Page(path="/cases/{employee_id:path}", role=V, handler=troublepages.one_case, summary="One case"),
    Page(
        path="/queue", role=V, handler=queuepages.queue, summary="What waits to be sent, and what is paused"
    ),
    Page(
        path="/results",
        role=O,
        handler=resultpages.listed,
        summary="Results as they hold today, and what each sink has of them",
        query={**resultpages.FILTERS, "since": MOMENT, **PAGED},
    ),
    Page(path="/config", role=O, handler=configpages.shown, summary="The configuration in force"),
    Page(
        path="/audit",
        role=ADMIN,
        handler=queuepages.trail,
        summary="What people did",
        query={"actor": TEXT, "action": TEXT, **PAGED},
    ),
)
CHOICE = ("only", "employees", "fields")
DEEDS = (
    Deed(
        path="/runs/{run_id:id}/approve",
        role=A,
        handler=plans.approve_held,
        summary="Approve what a run holds, or a part",
        form=("digest", "confirm", *CHOICE),
        back="/runs/{run_id}/plan",
    ),
    Deed(
        path="/runs/{run_id:id}/reject",
        role=A,
        handler=plans.reject_held,
        summary="Reject what a run holds, or a part",
        form=("reason", *CHOICE),
        back="/runs/{run_id}/plan",
    ),
    Deed(
        path="/runs/{run_id:id}/cancel",
        role=O,
        handler=runpages.end,
        summary="End a run: what was not sent is not sent",
        back="/runs/{run_id}",
    ),
    Deed(
        path="/employees/{employee_id:path}/sync",
        role=O,
        handler=peoplepages.sync_now,
        summary="Push one employee now, and nobody else",
        back="/employees/{employee_id}",
    ),
    Deed(
        path="/retry",
        role=O,
        handler=troublepages.try_again,
        summary="Try discarded jobs again: those that are named, or all of a run",
        form=("job", "run", "change"),
        back="/problems",
    ),
    Deed(
        path="/cases/{employee_id:path}/decide",
        role=A,
        handler=troublepages.decide,
        summary="Decide who an employee is: link:USER, create, ignore, undo",
        form=("verdict",),
        back="/cases/{employee_id}",
    ),
    Deed(
        path="/queue/pause",
        role=O,
        handler=queuepages.stop,
        summary="Send nothing more, or nothing of a class",
        form=("class", "reason"),
        back="/queue",
    ),
    Deed(
        path="/queue/resume",
        role=O,
        handler=queuepages.go_on,
        summary="Send again what was paused",
        form=("class",),
        back="/queue",
    ),
)
OPEN = ("/healthz", "/readyz", "/login", "/login/start", "/login/callback", "/logout", "/static/{name}")
"""What is asked for by nobody in particular: health, the way in and out, the style sheet."""
OPENAPI, METRICS = "/openapi.json", "/metrics"
"""For whoever may see anything."""


def rules() -> Iterator[tuple[str, str, Role, Page | Deed]]:
    """Every method and path with the least role, the twins included."""
    for page in PAGES:
        for path in (page.path, *page.twins):
            yield "GET", path, page.role, page
    for deed in DEEDS:
        yield "POST", deed.path, deed.role, deed
