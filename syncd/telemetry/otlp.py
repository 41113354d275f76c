"""OTLP: Spans as the bytes that OpenTelemetry's protocol has for them. The only user of its message classes."""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

from syncd.errors import ConfigError, Fault
from syncd.telemetry.spans import Attributes, Span

CONTENT_TYPE = "application/x-protobuf"
SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
"""The version of the semantic conventions whose names the attributes have."""


def need_opentelemetry() -> None:
    """Raises ConfigError, with what to install, if the message classes are not there; imports none of them."""
    try:
        there = find_spec("opentelemetry.proto") is not None
    except ImportError:
        there = False
    if not there:
        message = 'needs the package opentelemetry-proto: pip install "syncd[otel]"'
        raise ConfigError([Fault(where="telemetry", key="telemetry.otlp", message=message)])


def encoded(spans: Iterable[Span], resource: Attributes, *, version: str) -> bytes:
    """One request of the trace service; ``resource`` says who sends it, ``version`` which syncd. Without spans: an empty one."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1 import trace_pb2

    request = ExportTraceServiceRequest()
    several = list(spans)
    if not several:
        return bytes(request.SerializeToString())
    of_resource = request.resource_spans.add(schema_url=SCHEMA)
    _fill(of_resource.resource.attributes, resource)
    of_scope = of_resource.scope_spans.add(schema_url=SCHEMA)
    of_scope.scope.name, of_scope.scope.version = "syncd", version
    for one in several:
        kinds = trace_pb2.Span.SpanKind
        made = of_scope.spans.add(
            trace_id=one.trace_id,
            span_id=one.span_id,
            parent_span_id=one.parent_id,
            name=one.name,
            kind=kinds.SPAN_KIND_CLIENT if one.client else kinds.SPAN_KIND_INTERNAL,
            start_time_unix_nano=one.begins,
            end_time_unix_nano=one.ends,
        )
        _fill(made.attributes, one.attributes)
        if one.failed:
            made.status.code = trace_pb2.Status.StatusCode.STATUS_CODE_ERROR
        for note in one.notes:
            event = made.events.add(name=note.name, time_unix_nano=note.at)
            _fill(event.attributes, note.attributes)
    return bytes(request.SerializeToString())


def _fill(target: Any, attributes: Attributes) -> None:
    """Add attributes to a message that has some."""
    for key, value in attributes.items():
        found = target.add(key=key).value
        match value:
            case bool():
                found.bool_value = value
            case int():
                found.int_value = value
            case float():
                found.double_value = value
            case _:
                found.string_value = value


def refused(answer: bytes) -> int:
    """How many spans the collector did not take although it answered 200."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        return int(ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans)
    except DecodeError:
        return 0  # it answered otherwise than asked, and took them
