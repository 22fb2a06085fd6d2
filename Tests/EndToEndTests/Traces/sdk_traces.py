"""Records known spans with the OpenTelemetry SDK and exports them by OTLP/HTTP.

  sdk_traces.py --endpoint URL --encoding protobuf|json --compression none|gzip|deflate --expected FILE

Writes what the SDK's own encoder made of the spans as OTLP/JSON into FILE, and prints the trace's id. The SDK for Python has no
exporter for JSON: with `json` that very document is posted.
"""
import argparse
import base64
import gzip
import json
import zlib

import requests
from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

parser = argparse.ArgumentParser()
parser.add_argument("--endpoint", required=True)
parser.add_argument("--encoding", choices=["protobuf", "json"], required=True)
parser.add_argument("--compression", choices=["none", "gzip", "deflate"], required=True)
parser.add_argument("--expected", required=True)
options = parser.parse_args()

memory = InMemorySpanExporter()
resource = Resource.create({"service.name": "sdk-traces", "service.version": "1.2", "zones": ["a", "b"], "weight": 0.25})
limits = SpanLimits(max_span_attributes=24, max_events=4, max_links=2, max_event_attributes=3, max_link_attributes=1)
provider = TracerProvider(resource=resource, span_limits=limits)
provider.add_span_processor(SimpleSpanProcessor(memory))
if options.encoding == "protobuf":
    provider.add_span_processor(BatchSpanProcessor(
        OTLPSpanExporter(options.endpoint + "/v1/traces", compression=Compression(options.compression))))


def remote(span_id):
    state = TraceState([("vendor", "x:1"), ("other", "y")])
    context = SpanContext(trace_id, span_id, True, TraceFlags(1), state)
    return trace.set_span_in_context(NonRecordingSpan(context))


trace_id = provider.id_generator.generate_trace_id()
first = provider.get_tracer("first", "0.1", "https://opentelemetry.io/schemas/1.30.0", {"scope.key": True})
second = provider.get_tracer("second")
attributes = {
    "text": "zwölf \"Boxkämpfer\"\n", "empty": "", "yes": True, "no": False, "int": -2**63, "big": 2**63 - 1, "zero": 0,
    "double": 1e-300, "whole": 5.0, "bytes": b"\x00\xff", "texts": ["a", "", "ü"], "flags": [True, False], "ints": [1, -1],
    "doubles": [0.5, 2.0], "nothing": [],
}
links = [
    Link(SpanContext(1 << 127, 1 << 63, True, TraceFlags(0), TraceState([("k", "v")])), {"a": 1, "b": 2}),
    Link(SpanContext(7, 9, False), {"only": [1.5]}), Link(SpanContext(5, 6, False)),
]
with first.start_as_current_span("root", remote(42), SpanKind.SERVER, attributes, links) as root:
    root.add_event("plain")
    root.add_event("told", {"k": "v", "n": 3, "list": ["x"], "fourth": 4}, timestamp=1_500_000_000_000_000_001)
    for index in range(15):
        root.set_attribute(f"more.{index}", index)
    for kind in [SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.INTERNAL]:
        with second.start_as_current_span(f"child {kind.name}", kind=kind) as child:
            child.set_attribute("peer.service", "elsewhere")
    try:
        with second.start_as_current_span("failing", kind=SpanKind.CLIENT):
            raise ValueError("it broke")
    except ValueError:
        pass
    root.set_status(Status(StatusCode.OK))

spans = memory.get_finished_spans()


def hexadecimal(value):
    """Protobuf's JSON has bytes in base64; OTLP's has ids in hexadecimal."""
    if isinstance(value, list):
        return [hexadecimal(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64decode(item).hex() if key in ("traceId", "spanId", "parentSpanId") else hexadecimal(item)
        for key, item in value.items()}


document = hexadecimal(MessageToDict(encode_spans(spans), use_integers_for_enums=True))
with open(options.expected, "w", encoding="utf-8") as file:
    json.dump(document, file)
if options.encoding == "json":
    body = json.dumps(document).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if options.compression != "none":
        headers["Content-Encoding"] = options.compression
        body = gzip.compress(body) if options.compression == "gzip" else zlib.compress(body)
    answer = requests.post(options.endpoint + "/v1/traces", data=body, headers=headers, timeout=10)
    assert answer.status_code == 200 and answer.json() == {}, answer.text
provider.shutdown()
print(format(trace_id, "032x"), flush=True)
