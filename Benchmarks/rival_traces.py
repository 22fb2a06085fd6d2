#!/usr/bin/env python3
"""Odd traces, and the answers about them compared with what a plain search over all spans says.

  rival_traces.py --binary PATH --work DIR [--seed 1] [--spans 20000] [--port 14500]

Names in many scripts, with quotes and slashes, empty and long; ids of 64 bits; few or hundreds of services and keys; single
spans, deep and wide traces; missing parents; durations from zero to minutes; spans out of order, late and sent again. Asked
with everything in the head, in a block, in both, with duplicates, after kill -9, compacted and restarted. Ends with status 1
when an answer was wrong. Uses the trace harness of $HEADROPE_SHARED/bench/traces (numpy).
"""
import argparse
import json
import os
import random
import shutil
import sys
import time
import urllib.parse

SHARED = os.environ.get("HEADROPE_SHARED", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shared"))
sys.path.insert(0, os.path.join(SHARED, "bench/traces"))
sys.dont_write_bytecode = True
import gen
import peers
import send

SECOND = 10**9
ODD = ["a b", "päck", "x/y", 'q"uote', "back\\slash", "semi;colon", "日本", "emoji😀", "tab\tt", "{curly}", "percent%20", "plus+",
       "amp&", "=eq", "#hash", "new\nline", "'single'", "<tag>", "", " lead", "A" * 300]


class Traces:
    """The spans, as dictionaries."""

    def __init__(self, seed, count):
        self.random = pick = random.Random(seed)
        self.now = time.time_ns() // 1000 * 1000
        self.base = self.now - 3600 * SECOND * pick.choice([1, 3, 6])
        services = ["svc-%d" % i for i in range(pick.choice([3, 40, 300]))]
        self.services = services + [name or "unnamed" for name in pick.sample(ODD, 6)]
        self.operations = ["op %d" % i for i in range(pick.choice([2, 30]))] + pick.sample(ODD, 8)
        self.keys = ["k%d" % i for i in range(pick.choice([4, 60, 1500]))] + [name for name in pick.sample(ODD, 5) if name]
        self.spans = []
        while len(self.spans) < count:
            self.add_trace()

    def add_trace(self):
        pick = self.random
        trace = (pick.getrandbits(128) if pick.random() < 0.9 else pick.getrandbits(64)) or 1
        start = self.base + pick.randrange(3000 * SECOND)
        shape = pick.random()
        count = 1 if shape < 0.2 else pick.randrange(2, 20) if shape < 0.95 else pick.choice([60, 200, 800])
        root = last = None
        for number in range(count):
            parent = 0
            if number:
                parent = last if pick.random() < 0.5 or shape > 0.98 else root
            if number and pick.random() < 0.02:
                parent = pick.getrandbits(64)
            last = self.add_span(trace, parent, start, number == 0)
            root = root or last

    def add_span(self, trace, parent, start, is_root):
        pick = self.random
        offset = pick.randrange(-10**6, 10**8) if pick.random() < 0.95 else pick.randrange(10**12)
        duration = pick.choice([0, 1000, pick.randrange(10**6), pick.randrange(10**9), 5000])
        if pick.random() < 0.01:
            duration = pick.randrange(10**12)
        tags = {key: self.value() for key in pick.sample(self.keys, pick.choice([0, 1, 3, 4]))}
        if is_root:
            tags["order"] = "o-%d" % len(self.spans)
        span = dict(trace=trace, id=pick.getrandbits(64) or 1, parent=parent, service=pick.choice(self.services),
                    operation=pick.choice(self.operations), start=(start + offset) // 1000 * 1000,
                    duration=duration // 1000 * 1000, error=pick.random() < 0.05, kind=pick.choice([1, 2, 3, 4, 5]), tags=tags)
        self.spans.append(span)
        return span["id"]

    def value(self):
        pick = self.random
        return pick.choice([str(pick.randrange(20)), pick.randrange(5), pick.random() < 0.5, pick.choice(ODD),
                            pick.choice([1.5, -2.25, 0.1, 1e300]), "unique-%d" % pick.getrandbits(40)])

    def bodies(self, spans):
        spans = self.random.sample(spans, len(spans))
        while spans:
            count = self.random.choice([1, 5, 50, 300, 1000])
            part, spans = spans[:count], spans[count:]
            services = {}
            for span in part:
                services.setdefault(span["service"], []).append(encoded(span))
            yield b"".join(
                gen.ld(b"\x0a", gen.ld(b"\x0a", gen.attr("service.name", name, b"\x0a")) + gen.ld(b"\x12", b"".join(of)))
                for name, of in services.items())


def encoded(span):
    fields = b"\x0a\x10" + span["trace"].to_bytes(16, "big") + b"\x12\x08" + span["id"].to_bytes(8, "big")
    if span["parent"]:
        fields += b"\x22\x08" + span["parent"].to_bytes(8, "big")
    fields += gen.ld(b"\x2a", span["operation"].encode()) + b"\x30" + bytes([span["kind"]])
    fields += b"\x39" + span["start"].to_bytes(8, "little") + b"\x41" + (span["start"] + span["duration"]).to_bytes(8, "little")
    fields += b"".join(gen.attr(key, value) for key, value in span["tags"].items())
    return gen.ld(b"\x12", fields + (gen.ld(b"\x7a", b"\x18\x02") if span["error"] else b""))


def text(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


class Question:
    """A search, and whether a span satisfies it."""

    def __init__(self, pick, span, begin, end):
        self.service, self.begin, self.end, self.limit = span["service"], begin, end, pick.choice([1, 20, 1500])
        self.operation = span["operation"] or None if pick.random() < 0.4 else None
        duration = span["duration"] // 1000
        self.least = max(1, duration - pick.randrange(3)) if pick.random() < 0.3 else None
        self.most = duration + pick.randrange(1, 1000) if pick.random() < 0.2 else None
        keys = sorted(key for key in span["tags"] if not isinstance(span["tags"][key], float))
        self.tags = {}
        if keys and pick.random() < 0.6:
            self.tags = {key: text(span["tags"][key]) for key in pick.sample(keys, min(len(keys), pick.choice([1, 1, 2])))}
        if pick.random() < 0.1:
            self.tags["error"] = "true"
        if pick.random() < 0.3:
            self.begin = span["start"] - pick.randrange(SECOND) // 1000 * 1000
            self.end = span["start"] + pick.randrange(SECOND) // 1000 * 1000

    def path(self):
        return "/api/traces?" + peers.q(
            service=self.service, operation=self.operation, start=self.begin // 1000, end=self.end // 1000, limit=self.limit,
            minDuration="%dus" % self.least if self.least else None, maxDuration="%dus" % self.most if self.most else None,
            tags=json.dumps(self.tags) if self.tags else None)

    def holds(self, span):
        if span["service"] != self.service or (self.operation and span["operation"] != self.operation):
            return False
        if (self.least and span["duration"] < self.least * 1000) or (self.most and span["duration"] > self.most * 1000):
            return False
        return all(span["error"] if key == "error" else key in span["tags"] and text(span["tags"][key]) == value
                   for key, value in self.tags.items())


class Check:
    """Asks a server and counts what is wrong."""

    def __init__(self, server, traces):
        self.server, self.traces, self.wrong, self.worst = server, traces, 0, {}
        self.begin, self.end = traces.base - 3600 * SECOND, traces.now + 3600 * SECOND

    def fail(self, *what):
        self.wrong += 1
        if self.wrong <= 25:
            print("WRONG", *[str(part)[:300] for part in what], flush=True)

    def ask(self, what, question):
        used = send.cpu(self.server.pid)
        try:
            return question()
        except Exception as error:
            self.fail(what, type(error).__name__, error)
        finally:
            self.worst[what] = max(self.worst.get(what, 0), round(send.cpu(self.server.pid) - used, 2))

    def expect(self, what, answer, truth):
        if answer is not None and answer != truth:
            self.fail(what, len(answer), "instead of", len(truth), list(answer ^ truth)[:3] if isinstance(truth, set) else "")

    def stage(self, name, spans):
        traces = {}
        for span in spans:
            traces.setdefault(span["trace"], []).append(span)
        pick = self.traces.random
        self.expect(name + ": services", self.ask("services", self.server.services), {span["service"] for span in spans})
        for service in pick.sample(sorted({span["service"] for span in spans if "/" not in span["service"]}), 3):
            truth = {span["operation"] for span in spans if span["service"] == service} - {""}
            answer = self.ask("operations", lambda: self.server.operations(service))
            self.expect("%s: operations of %r" % (name, service), answer and answer - {""}, truth)
        for trace in pick.sample(list(traces), min(60, len(traces))) + sorted(traces, key=lambda t: -len(traces[t]))[:3]:
            self.one_trace(name, trace, traces[trace])
        for _ in range(60):
            self.search(name, Question(pick, pick.choice(spans), self.begin, self.end), spans, traces)
        self.top(name, spans)

    def one_trace(self, name, trace, spans):
        answer = self.ask("trace", lambda: self.server.j("/api/traces/%032x" % trace, ok=(200, 404)))
        found = {span["spanID"]: span for part in (answer or {}).get("data") or [] for span in part["spans"]}
        self.expect("%s: trace %032x" % (name, trace), set(found), {"%016x" % span["id"] for span in spans})
        for span in spans:
            seen = found.get("%016x" % span["id"])
            if seen is None:
                continue
            facts = (seen["operationName"], seen["startTime"], seen["duration"])
            tags = {tag["key"]: tag["value"] for tag in seen["tags"]}
            if facts != (span["operation"], span["start"] // 1000, span["duration"] // 1000):
                self.fail(name, "span", facts, span)
            for key, value in span["tags"].items():
                if tags.get(key) != value and not (isinstance(value, float) and float(tags.get(key, 0)) == value):
                    self.fail(name, "tag", repr(key), repr(value), repr(tags.get(key)))

    def search(self, name, question, spans, traces):
        inside = {span["trace"] for span in spans if question.begin <= span["start"] <= question.end}
        truth = inside & {span["trace"] for span in spans if question.holds(span)}
        answer = self.ask("search", lambda: self.server.j(question.path()))
        if answer is None:
            return
        found = {int(trace["traceID"], 16): len(trace["spans"]) for trace in answer["data"]}
        if len(found) != min(question.limit, len(truth)) or not set(found) <= truth:
            self.fail(name, "search", question.path(), "found", len(found), "of", len(truth), "not wanted", len(set(found) - truth))
        for trace in set(found) & truth:
            if found[trace] != len(traces[trace]):
                self.fail(name, "search gave", found[trace], "of", len(traces[trace]), "spans")

    def top(self, name, spans):
        truth = {}
        for span in spans:
            row = truth.setdefault((span["service"], span["operation"]), [0, 0])
            row[0] += 1
            row[1] += span["duration"]
        rows = self.ask("top operations", lambda: self.server.top("operation", "calls", self.begin, self.end, 10000)) or []
        for row in rows:
            calls, total = truth.pop((row["key"]["service"], row["key"]["operation"]), (0, 0))
            if row["calls"] != calls or abs(row["totalSeconds"] * SECOND - total) > 1e-6 * total + 10:
                self.fail(name, "top operation", row, calls, total)
        if len(rows) < 10000 and truth:
            self.fail(name, "top operations lacks", list(truth)[:3])
        for key in self.traces.random.sample(self.traces.keys, 3):
            rows = self.ask("top attribute", lambda: self.server.top("attribute:" + key, "calls", self.begin, self.end, 10000)) or []
            found = {text(row["key"][key]): row["calls"] for row in rows}
            counts = {}
            for span in spans:
                value = span["tags"].get(key)
                if value is not None and not isinstance(value, float):
                    counts[text(value)] = counts.get(text(value), 0) + 1
            self.expect("%s: values of %r" % (name, key), {value: found.get(value) for value in counts}, counts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spans", type=int, default=20_000)
    parser.add_argument("--port", type=int, default=14500)
    options = parser.parse_args()
    peers.Headrope.port = options.port
    work = os.path.join(options.work, "rival-%d" % options.port)
    shutil.rmtree(work, ignore_errors=True)
    server = peers.Headrope(os.path.abspath(options.binary), work).start()
    traces = Traces(options.seed, options.spans)
    check = Check(server, traces)

    def post(spans):
        connection = send.Conn("127.0.0.1", options.port)
        for body in traces.bodies(spans):
            head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
            code, answer, _ = connection.post((head % len(body)).encode(), body)
            if code != 200 or send.rejected(answer):
                check.fail("intake", code, answer)
        connection.close()

    half = traces.spans[:len(traces.spans) // 2]
    try:
        post(half)
        check.stage("head", half)
        server.compact()
        check.stage("block", half)
        post(traces.spans[len(half):])
        check.stage("block and head", traces.spans)
        post(traces.random.sample(traces.spans, len(traces.spans) // 10))
        check.stage("sent again", traces.spans)
        server.kill9()
        server.start()
        check.stage("after kill -9", traces.spans)
        server.compact()
        check.stage("compacted", traces.spans)
        server.stop()
        server.start()
        check.stage("restarted", traces.spans)
        print("seed %d, %d spans, %d services, %d keys: %d wrong; the most CPU s a question: %s; memory MiB: %s" % (
            options.seed, len(traces.spans), len(traces.services), len(traces.keys), check.wrong, check.worst,
            {key: value >> 20 for key, value in send.mem(server.pid).items()}))
    finally:
        server.stop()
        shutil.rmtree(work, ignore_errors=True)
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
