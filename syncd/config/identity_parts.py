"""Identity parts: the shape of what says who is who, and who is never touched, as written."""

from pydantic import Field

from syncd.config.kinds import Part, Text, Texts, When


class PreferencePart(Part):
    """One rule by which one employment is preferred to another: exactly one of when, latest, highest."""

    when: When | None = None
    """Rows for which this holds come before the others."""
    latest: Text | None = None
    """The column with the date; the later one comes first."""
    form: Text = Field(default="%Y-%m-%d", alias="format")
    """The format of that date."""
    highest: Text | None = None
    """The column with the number; the greater one comes first."""


class EmploymentsPart(Part):
    """Several rows of one person: employments. Without this, rows that share an id reject each other."""

    primary: tuple[PreferencePart, ...] = ()
    """By what the primary one is chosen, in order, after the status: one that is active comes before one that has ended."""


class ProtectedPart(Part):
    """Users that are never touched, whatever HR says."""

    access_levels: Texts = ("Account_Owner", "Administrator")
    """By access level."""
    usernames: Texts = ()
    """By username, but for case; * stands for any text: svc-*."""
    brands: Texts = ()
    """By brand, but for case."""
    user_ids: Texts = ()
    """By Litmos id."""
