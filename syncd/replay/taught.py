"""Taught: what the rows of training say that were kept of a Run, as today's configuration reads them."""

from dataclasses import replace

from syncd.app import App
from syncd.planning.training import Training, read_training


def training_of(then: App, run_id: int) -> Training:
    """What its kept sources of training say; a problem tells of which sources none are kept of the Run."""
    asked_for = then.settings.training
    rules = tuple(rule for rule in asked_for if rule.source in then.training_sources)
    lacking = [rule.source for rule in asked_for if rule not in rules]
    found = read_training(replace(then, settings=replace(then.settings, training=rules)))
    if not lacking:
        return found
    said = f"no input of {', '.join(lacking)} is kept of run {run_id}: nothing of that is planned"
    return replace(found, problems=(*found.problems, said))
