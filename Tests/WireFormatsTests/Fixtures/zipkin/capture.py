"""Captures what reporters of Zipkin for Python send, for ZipkinReporterTests.

    pip install py_zipkin==1.2.8 opentelemetry-sdk==1.45.1 \\
        opentelemetry-exporter-zipkin-json==1.45.1 opentelemetry-exporter-zipkin-proto-http==1.45.1
    python capture.py py_zipkin FOLDER; python capture.py opentelemetry FOLDER PORT
"""

import http.server
import pathlib
import sys
import threading

out = pathlib.Path(sys.argv[2])


def capture_py_zipkin():
    from py_zipkin import Kind, Encoding
    from py_zipkin.encoding import get_encoder
    from py_zipkin.encoding._helpers import Span, create_endpoint
    front = create_endpoint(port=8080, service_name='front', host='10.0.0.1')
    back = create_endpoint(port=3306, service_name='back', host='10.0.0.2')
    six = create_endpoint(port=53, service_name='dns', host='2001:db8::1')
    T = '463ac35c9f6413ad48485a3953bb6124'
    S = 1795251600.5
    spans = [
        Span(trace_id=T, name='get /order', parent_id=None, span_id='000000000000000a', kind=Kind.SERVER, timestamp=S, duration=0.25,
             local_endpoint=front, tags={'http.path': '/order', 'error': 'no money'}, annotations={'waited for the lock': S + 0.1}),
        Span(trace_id=T, name='query', parent_id='000000000000000a', span_id='000000000000000b', kind=Kind.CLIENT, timestamp=S + 0.01,
             duration=0.2, local_endpoint=front, remote_endpoint=back, tags={'sql.query': 'select 1'}),
        Span(trace_id=T, name='query', parent_id='000000000000000a', span_id='000000000000000b', kind=Kind.SERVER, timestamp=S + 0.02,
             duration=0.1, local_endpoint=back, shared=True, tags={'größe': '注文'}),
        Span(trace_id=T, name='work', parent_id='000000000000000a', span_id='000000000000000c', kind=Kind.LOCAL, timestamp=S + 0.22,
             duration=0.001, local_endpoint=front, tags={}),
        Span(trace_id=T, name='resolve', parent_id='000000000000000a', span_id='000000000000000d', kind=Kind.CLIENT, timestamp=S + 0.23,
             duration=0.001, local_endpoint=front, remote_endpoint=six),
    ]
    for enc, ext in [(Encoding.V1_JSON, 'v1.json'), (Encoding.V2_JSON, 'v2.json'), (Encoding.V2_PROTO3, 'v2.protobuf')]:
        try:
            e = get_encoder(enc)
            body = e.encode_queue([e.encode_span(s) for s in spans])
            if isinstance(body, str): body = body.encode()
            (out / f'py_zipkin-1.2.8.{ext}').write_bytes(body)
        except Exception as ex:
            print(enc, repr(ex))


def capture_opentelemetry():
    port = int(sys.argv[3])
    bodies = {}
    class H(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies[self.path] = (self.headers.get('content-type'), self.rfile.read(int(self.headers['content-length'])))
            self.send_response(202); self.end_headers()
        def log_message(self, *a): pass
    srv = http.server.HTTPServer(('127.0.0.1', port), H); threading.Thread(target=srv.serve_forever, daemon=True).start()
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.exporter.zipkin.json import ZipkinExporter as J
    from opentelemetry.exporter.zipkin.proto.http import ZipkinExporter as P
    mem = InMemorySpanExporter()
    tp = TracerProvider(resource=Resource({'service.name': 'front', 'deployment.environment': 'test'})); tp.add_span_processor(SimpleSpanProcessor(mem))
    tr = tp.get_tracer('fixture', '7')
    t0 = 1795251600500000000
    a = tr.start_span('GET /order', kind=SpanKind.SERVER, start_time=t0)
    from opentelemetry import trace
    ctx = trace.set_span_in_context(a)
    b = tr.start_span('SELECT', kind=SpanKind.CLIENT, context=ctx, start_time=t0+10_000_000, attributes={'db.system': 'mysql', 'n': 5, 'share': 0.5, 'list': ['a', 'b'], 'yes': True})
    b.add_event('retried', {'attempt': 2}, timestamp=t0+20_000_000)
    b.set_status(Status(StatusCode.ERROR, 'deadlock')); b.end(t0+60_000_000)
    a.set_status(Status(StatusCode.OK)); a.end(t0+90_000_000)
    sp = mem.get_finished_spans()
    J(endpoint=f'http://127.0.0.1:{port}/json', local_node_ipv4='10.0.0.1', local_node_port=80).export(sp)
    P(endpoint=f'http://127.0.0.1:{port}/proto', local_node_ipv4='10.0.0.1', local_node_port=80).export(sp)
    for path, ext in [('/json', 'json'), ('/proto', 'protobuf')]:
        print(path, bodies[path][0]); (out / f'opentelemetry-exporter-zipkin-1.45.1.{ext}').write_bytes(bodies[path][1])
    srv.shutdown()


if sys.argv[1] == 'py_zipkin':
    capture_py_zipkin()
else:
    capture_opentelemetry()
