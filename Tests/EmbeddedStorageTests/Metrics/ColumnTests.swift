import ByteCoding
import Platform
import TelemetryModel
import Testing

@testable import EmbeddedStorage

/// Columns as they come in practice, and as they should not.
enum SampleValues {
    static func all(_ random: inout SeededRandom) -> [(name: String, values: [Double])] {
        let special: [Double] = [
            0, -0.0, .nan, Sample.staleMarker, .infinity, -.infinity, 1e300, .leastNonzeroMagnitude,
            Double(bitPattern: 0x7FF8_0000_0000_0099),
        ]
        var counter = 0.0
        var walk = 20.0
        return [
            ("constant", Array(repeating: 42.5, count: 300)), ("one", [.pi]),
            ("zeros of both signs", (0..<200).map { $0 % 7 == 0 ? -0.0 : 0 }),
            (
                "counter",
                (0..<1_000).map { _ in
                    counter += Double(Int.random(in: 0..<50, using: &random)); return counter
                }
            ),
            ("regular counter", (0..<500).map { Double($0) * 4_096 }),
            (
                "gauge",
                (0..<1_000).map { _ in
                    walk += Double.random(in: -1...1, using: &random); return (walk * 100).rounded() / 100
                }
            ),
            ("gauge with gaps", (0..<400).map { $0 % 50 == 49 ? Sample.staleMarker : Double($0 % 13) / 8 }),
            ("noise", (0..<700).map { _ in Double.random(in: 0..<1, using: &random) }),
            ("any bits", (0..<300).map { _ in Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random)) }),
            ("special", special + special.reversed()),
            ("large integers", [9_007_199_254_740_991, -9_007_199_254_740_991, 1, 0, 9_007_199_254_740_992]),
        ]
    }
}

@Suite("Columns of metrics")
struct ColumnTests {
    @Test("values come back bit for bit, whatever they are", arguments: 0..<5)
    func values(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for (name, values) in SampleValues.all(&random) {
            let bytes = ValueColumn.encode(values)
            let decoded = try bytes.withUnsafeBytes { try ValueColumn.decode($0, count: values.count) }
            #expect(decoded.map(\.bitPattern) == values.map(\.bitPattern), "\(name), seed \(seed)")
            #expect(bytes.count <= 64 + 10 * values.count, "\(name), seed \(seed)")
        }
    }

    @Test("a single value is the one that it is among all", arguments: 0..<5)
    func singleValues(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var columns = SampleValues.all(&random)
        columns.append(("rare changes", (0..<900).map { Double(($0 / 17) * ($0 / 17) % 7) }))
        columns.append(("growing steps", (0..<900).map { Double($0 * $0) }))
        for (name, values) in columns {
            let bytes = ValueColumn.encode(values)
            for place in values.indices where place < 3 || place > values.count - 3 || Int.random(in: 0..<9, using: &random) == 0 {
                let value = try bytes.withUnsafeBytes { try ValueColumn.value(at: place, $0, count: values.count) }
                #expect(value.bitPattern == values[place].bitPattern, "\(name), place \(place), seed \(seed)")
            }
        }
    }

    @Test("usual columns are small")
    func sizes() {
        var random = SeededRandom(seed: 1)
        let columns = Dictionary(uniqueKeysWithValues: SampleValues.all(&random).map { ($0.name, $0.values) })
        for (name, limit) in [
            ("constant", 10.0), ("regular counter", 20), ("counter", 900), ("gauge", 1_100), ("gauge with gaps", 400),
        ] {
            let values = columns[name] ?? []
            #expect(Double(ValueColumn.encode(values).count) <= limit, "\(name): \(ValueColumn.encode(values).count) bytes")
        }
    }

    @Test("timestamps come back, regular or not", arguments: 0..<5)
    func times(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var jitter: Int64 = 1_700_000_000_000
        var columns: [[Int64]] = [[], [0], [5, Int64.max], (0..<2_048).map { Int64($0) * 15_000 + 7 }]
        columns.append(
            (0..<500).map { _ in
                jitter += 15_000 + Int64.random(in: -40...40, using: &random); return jitter
            })
        columns.append(
            (0..<200).map { _ in
                jitter += Int64.random(in: 1...1 << 40, using: &random); return jitter
            })
        for timestamps in columns {
            let bytes = TimeColumn.encode(timestamps)
            #expect(try bytes.withUnsafeBytes { try TimeColumn.decode($0, count: timestamps.count) } == timestamps, "seed \(seed)")
        }
        #expect(TimeColumn.encode(columns[3]).count < 20)
    }

    @Test("integers come back, whatever they are", arguments: 0..<60)
    func integers(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let width = UInt64.random(in: 0...63, using: &random)
        let values = (0..<Int.random(in: 0...400, using: &random)).map { _ -> Int64 in
            let any = Int64(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random))
            // Few distinct values in some columns: equal ones at the edge of a base.
            if seed % 3 == 0 { return (any & 7) * 1_000_000 }
            return Int.random(in: 0..<20, using: &random) == 0 ? any : any >> Int64(width)
        }
        var header = ByteWriter()
        var data = ByteWriter()
        values.withUnsafeBufferPointer { PackedIntegers.encode($0, header: &header, data: &data) }
        var decoded = [Int64](repeating: 0, count: values.count)
        try decoded.withUnsafeMutableBufferPointer { decoded in
            try header.bytes.withUnsafeBytes { header in
                try data.bytes.withUnsafeBytes { data in
                    var skipped = ByteReader(header)
                    #expect(try PackedIntegers.skip(&skipped, count: decoded.count) == data.count && skipped.isAtEnd)
                    var headers = ByteReader(header)
                    var bits = ByteReader(data)
                    try PackedIntegers.decode(header: &headers, data: &bits, into: decoded)
                    #expect(headers.isAtEnd && bits.isAtEnd, "seed \(seed)")
                }
            }
        }
        #expect(decoded == values, "seed \(seed)")
    }

    @Test("mutated columns throw or give the right count, and never trap")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let columns = SampleValues.all(&random)
        for round in 0..<2_000 {
            let values = columns[round % columns.count].values
            var bytes = ValueColumn.encode(values)
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
            bytes.withUnsafeBytes { raw in
                if !values.isEmpty { _ = try? ValueColumn.value(at: round % values.count, raw, count: values.count) }
                if let decoded = try? ValueColumn.decode(raw, count: values.count) {
                    #expect(decoded.count == values.count, "seed \(seed)")
                }
                if let decoded = try? TimeColumn.decode(raw, count: values.count) {
                    #expect(decoded.count == values.count, "seed \(seed)")
                }
            }
        }
    }
}
