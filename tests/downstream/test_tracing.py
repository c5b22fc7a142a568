"""OpenTelemetry's middleware sees each pipelined request in a trace of its own."""

import anyio
import pytest
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tremolo import serve


async def hello(request):  # type: ignore[no-untyped-def] # as in Starlette's own examples
    return PlainTextResponse("hello")


@pytest.mark.anyio
async def test_pipelined_requests_have_traces_of_their_own() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    starlette = Starlette(routes=[Route("/{number}", hello)])
    app = OpenTelemetryMiddleware(starlette, tracer_provider=provider)
    async with serve(app) as server:
        host, port = server.addresses[0]
        assert port is not None
        async with await anyio.connect_tcp(host, port) as stream:
            asked = [b"GET /%d HTTP/1.1\r\nHost: a\r\n" % number for number in range(5)]
            await stream.send(b"\r\n".join([*asked, b""])[:-2] + b"Connection: close\r\n\r\n")
            answers = b"".join([data async for data in stream])
    assert answers.count(b"HTTP/1.1 200") == 5
    roots = [span for span in exporter.get_finished_spans() if span.parent is None]
    assert len(roots) == 5
    assert len({span.context.trace_id for span in exporter.get_finished_spans()}) == 5
