#!/usr/bin/env python3
"""Kills the server while fresh spans come, and counts what it has after the next start.

  crash_traces.py --binary PATH --set DIR --work DIR [--rate 10000] [--seconds 30] [--rounds 1] [--port 14600]

DIR is a set of the trace harness; its times are changed, so use a copy. What the sender was told to be stored is compared
with the counts of operations, which come from rollups, and with the spans, which are read one by one, over the whole of the
set. The same is asked up to the present second, as the harness does: the sender is faster than the set's clock, and what it
has sent last starts in the future for some seconds, so that a question that ends now rightly misses it. Ends with status 1
when a span is missing from the whole. Uses the trace harness of $HEADROPE_SHARED/bench/traces (numpy).
"""
import argparse
import json
import os
import shutil
import sys
import threading
import time

SHARED = os.environ.get("HEADROPE_SHARED", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shared"))
sys.path.insert(0, os.path.join(SHARED, "bench/traces"))
sys.dont_write_bytecode = True
import gen
import peers
import send

SECOND = 10**9


def truth(directory):
    with open(os.path.join(directory, "truth.json")) as file:
        return json.load(file)


def make_fresh(directory, rate, seconds):
    """Lets the part of the set that will be sent end about when the sending begins."""
    known = truth(directory)
    density = known["spans"] / ((known["end_ns"] - known["start_ns"]) / SECOND)
    gen.retime(directory, int(time.time() - rate * seconds / density - 15))
    return truth(directory)


def counted(server, start, end):
    rollups = sum(row["calls"] for row in server.top("operation", "calls", start, end, 10000))
    spans = sum(row["calls"] for row in server.top("host", "calls", start, end, 10000))
    return rollups, spans


def one_round(arguments, number):
    known = make_fresh(arguments.set, arguments.rate, arguments.seconds)
    directory = os.path.join(arguments.work, "crash-%d" % number)
    shutil.rmtree(directory, ignore_errors=True)
    server = peers.Headrope(arguments.binary, directory).start()
    stop, sent = threading.Event(), {}

    def run():
        sent.update(send.replay(arguments.set, server.otlp_url(), 4, rate=arguments.rate, stop=stop))

    sender = threading.Thread(target=run)
    sender.start()
    time.sleep(arguments.seconds)
    server.kill9()
    sender.join()
    began = time.time()
    server.start()
    ready = time.time() - began
    start = known["start_ns"] - SECOND
    whole = counted(server, start, known["end_ns"] + SECOND)
    present = counted(server, start, time.time_ns() + SECOND)
    server.stop()
    shutil.rmtree(directory, ignore_errors=True)
    stored = sent["acked_spans"]
    print("round %d: acknowledged %d; more or less in the whole: rollups %+d, spans %+d; up to now: %+d, %+d; ready after %.2f s"
          % (number, stored, whole[0] - stored, whole[1] - stored, present[0] - stored, present[1] - stored, ready), flush=True)
    return min(whole) >= stored


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--set", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--rate", type=float, default=10000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--port", type=int, default=14600)
    arguments = parser.parse_args()
    peers.Headrope.port = arguments.port
    os.makedirs(arguments.work, exist_ok=True)
    good = [one_round(arguments, number) for number in range(arguments.rounds)]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
