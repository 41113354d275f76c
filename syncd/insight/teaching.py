"""Teaching: whether the sources of training that HR knows of can be read, for ``syncd doctor``; nothing is planned of it."""

from syncd.app import App
from syncd.core.finding import Finding, Health, count
from syncd.planning.training import read_training


def check_training(app: App) -> tuple[Finding, ...]:
    """A Finding for each source of training that cannot be read, and one for the rows of the others; none without training."""
    if not app.settings.training:
        return ()
    found = read_training(app)
    unread = [
        Finding(
            check="training",
            state=Health.PROBLEM,
            seen=problem,
            next="mend the source or `training:`; then: syncd doctor",
        )
        for problem in found.problems
    ]
    if len(unread) == len(app.settings.training):
        return tuple(unread)
    rows = count(len(found.evidence), "row")
    if not found.rejections:
        return (
            *unread,
            Finding(check="training", state=Health.OK, seen=f"{rows} to be recorded, if not done"),
        )
    refused = Finding(
        check="training",
        state=Health.WARNING,
        seen=f"{rows} to be recorded, if not done; {count(len(found.rejections), 'row')} rejected",
        next="syncd plan names them",
    )
    return (*unread, refused)
