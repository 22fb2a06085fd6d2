#!/usr/bin/env python3
"""Hard cases of span intake: CPU for each span or request, and memory.

  hard_traces.py --binary PATH --work DIR [--set SETS/small] [--port 14400] [case ...]

Uses the trace harness of $HEADROPE_SHARED/bench/traces (numpy). Cases: big, same, wide, ones, huge, conns, retry, late.
"""
import argparse
import os
import random
import shutil
import sys
import time

SHARED = os.environ.get("HEADROPE_SHARED", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shared"))
sys.path.insert(0, os.path.join(SHARED, "bench/traces"))
sys.dont_write_bytecode = True
import gen
import peers
import send

START = time.time_ns() - 120 * 10**9


def span_id(number):
    return (number + 1).to_bytes(8, "big")


def trace_id(number):
    return b"\x77" * 8 + (number + 1).to_bytes(8, "big")


def span(trace, number, parent=None, name=b"op", start=START, attributes=b""):
    fields = b"\x0a\x10" + trace_id(trace) + b"\x12\x08" + span_id(number)
    if parent is not None:
        fields += b"\x22\x08" + span_id(parent)
    fields += gen.ld(b"\x2a", name) + b"\x30\x02"
    fields += b"\x39" + start.to_bytes(8, "little") + b"\x41" + (start + 500).to_bytes(8, "little")
    return gen.ld(b"\x12", fields + attributes)


def body(spans, service="hard"):
    resource = gen.ld(b"\x0a", gen.attr("service.name", service, b"\x0a"))
    return gen.ld(b"\x0a", resource + gen.ld(b"\x12", gen.ld(b"\x0a", gen.ld(b"\x0a", b"x")) + b"".join(spans)))


class Run:
    """One server with an empty store; says what each step cost."""

    def __init__(self, name, options):
        self.name, self.port = name, options.port
        self.work = os.path.join(options.work, "hard")
        shutil.rmtree(self.work, ignore_errors=True)
        peers.Headrope.port = options.port
        self.server = peers.Headrope(os.path.abspath(options.binary), self.work).start()
        self.connection = send.Conn("127.0.0.1", options.port)
        self.mark()

    def mark(self):
        self.began, self.used = time.time(), send.cpu(self.server.pid)

    def say(self, what, count, more=""):
        used = (send.cpu(self.server.pid) - self.used) * 1e6 / count
        memory = {key: value >> 20 for key, value in send.mem(self.server.pid).items()}
        print("%-10s %-34s %7d times %10.2f us CPU, peak %4d MiB, resident %4d MiB %s" % (
            self.name, what, count, used, memory["VmHWM"], memory["VmRSS"], more), flush=True)
        self.mark()

    def post(self, data, connection=None):
        head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
        code, answer, _ = (connection or self.connection).post((head % len(data)).encode(), data)
        return code, send.rejected(answer)

    def post_all(self, bodies):
        answers = {}
        for data in bodies:
            answer = self.post(data)
            answers[answer] = answers.get(answer, 0) + 1
        return "(status, rejected): requests %s" % answers

    def compact(self, count):
        self.server.compact()
        self.say("compact", count)

    def end(self):
        self.connection.close()
        self.server.stop()
        shutil.rmtree(self.work, ignore_errors=True)


def big(run, options):
    """A trace of 100,000 spans in batches of 100, asked for from head and block, and late spans of it."""
    def batches(first, count):
        return [body([span(1, k + i, max(0, k + i - 1), b"op %d" % (i % 7), START + (k + i) * 1000) for i in range(100)])
                for k in range(first, first + count, 100)]

    def ask():
        run.say("by id", 1, "found %d" % len(run.server.trace(trace_id(1).hex())))
        found = run.server.search({"service": "hard"}, START - 10**9, START + 200 * 10**9, 20)
        run.say("search", 1, "found %d" % len(found))

    for part in range(4):
        run.say("spans from %d on" % (part * 25_000), 25_000, run.post_all(batches(part * 25_000, 25_000)))
    ask()
    run.compact(100_000)
    ask()
    run.say("late spans", 2_500, run.post_all(batches(100_000, 2_500)))


def same(run, options):
    """One identity again and again, with the same content and with another one."""
    run.say("the same span", 20_000, run.post_all([body([span(2, 5)] * 500)] * 40))
    run.say("other content", 20_000, run.post_all(
        [body([span(2, 5, start=START + k * 500 + i) for i in range(500)]) for k in range(40)]))


def wide(run, options):
    """Spans of 1,000 attributes, then spans whose keys are all different."""
    def attributes(keys):
        return b"".join(gen.attr(key, "v%d" % (number % 50)) for number, key in enumerate(keys))

    run.say("1,000 attributes", 1_000, run.post_all(
        [body([span(k * 20 + i, i, attributes=attributes("key.%d" % a for a in range(1_000))) for i in range(20)])
         for k in range(50)]))
    run.compact(1_000)
    run.say("100 keys of its own", 1_000, run.post_all(
        [body([span(5_000 + k * 20 + i, i, attributes=attributes("key.%d.%d.%d" % (k, i, a) for a in range(100)))
               for i in range(20)]) for k in range(50)]))
    run.compact(1_000)


def ones(run, options):
    """Requests of one span."""
    run.say("requests of one span", 20_000, run.post_all([body([span(10 + i // 10, i, start=START + i)]) for i in range(20_000)]))
    run.compact(20_000)


def huge(run, options):
    """One body of 64 MiB."""
    spans, size, text = [], 0, gen.attr("text", "x" * 200)
    while size < (64 << 20) - 4096:
        number = len(spans)
        spans.append(span(number // 20, number, start=START + number, attributes=text + gen.attr("n", str(number))))
        size += len(spans[-1])
    run.say("spans of one body", len(spans), run.post_all([body(spans)]))
    time.sleep(12)
    run.say("12 s later", len(spans))


def conns(run, options):
    """1,000 connections."""
    connections = [send.Conn("127.0.0.1", options.port) for _ in range(1_000)]
    for connection in connections:
        connection.open()
    run.say("connections", 1_000)
    for k in range(10):
        for number, connection in enumerate(connections):
            run.post(body([span(k * 1_000 + number, i) for i in range(10)]), connection)
    run.say("spans, 10 a request", 100_000)
    for connection in connections:
        connection.close()


def retry(run, options):
    """A whole set three times, and once more when it is in blocks."""
    for what in ("first", "again", "a third time", "again from blocks"):
        if what == "again from blocks":
            run.compact(100_009)
        result = send.replay(options.set, run.server.otlp_url(), 4, pid=run.server.pid)
        run.say(what, result["acked_spans"] or 1, str(result["status"]))


def late(run, options):
    """Spans for 3,000 traces that are in blocks already, four times."""
    random.seed(3)
    def batches(first):
        order = random.sample(range(3_000), 3_000)
        return [body([span(t, t * 100 + first + j, t * 100, start=START + t * 10**6 + j) for t in order[k:k + 30] for j in range(10)])
                for k in range(0, 3_000, 30)]
    for part in range(5):
        run.say("spans, time %d" % part, 30_000, run.post_all(batches(part * 10)))
        run.compact(30_000)
    run.say("one by id", 1, "found %d" % len(run.server.trace(trace_id(7).hex())))


CASES = {case.__name__: case for case in (big, same, wide, ones, huge, conns, retry, late)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--set", default="sets/small")
    parser.add_argument("--port", type=int, default=14400)
    parser.add_argument("cases", nargs="*", default=[])
    options = parser.parse_args()
    for name in options.cases or CASES:
        run = Run(name, options)
        try:
            CASES[name](run, options)
        finally:
            run.end()


if __name__ == "__main__":
    main()
