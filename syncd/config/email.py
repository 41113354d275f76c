"""E-mail addresses, judged offline."""

from email_validator import EmailNotValidError, validate_email


def email_fault(text: str) -> str:
    """Why ``text`` is no e-mail address, as a clause; "" if it is one.

    Only the form is judged: no look-up is made, and domains that only a company knows (``.local``) are taken.
    """
    try:
        validate_email(text, check_deliverability=False, globally_deliverable=False, test_environment=True)
    except EmailNotValidError as error:
        return str(error).rstrip(".").replace("\n", " ")
    if "." not in text.rpartition("@")[2]:
        return "what follows the @-sign has no period"
    return ""
