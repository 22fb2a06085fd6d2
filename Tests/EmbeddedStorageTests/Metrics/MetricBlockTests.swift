import ByteCoding
import Platform
import TelemetryModel
import Testing

@testable import EmbeddedStorage

/// Blocks of series that look like those of a few targets, and the samples that went into them.
struct BlockFixture {
    let files = FaultFileSystem(seed: 1)
    let cache = MetricPageCache(byteLimit: 1 << 20)
    private(set) var series: [(labels: Labels, samples: SampleColumns)] = []

    init(seed: UInt64, hosts: Int = 5, metrics: Int = 12, sampleCount: Int = 300) throws {
        var random = SeededRandom(seed: seed)
        for host in 0..<hosts {
            var timestamps: [Int64] = []
            for step in 0..<sampleCount {
                timestamps.append(
                    1_763_683_200_000 + Int64(step) * 15_000 + Int64.random(in: 0...(host == 0 ? 0 : 9), using: &random))
            }
            let columns = SampleValues.all(&random)
            for metric in 0..<metrics {
                let pool = columns[(metric + host) % columns.count].values
                let labels = Labels(["__name__": "metric_\(metric)", "instance": "10.0.0.\(host):9100", "job": "node"])
                let kept = host == 1 ? timestamps.count - metric : timestamps.count
                let values = (0..<kept).map { pool[$0 % pool.count] }
                series.append((labels, SampleColumns(timestamps: Array(timestamps.prefix(kept)), values: values)))
            }
        }
        series.append((Labels(["__name__": "alone", "é": String(repeating: "long ", count: 300)]), series[0].samples))
        series.sort { $0.labels < $1.labels }
        try files.makeDirectory("/blocks")
    }

    func write(id: UInt64 = 7) throws -> MetricBlock {
        var writer = try MetricBlockWriter(id: id, in: "/blocks", resolutionMilliseconds: 300_000, files)
        for (labels, samples) in series { try writer.add(labels, samples) }
        _ = try writer.finish(sequences: 3...9, replaced: [1, 2])
        return try open(id: id)
    }

    func open(id: UInt64 = 7, cacheByteLimit: Int = 1 << 20) throws -> MetricBlock {
        try MetricBlock(directory: "/blocks", id: id, files, MetricPageCache(byteLimit: cacheByteLimit))
    }

    /// Compares all that the block gives with what went in.
    func compare(_ block: MetricBlock, _ note: String) throws {
        var reader = MetricBlockReader(block)
        for (number, expected) in series.enumerated() {
            try reader.move(to: UInt32(number))
            #expect(try reader.labels() == expected.labels, "\(note)")
            var found = SampleColumns()
            for chunk in 0..<reader.chunkCount { found.merge(try reader.samples(try reader.chunk(chunk))) }
            #expect(found.timestamps == expected.samples.timestamps, "\(expected.labels), \(note)")
            #expect(found.values.map(\.bitPattern) == expected.samples.values.map(\.bitPattern), "\(expected.labels), \(note)")
        }
    }
}

@Suite("Blocks of metrics")
struct MetricBlockTests {
    @Test("a description whose log has no next record is damaged")
    func endlessLog() throws {
        var meta = MetricBlockMeta(id: 1)
        meta.lastSequence = .max
        #expect(throws: ByteCodingError.self) { try meta.encode().withUnsafeBytes { try MetricBlockMeta($0) } }
    }

    @Test("a block gives back every series bit for bit, whatever the cache holds", arguments: [0, 4_096, 1 << 20])
    func roundTrip(cacheByteLimit: Int) throws {
        let fixture = try BlockFixture(seed: 3, hosts: 40, sampleCount: 150)
        _ = try fixture.write()
        let block = try fixture.open(cacheByteLimit: cacheByteLimit)
        try fixture.compare(block, "limit \(cacheByteLimit)")
        try block.verify()
        #expect(block.cache.byteCount <= cacheByteLimit)
        #expect(block.meta.resolutionMilliseconds == 300_000 && block.meta.replaced == [1, 2] && block.meta.lastSequence == 9)
        #expect(block.meta.seriesCount == fixture.series.count)
    }

    @Test("series of one target share a column of timestamps, and long series have several chunks")
    func sharing() throws {
        let fixture = try BlockFixture(seed: 4, sampleCount: 5_000)
        let block = try fixture.write()
        try fixture.compare(block, "long")
        #expect(block.meta.chunkCount == fixture.series.count * 3)
        // Three of each of five targets, and the shortened series of one of them end each at another time.
        #expect(block.meta.timeColumnCount == 5 * 3 + 11)
    }

    @Test("labels are found by exact match and by postings, and what is not there is not")
    func lookUp() throws {
        let fixture = try BlockFixture(seed: 5, hosts: 60)
        let block = try fixture.write()
        for (number, entry) in fixture.series.enumerated() {
            #expect(try block.index.find(entry.labels) == UInt32(number))
            let last = entry.samples.count - 1
            #expect(try block.newest(entry.labels)?.timestamp == entry.samples.timestamps[last])
            let found = try block.value(entry.labels, at: entry.samples.timestamps[last / 2])
            #expect(found?.bitPattern == entry.samples.values[last / 2].bitPattern)
        }
        #expect(try block.index.find(Labels(["__name__": "metric_1", "instance": "10.0.0.1:9100"])) == nil)
        #expect(try block.index.find(Labels(["zzz": "b"])) == nil)
        #expect(try block.index.find(.empty) == nil)
        for matchers in [
            [try LabelMatcher("instance", .equal, "10.0.0.7:9100")], [try LabelMatcher("__name__", .matches, "metric_1.*")],
            [try LabelMatcher("__name__", .notEqual, "metric_3"), try LabelMatcher("job", .equal, "node")],
            [try LabelMatcher("é", .equal, "")], [try LabelMatcher("job", .equal, "other")],
        ] {
            let expected = fixture.series.indices.filter { number in
                matchers.allSatisfy { $0.matches(fixture.series[number].labels[$0.name] ?? "") }
            }
            #expect(try block.index.select(matchers) == expected.map(UInt32.init), "\(matchers)")
        }
        let names = try block.index.labelNames().map { String(decoding: $0, as: UTF8.self) }
        #expect(names == ["__name__", "instance", "job", "é"])
        var values: [String] = []
        try block.index.forEachValue(of: Array("instance".utf8)) { values.append(String(decoding: $0, as: UTF8.self)) }
        #expect(values.count == 60 && values == values.sorted())
    }

    @Test("a block with any byte turned or cut off is named as damaged or gives the right samples")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let fixture = try BlockFixture(seed: 6, hosts: 3, metrics: 11, sampleCount: 200)
        _ = try fixture.write()
        let path = "/blocks/block-0000000007"
        for round in 0..<400 {
            let name = ["meta", "index", "chunks", "times"][round % 4]
            let original = try fixture.files.readAll("\(path)/\(name)", limit: 1 << 24)
            var bytes = original
            if round % 5 == 0 {
                bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            } else {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            }
            let damaged = bytes
            try fixture.files.corrupt("\(path)/\(name)") { $0 = damaged }
            do {
                let block = try fixture.open()
                try block.checked { try fixture.compare(block, "seed \(seed), round \(round)") }
                try block.verify()
                Issue.record("damage of \(name) was not seen: seed \(seed), round \(round)")
            } catch let damage as MetricBlockDamage {
                #expect(damage.message.contains(path), "seed \(seed)")
            }
            try fixture.files.corrupt("\(path)/\(name)") { $0 = original }
        }
        try fixture.compare(try fixture.open(), "restored")
    }
}
