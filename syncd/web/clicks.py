"""Clicks: a command that a message names, as the page that says or does the same. In JSON the command stays as it is."""

import re
from urllib.parse import quote

from markupsafe import Markup, escape

_ID = r"(\S*[^\s.,;:)])"
_ALONE = r"(?! --| (?:show|diff|resolve)\b)"
"""Not half of a command that no page does."""
COMMANDS = (
    (rf"syncd why {_ID}", "/employees/{}/why", "why {} is as they are"),
    (rf"syncd preview {_ID}", "/employees/{}/preview", "the preview of {}"),
    (rf"syncd employees show {_ID}", "/employees/{}", "employee {}"),
    (rf"syncd push --only {_ID}", "/employees/{}", "employee {}, Sync now"),
    (rf"syncd cases show {_ID}", "/cases/{}", "the case of {}"),
    (rf"syncd cases resolve {_ID} --undo", "/cases/{}", "the case of {}"),
    (r"syncd runs show (\d+)", "/runs/{}", "run {}"),
    (rf"syncd changes --employee {_ID}", "/changes?employee_id={}", "the changes of {}"),
    (r"syncd jobs --run (\d+)", "/runs/{}", "run {}"),
    (r"syncd runs --state (\w+)", "/runs?state={}", "Runs"),
    (rf"syncd cases{_ALONE}", "/cases", "Cases"),
    (rf"syncd runs{_ALONE}", "/runs", "Runs"),
    (rf"syncd quarantine{_ALONE}", "/quarantine", "Quarantine"),
    (rf"syncd status{_ALONE}", "/", "the overview"),
    (r"syncd config show", "/config", "Configuration"),
)
"""A command with what it names, the page, and what the page is called; the longer ones first."""
_ANY = re.compile("|".join(f"(?:{command})(?![\\w-])" for command, _to, _called in COMMANDS))


def linked(text: object) -> Markup:
    """A message with links in the place of the commands that a page is there for; all else is escaped."""
    told, end, said = [], 0, str(text)
    for found in _ANY.finditer(said):
        told += [escape(said[end : found.start()]), _link(found[0])]
        end = found.end()
    return Markup().join([*told, escape(said[end:])])


def _link(command: str) -> Markup:
    for pattern, to, called in COMMANDS:
        if match := re.fullmatch(pattern, command):
            what = match.groups()
            address = to.format(*(quote(one, safe="") for one in what))
            return Markup('<a href="{}" title="{}">{}</a>').format(address, command, called.format(*what))
    raise AssertionError(command)
