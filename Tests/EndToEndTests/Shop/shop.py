"""Two Flask services of a shop, traced by the OpenTelemetry SDK and its instrumentations, none of which is ours.

  shop.py frontend --port P --orders URL --otlp URL
  shop.py orders   --port P --mysql SOCKET --redis PORT --otlp URL

/buy/<item>   frontend -> orders: one statement, one Redis command, one order counted
/report       frontend -> orders: the slow statement
/broken       frontend -> orders: orders answers 500, frontend 502
POST /flush   sends what has not been sent
"""
import argparse

import flask
import requests
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.pymysql import PyMySQLInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

SLOW_STATEMENT = "SELECT o.item, SLEEP(1.5) FROM orders o WHERE o.id = 1 LIMIT 1"


def instrument(app, service, otlp):
    resource = Resource.create({"service.name": service, "service.namespace": "e2e", "service.instance.id": service + "-1"})
    tracer_provider = TracerProvider(resource=resource)
    tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(otlp + "/v1/traces")))
    trace.set_tracer_provider(tracer_provider)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(otlp + "/v1/metrics"), export_interval_millis=3_600_000)
    meter_provider = MeterProvider(resource=resource, metric_readers=[reader])
    metrics.set_meter_provider(meter_provider)
    FlaskInstrumentor().instrument_app(app, excluded_urls="flush,ready")

    @app.post("/flush")
    def flush():
        tracer_provider.force_flush()
        meter_provider.force_flush()
        return {"flushed": True}

    @app.get("/ready")
    def ready():
        return {"ready": True}


def frontend(options):
    app = flask.Flask("frontend")
    instrument(app, "frontend", options.otlp)
    RequestsInstrumentor().instrument(excluded_urls=options.otlp)

    def ask(path):
        answer = requests.get(options.orders + path, timeout=10)
        return (answer.json(), 200) if answer.ok else ({"error": "orders failed"}, 502)

    @app.get("/buy/<item>")
    def buy(item):
        return ask("/order/" + item)

    @app.get("/report")
    def report():
        return ask("/report")

    @app.get("/broken")
    def broken():
        return ask("/broken")

    return app


def orders(options):
    import pymysql
    import redis

    app = flask.Flask("orders")
    instrument(app, "orders", options.otlp)
    connection_options = dict(unix_socket=options.mysql, user="root", database="shop", autocommit=True)
    setup = pymysql.connect(**{**connection_options, "database": None})
    with setup.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS shop")
        cursor.execute("CREATE TABLE IF NOT EXISTS shop.orders (id INT AUTO_INCREMENT PRIMARY KEY, item VARCHAR(64), price INT)")
        cursor.execute("INSERT INTO shop.orders (item, price) VALUES ('first', 1)")
    setup.close()
    PyMySQLInstrumentor().instrument()
    RedisInstrumentor().instrument()
    cache = redis.Redis(port=options.redis, protocol=2)
    placed = metrics.get_meter("shop").create_counter("shop.orders.placed", unit="{order}", description="Orders placed.")

    def execute(statement):
        connection = pymysql.connect(**connection_options)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()

    @app.get("/order/<item>")
    def order(item):
        execute("INSERT INTO orders (item, price) VALUES ('%s', %d)" % (item, len(item)))
        cache.incr("stock:" + item)
        placed.add(1, {"item.kind": "odd" if len(item) % 2 else "even"})
        return {"item": item}

    @app.get("/report")
    def report():
        return {"rows": len(execute(SLOW_STATEMENT))}

    @app.get("/broken")
    def broken():
        return {"error": "out of order"}, 500

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("service", choices=["frontend", "orders"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--otlp", required=True)
    parser.add_argument("--orders")
    parser.add_argument("--mysql")
    parser.add_argument("--redis", type=int)
    options = parser.parse_args()
    app = frontend(options) if options.service == "frontend" else orders(options)
    app.run("127.0.0.1", options.port, threaded=True)
