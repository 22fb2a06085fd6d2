import ByteCoding
import Foundation
import Platform
import SegmentLog
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

private func labels(_ index: Int) -> Labels { Labels(["__name__": "m\(index)", "job": "j", "instance": "i\(index % 3)"]) }

/// Records of one segment as a store writes them, without a store.
private struct RecordWriter {
    let head = MetricHead()
    var encoder = MetricLogEncoder()
    var segment: UInt64 = 1

    /// Writes a record of these series and samples.
    func write(_ rows: [(labels: Labels, samples: [Sample], isDelta: Bool)]) -> [UInt8] {
        var accepted: [AcceptedRow] = []
        var samples: [Sample] = []
        for row in rows {
            let number = head.find(row.labels) ?? head.add(row.labels, newest: nil, source: head.source(row.labels))
            let range = RowRange(start: UInt32(samples.count), count: UInt32(row.samples.count))
            accepted.append(AcceptedRow(series: number, row: 0, samples: range, isDelta: row.isDelta))
            samples += row.samples
        }
        var writer = ByteWriter()
        samples.withUnsafeBufferPointer {
            encoder.write(accepted, $0, head, window: 3_600_000, segment: segment, to: &writer)
        }
        return writer.bytes
    }
}

/// What records hold, row by row.
private struct RecordReader {
    var decoder = MetricLogDecoder()
    var labels: [Labels] = []

    mutating func read(
        _ bytes: [UInt8], segment: UInt64 = 1, followsGap: Bool = false
    ) throws -> [(labels: Labels, samples: [Sample], isDelta: Bool)] {
        try bytes.withUnsafeBytes { try decoder.decode($0, segment: segment, followsGap: followsGap) }
        if !decoder.definitions.isEmpty { labels.removeLast(labels.count - decoder.firstDefinition) }
        labels += decoder.definitions
        return decoder.rows.map { (labels[$0.series], Array(decoder.samples[$0.samples]), $0.isDelta) }
    }
}

@Suite("Log of metrics")
struct MetricLogTests {
    private func same(_ a: [Sample], _ b: [Sample]) -> Bool {
        a.map(\.timestamp) == b.map(\.timestamp) && a.map(\.value.bitPattern) == b.map(\.value.bitPattern)
    }

    @Test("samples come back bit for bit, whatever their values", arguments: 0..<5)
    func values(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let columns = SampleValues.all(&random)
        let writer = RecordWriter()
        var reader = RecordReader()
        for step in 0..<(columns.map(\.values.count).max() ?? 0) {
            let rows = columns.enumerated().filter { step < $0.element.values.count }.map { index, column in
                (labels: labels(index), samples: [Sample(timestamp: Int64(step) * 999, value: column.values[step])], isDelta: false)
            }
            let read = try reader.read(writer.write(rows))
            #expect(read.count == rows.count)
            for (a, b) in zip(rows, read) {
                #expect(a.labels == b.labels && same(a.samples, b.samples), "seed \(seed), step \(step)")
            }
        }
    }

    @Test("a lost record costs those behind it until coding starts afresh, and none is read wrongly", arguments: [1, 100, 300])
    func lostRecord(lost: Int) throws {
        var writer = RecordWriter()
        writer.encoder = MetricLogEncoder(freshByteCount: 400)
        var reader = RecordReader()
        var readCount = 0
        for step in 0..<400 {
            let rows = (0..<3).map { index in
                (
                    labels: labels(index), samples: [Sample(timestamp: Int64(step) * 1_000, value: Double(step * 7 + index))],
                    isDelta: false
                )
            }
            let bytes = writer.write(rows)
            if step == lost { continue }
            let isNext = step == lost + 1
            guard let read = try? reader.read(bytes, followsGap: isNext) else { continue }
            readCount += 1
            for (a, b) in zip(rows, read) { #expect(a.labels == b.labels && same(a.samples, b.samples), "step \(step)") }
        }
        #expect(readCount >= 250 && readCount <= 399)
    }

    @Test("rows come back in their order, however series, timestamps and kinds are mixed", arguments: 0..<20)
    func rows(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var writer = RecordWriter()
        var reader = RecordReader()
        for _ in 0..<30 {
            if Int.random(in: 0..<8, using: &random) == 0 { writer.encoder.startAfresh() }
            if Int.random(in: 0..<8, using: &random) == 0 { writer.segment += 1 }
            let rows = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                (
                    labels: labels(Int.random(in: 0..<60, using: &random)),
                    samples: (0..<Int.random(in: 1..<4, using: &random)).map { _ in
                        Sample(
                            timestamp: Int64.random(in: 0..<3, using: &random) * 1_000,
                            value: Double(Int.random(in: -3..<3, using: &random)) / 4)
                    },
                    isDelta: Int.random(in: 0..<5, using: &random) == 0
                )
            }
            let read = try reader.read(writer.write(rows), segment: writer.segment)
            #expect(read.map(\.labels) == rows.map(\.labels) && read.map(\.isDelta) == rows.map(\.isDelta), "seed \(seed)")
            for (a, b) in zip(rows, read) { #expect(same(a.samples, b.samples), "seed \(seed)") }
        }
    }

    @Test("in the steady state a sample of a slow counter takes less than two bytes, a constant an eighth")
    func size() throws {
        for (value, limit) in [({ (_: Int) in 42.5 }, 1_000), ({ Double($0 * 7) }, 8_000)] {
            let writer = RecordWriter()
            var byteCount = 0
            for step in 0..<8 {
                let rows = (0..<1_000).map {
                    (labels: labels($0), samples: [Sample(timestamp: Int64(step), value: value(step))], isDelta: false)
                }
                let record = writer.write(rows)
                if step > 0 { byteCount += record.count }
            }
            #expect(byteCount < limit + 500)
        }
    }

    @Test("a log of version 1 is read")
    func version1() throws {
        let system = FaultFileSystem(seed: 1)
        try system.makeDirectory("/store/metrics/log")
        let url = SharedData.projectFolder.appendingPathComponent("Tests/EmbeddedStorageTests/Golden/metric-log-1.log")
        try system.create("/store/metrics/log/0000000001.log").append(Array(try Data(contentsOf: url)))
        let store = try MetricStore.open(
            directory: "/store/metrics", fileSystem: system, time: ManualTime(now: 1_763_683_200_000_000_000))
        var found: [String: [Double]] = [:]
        try store.scan(SeriesQuery([try LabelMatcher("job", .notEqual, "")], from: 0, through: .max)) { series in
            found[series.labels.description] = Array(series.values)
            let times: [Int64] = (0..<12).map { 1_700_000_000_000 + 15_000 * $0 }
            #expect(series.timestamps.elementsEqual(times))
        }
        let counts: [Double] = (0..<12).map { Double($0 * 7) }
        #expect(found[#"counter_total{job="a"}"#] == counts)
        let noise: [Double] = (0..<12).map { 1 / Double($0 + 3) }
        #expect(found[#"noise{job="a"}"#] == noise)
        let decimals = (0..<12).map { (2_000 + Double($0) * 13) / 100 }
        #expect(found[#"decimal{job="a"}"#] == decimals)
        let odd: [Double] = [
            0, -0.0, Sample.staleMarker, Double(bitPattern: 0x7FF8_0000_0000_1234), .infinity, .leastNonzeroMagnitude, 1.5, 1.5,
            1e300, -3,
            123_456.789,
            9_007_199_254_740_994,
        ]
        #expect(found[#"odd{job="b"}"#]?.map(\.bitPattern) == odd.map(\.bitPattern))
        #expect(store.status().damages.isEmpty)
    }

    @Test("mutated records of both versions throw or give sound rows, and never trap")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let columns = SampleValues.all(&random)
        let writer = RecordWriter()
        let record = writer.write(
            columns.enumerated().map { index, column in
                (labels: labels(index), samples: column.values.prefix(9).map { Sample(timestamp: 5, value: $0) }, isDelta: false)
            })
        let next = writer.write([(labels: labels(1), samples: [Sample(timestamp: 6, value: 1)], isDelta: false)])
        for _ in 0..<5_000 {
            var bytes = record
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            var reader = RecordReader()
            if let rows = try? reader.read(bytes) {
                #expect(rows.reduce(0) { $0 + $1.samples.count } == reader.decoder.samples.count, "seed \(seed)")
            } else {
                // What is coded against it cannot be read either, what starts afresh can.
                #expect(throws: ByteCodingError.self, "seed \(seed)") { try reader.read(next) }
                #expect(try reader.read(record).count == columns.count, "seed \(seed)")
            }
            bytes.withUnsafeBytes { raw in
                var decoder = MetricLogDecoder1()
                try? decoder.decode(raw, segment: 1) { row, _ in #expect(row.samples.count <= raw.count, "seed \(seed)") }
            }
        }
    }
}

@Suite("Bytes of the log of metrics")
struct MetricLogGolden {
    @Test("the record has the bytes it has always had")
    func golden() throws {
        let writer = RecordWriter()
        var bytes: [UInt8] = []
        for step in 0..<4 {
            let rows = [0.5, 7, -0.0, .pi, Double(step), Double(step) * 1.25, 1e300].enumerated().map { index, value in
                (
                    labels: labels(index), samples: [Sample(timestamp: 1_763_683_200_000 + Int64(step) * 15_000, value: value)],
                    isDelta: index == 4
                )
            }
            let record = writer.write(rows)
            bytes += [UInt8(record.count & 0xFF), UInt8(record.count >> 8)] + record
        }
        #expect(try Golden.difference(bytes, from: "Tests/EmbeddedStorageTests/Golden/metric-log-2") == nil)
    }
}
