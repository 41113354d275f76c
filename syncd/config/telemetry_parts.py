"""The shape of ``telemetry``: where traces of runs go. Durations are seconds."""

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from syncd.config.kinds import FilePath, Flag, Part, Seconds, SecretText, Text
from syncd.http.links import link_fault

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS = frozenset(
    {"host", "content-type", "content-length", "content-encoding", "transfer-encoding", "connection"}
)


class OtlpPart(Part):
    """An OpenTelemetry collector, or whatever takes OTLP over HTTP (syncd[otel])."""

    endpoint: Text
    """Its address, such as https://collector.example.com:4318, below which it takes /v1/traces; https, but for loopback."""
    headers: dict[str, SecretText] = Field(default={})
    """What proves who sends, by name: {Authorization: "${file:/run/secrets/otlp_authorization}"}; read again each time."""
    service_name: Annotated[Text, Field(min_length=1, max_length=100)] = "syncd"
    """What this syncd is called there."""
    timeout: Annotated[Seconds, Field(ge=1, le=60)] = 10.0
    """The longest that one request may take."""
    allow_private: Flag = False
    """true: the address may be one of a private network."""
    ca_file: FilePath | None = None
    """Certificate authorities to trust besides the usual ones (PEM)."""

    @field_validator("endpoint")
    @classmethod
    def _reachable(cls, value: str) -> str:
        if problem := link_fault(value):
            raise ValueError(problem)
        if "?" in value:
            raise ValueError("must have no query; what is secret goes into headers")
        return value

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for name in self.headers:
            if not _HEADER.fullmatch(name):
                raise ValueError(f"headers: {name!r} is no name of a header")
            if name.lower() in _OURS:
                raise ValueError(f"headers: {name} is set by syncd itself")
        return self


class TelemetrySettings(Part):
    """Traces of runs for OpenTelemetry. They name nobody."""

    otlp: OtlpPart | None = None
    """Where they go; null: nowhere, whatever OTEL_... variables say."""
