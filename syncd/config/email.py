"""E-mail addresses, judged offline."""

from email_validator import EmailNotValidError, validate_email

INTERNAL = (".local", ".test")
"""Domains that are reserved on the Internet, and real inside a company or a rehearsal."""


def email_fault(text: str) -> str:
    """Why ``text`` is no e-mail address, as a clause; "" if it is one.

    Only the form is judged: no look-up is made, and INTERNAL domains are taken.
    """
    judged = f"{text}.com" if text.lower().endswith(INTERNAL) else text
    try:
        validate_email(judged, check_deliverability=False)
    except EmailNotValidError as error:
        return str(error).rstrip(".").replace("\n", " ")
    return ""
