"""Refusals: the ways in which a request is turned down."""


class Refusal(Exception):
    """Answered with ``status``, reason phrase ``detail`` and body ``{"Detail": detail}`` [REC for 409, assumed else]."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class BodyError(Exception):
    """A member that .NET can't deserialize: answered with 500 and the WCF "Request Error" page [REC]."""


def bad_body() -> Refusal:
    """400: the body is not what this call takes [SPEC]."""
    return Refusal(400, "Please check the xml/json in the body of the request.")
