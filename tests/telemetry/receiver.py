"""A collector as its receiver is seen: OTLP over HTTP on loopback, decoded with OpenTelemetry's own message classes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.sources.https_server import Asked, HttpServer, Said


def taken(refused: int = 0) -> Said:
    """The answer to what was taken, but for so many spans."""
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = refused
    return Said(body=answer.SerializeToString(), headers=(("Content-Type", "application/x-protobuf"),))


def values(attributes: Sequence[KeyValue]) -> dict[str, object]:
    """Attributes as a mapping."""
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in attributes}


class Receiver:
    """Takes whatever comes, or answers as ``answer`` says."""

    def __init__(
        self, answer: Callable[[Asked], Said] = lambda _: taken(), certificate: Path | None = None
    ) -> None:
        self._server = HttpServer(answer, certificate)
        self.link = self._server.link
        self.asked = self._server.asked

    @property
    def requests(self) -> list[ExportTraceServiceRequest]:
        """What came, decoded."""
        return [ExportTraceServiceRequest.FromString(one.body) for one in self.asked]

    @property
    def resources(self) -> list[dict[str, object]]:
        """Who sent it."""
        return [values(of.resource.attributes) for one in self.requests for of in one.resource_spans]

    @property
    def spans(self) -> list[Span]:
        """Every span that came, in their order."""
        return [
            span
            for one in self.requests
            for of in one.resource_spans
            for scope in of.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> list[Span]:
        """The spans of one name."""
        return [span for span in self.spans if span.name == name]

    def stop(self) -> None:
        """Close it."""
        self._server.stop()
