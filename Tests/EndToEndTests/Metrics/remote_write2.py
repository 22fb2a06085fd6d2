"""Sends two series by Prometheus remote write 2.0, encoded here byte by byte, and prints the answer as JSON.

  remote_write2.py --url URL [--break]      --break: adds a series with an odd number of references
"""
import argparse
import json
import struct
import time
import urllib.error
import urllib.request


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def point(first, value, timestamp):
    """A double as field `first`, a time as the next one."""
    return varint(first << 3 | 1) + struct.pack("<d", value) + varint((first + 1) << 3) + varint(timestamp)


def snappy(data):
    """A block of literals only, each of at most 65536 bytes."""
    out = bytearray(varint(len(data)))
    for start in range(0, len(data), 65536):
        part = data[start:start + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(part) - 1) + part
    return bytes(out)


parser = argparse.ArgumentParser()
parser.add_argument("--url", required=True)
parser.add_argument("--break", dest="broken", action="store_true")
options = parser.parse_args()

symbols = [""]


def refs(*texts):
    for text in texts:
        if text not in symbols:
            symbols.append(text)
    return b"".join(varint(symbols.index(text)) for text in texts)


now = int(time.time() * 1000)
body = b""
for region, value in [("eu", 1.5), ("us", 2.5)]:
    exemplar = field(1, refs("trace_id", "0af7" + region)) + point(2, value, now)
    metadata = b"\x08\x01" + b"\x18" + refs("Orders that were placed.") + b"\x20" + refs("")
    series = field(1, refs("__name__", "two_orders_total", "region", region))
    series += field(2, point(1, value, now - 1000)) + field(2, point(1, value * 2, now)) + field(4, exemplar) + field(5, metadata)
    body += field(5, series)
if options.broken:
    body += field(5, field(1, refs("__name__")) + field(2, point(1, 1.0, now)))
request = b"".join(field(4, symbol.encode()) for symbol in symbols) + body

call = urllib.request.Request(options.url, snappy(request), {
    "Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "2.0.0", "User-Agent": "test/1"})
try:
    answer = urllib.request.urlopen(call)
except urllib.error.HTTPError as error:
    answer = error
written = {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("x-prometheus")}
print(json.dumps({"status": answer.status, "written": written, "body": answer.read().decode()}))
