#!/usr/bin/env python3
"""Metrics of real exporters as data of the metric harness.

  captured.py capture RAW.bin [--every 2] [--count 3000] URL…   asks exporters for their text and appends what they say
  captured.py convert RAW.bin OUT [--phases 5]                  makes requests.bin, index.json and manifest.json of it

RAW.bin is a run of frames: time in milliseconds (int64), number of the URL (uint32), length (uint32), zlib text.

Each exporter becomes PHASES instances: instance k has the scrapes k, k + PHASES, k + 2 PHASES … and so values of its own,
PHASES times as far apart as they were taken. Every sample is a time series of its own with all its labels, as Prometheus
sends them; what an exporter did not say at a scrape is not sent, and a series that ends gets a staleness marker.
Needs cramjam.
"""
import argparse, collections, json, os, struct, time, urllib.request, zlib

FRAME = struct.Struct("<qII")
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
SCRAPES_PER_REQUEST = 4


def capture(path, urls, every, count):
    with open(path, "ab") as out:
        for _ in range(count):
            start = time.time()
            for number, url in enumerate(urls):
                try:
                    text = urllib.request.urlopen(url, timeout=every).read()
                except OSError:
                    text = b""
                packed = zlib.compress(text, 1)
                out.write(FRAME.pack(int(time.time() * 1000), number, len(packed)) + packed)
            out.flush()
            time.sleep(max(0.0, every - (time.time() - start)))


def frames(path):
    with open(path, "rb") as file:
        while len(head := file.read(FRAME.size)) == FRAME.size:
            at, number, length = FRAME.unpack(head)
            packed = file.read(length)
            if len(packed) < length:
                return
            yield at, number, zlib.decompress(packed).decode()


def parse(text):
    """The samples of an exposition: ((name, value) pairs of labels, value)."""
    for line in text.splitlines():
        if not line or line[0] == "#":
            continue
        labels, rest = [], line
        if "{" in line:
            name, rest = line.split("{", 1)
            while rest[0] != "}":
                key, rest = rest.split('="', 1)
                end = 0
                while rest[end] != '"':
                    end += 2 if rest[end] == "\\" else 1
                value = rest[:end].replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
                labels.append((key, value))
                rest = rest[end + 1 :].lstrip(",")
            rest = rest[1:]
        else:
            name, rest = line.split(None, 1)
        yield name, labels, float(rest.split()[0])


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


class Instance:
    """One instance of an exporter: what it said last, and what was sent of it."""

    def __init__(self, exporter, phase):
        self.labels = [("instance", "10.0.%d.%d:9100" % (exporter, phase)), ("job", "exporter-%d" % exporter)]
        self.known, self.active, self.cumulative, self.body, self.pending, self.first = {}, set(), [0], b"", 0, 0

    def scrape(self, at, text):
        """Adds the samples of a scrape to the body of the next request."""
        parts, seen = [], set()
        for name, labels, value in parse(text):
            key = (name, tuple(labels))
            seen.add(key)
            parts.append(self.series(key, at, value))
        parts += [self.series(key, at, STALE) for key in self.active - seen]
        self.active = seen
        self.body += b"".join(parts)
        self.pending += 1
        self.cumulative.append(self.cumulative[-1] + len(parts))

    def series(self, key, at, value):
        if key not in self.known:
            pairs = sorted([("__name__", key[0])] + list(key[1]) + self.labels)
            self.known[key] = b"".join(field(1, field(1, n.encode()) + field(2, v.encode())) for n, v in pairs if v)
        sample = varint(1 << 3 | 1) + struct.pack("<d", value) + varint(2 << 3) + varint(at)
        return field(1, self.known[key] + field(2, sample))


def convert(path, folder, phases):
    import cramjam

    os.makedirs(folder, exist_ok=True)
    instances, counts, index = {}, collections.Counter(), []
    raw_bytes, offset, times, names = 0, 0, [], set()
    with open(os.path.join(folder, "requests.bin"), "wb") as out:

        def send(instance, shard):
            nonlocal raw_bytes, offset
            body = bytes(cramjam.snappy.compress_raw(instance.body))
            samples = instance.cumulative[-1] - instance.cumulative[instance.first]
            index.append([offset, len(body), samples, shard, instance.first, instance.pending])
            out.write(body)
            offset, raw_bytes = offset + len(body), raw_bytes + len(instance.body)
            instance.first, instance.body, instance.pending = instance.first + instance.pending, b"", 0

        for at, number, text in frames(path):
            if not text:
                continue
            key = (number, counts[number] % phases)
            counts[number] += 1
            instance = instances.setdefault(key, Instance(*key))
            instance.scrape(at, text)
            times.append(at)
            if instance.pending == SCRAPES_PER_REQUEST:
                send(instance, list(instances).index(key))
        for shard, instance in enumerate(instances.values()):
            if instance.pending:
                send(instance, shard)
            names |= {name for name, _ in instance.known}
    series = [len(i.known) for i in instances.values()]
    manifest = dict(
        preset="captured", params={"phases": phases}, seed=0, shards=len(series), start_ms=times[0], end_ms=times[-1],
        step_ms=(times[-1] - times[0]) * len(series) // max(len(times), 1), active_series=sum(series), series_total=sum(series),
        samples=sum(i.cumulative[-1] for i in instances.values()), requests=len(index), raw_bytes=raw_bytes, snappy_bytes=offset,
        metric_names=sorted(names), shard_series=series, shard_cum=[i.cumulative for i in instances.values()],
        shard_instances=[[i.labels[0][1]] for i in instances.values()])
    json.dump(index, open(os.path.join(folder, "index.json"), "w"))
    json.dump(manifest, open(os.path.join(folder, "manifest.json"), "w"), indent=1)
    print("%(samples)d samples of %(series_total)d series in %(requests)d requests" % manifest)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("capture")
    one.add_argument("raw")
    one.add_argument("urls", nargs="+")
    one.add_argument("--every", type=float, default=2)
    one.add_argument("--count", type=int, default=3000)
    two = commands.add_parser("convert")
    two.add_argument("raw")
    two.add_argument("out")
    two.add_argument("--phases", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.command == "capture":
        capture(arguments.raw, arguments.urls, arguments.every, arguments.count)
    else:
        convert(arguments.raw, arguments.out, arguments.phases)
