"""Routes of bulk imports (litmos-api 4.2)."""

from typing import Any

from syncd.sandbox.bulk import LARGEST, MEMBERS, submit
from syncd.sandbox.call import Call, Contract, Reply, Route, listed, single
from syncd.sandbox.entities import BulkImport
from syncd.sandbox.paging import page
from syncd.sandbox.refusal import Refusal, bad_body
from syncd.sandbox.world import World

USER_IMPORTS = Contract(root="UserImports", item="UserImport", members=MEMBERS)


def _view(world: World, job: BulkImport) -> dict[str, Any]:
    """A job; what Duplicate counts is unclear: users that existed and were updated, here (GUESS)."""
    return {
        "Id": job.id,
        "ImportDate": job.imported_at,
        "Status": world.modes.import_end if job.done else "Waiting",
        "TotalRecords": len(job.rows),
        "TotalUsersCreated": job.created,
        "Failed": len(job.errors),
        "Duplicate": job.updated,
        "InvalidEmail": job.invalid_email,
        "SendEmails": job.send_emails,
        "SkipFirstLogin": job.skip_first_login,
        "IsAPIImport": True,
    }


def _post(world: World, call: Call) -> Reply:
    """200 and the waiting job [DOC]; messages go out unless ``sendmessage=false`` (litmos-api 4.2, traps)."""
    if call.size > LARGEST:
        raise Refusal(400, "The maximum size of a bulk import is 2000 KB.")
    rows = call.items(USER_IMPORTS)
    if not rows:
        raise bad_body()
    quiet = call.query.get("sendmessage", "").lower() == "false"
    job = submit(world, rows, send_emails=not quiet, skip_first_login=call.flag("skipfirstlogin"))
    return single("UserBulkImport", _view(world, job))


def _list(world: World, call: Call) -> Reply:
    newest_first = list(reversed(world.imports.values()))[:1000]
    return listed(
        "UserBulkImports", "UserBulkImport", [_view(world, job) for job in page(world, call, newest_first)]
    )


def _get(world: World, call: Call) -> Reply:
    return single("UserBulkImport", _view(world, _job(world, call)))


def _errors(world: World, call: Call) -> Reply:
    key = "ImporStatus" if world.modes.other_names else "ImportStatus"
    rows = [{"Username": username, key: status} for username, status in _job(world, call).errors]
    return listed("UserErrors", "UserError", page(world, call, rows))


def _job(world: World, call: Call) -> BulkImport:
    job = world.imports.get(call.args[0])
    if job is None:
        raise Refusal(400, "Bulk Import Id was not found.")
    return job


ROUTES = (
    Route("POST", "/bulkimports", _post),
    Route("GET", "/bulkimports", _list),
    Route("GET", "/bulkimports/{}", _get),
    Route("GET", "/bulkimports/{}/usererrors", _errors),
)
