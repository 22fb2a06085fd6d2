"""Records known measurements with the OpenTelemetry SDK and exports them by OTLP/HTTP, twice.

  sdk_metrics.py --endpoint URL --temporality cumulative|delta

Prints the trace ids of the spans that were active, one a line: exemplars lead to them.
"""
import argparse

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

parser = argparse.ArgumentParser()
parser.add_argument("--endpoint", required=True)
parser.add_argument("--temporality", choices=["cumulative", "delta"], required=True)
options = parser.parse_args()

kind = AggregationTemporality.DELTA if options.temporality == "delta" else AggregationTemporality.CUMULATIVE
exporter = OTLPMetricExporter(
    endpoint=options.endpoint + "/v1/metrics", preferred_temporality={Counter: kind, Histogram: kind})
resource = Resource.create({
    "service.name": "sdk", "service.namespace": "test", "service.instance.id": options.temporality,
    "host.name": "h1", "deployment.environment.name": "e2e"})
views = [View(instrument_name="exp.*", aggregation=ExponentialBucketHistogramAggregation())]
provider = MeterProvider([PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)], resource, views=views)
metrics.set_meter_provider(provider)
trace.set_tracer_provider(TracerProvider())
tracer = trace.get_tracer("test")
meter = metrics.get_meter("test")

orders = meter.create_counter("orders", unit="{order}", description="Orders that were placed.")
queue = meter.create_up_down_counter("queue.size", unit="1")
latency = meter.create_histogram("latency", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1.0])
exponential = meter.create_histogram("exp.latency", unit="ms")
meter.create_observable_gauge("temperature", [lambda _: [Observation(21.5, {"room": "cellar"})]], unit="Cel")

for _ in range(2):
    with tracer.start_as_current_span("round") as span:
        orders.add(3, {"shop.region": "eu"})
        orders.add(4, {"shop.region": "us"})
        queue.add(5)
        queue.add(-2)
        for value in [0.05, 0.5, 0.6, 7.0]:
            latency.record(value)
        for value in range(1, 101):
            exponential.record(float(value))
        print(format(span.get_span_context().trace_id, "032x"), flush=True)
    provider.force_flush()
provider.shutdown()
