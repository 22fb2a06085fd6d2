import Platform
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@testable import EmbeddedStorage

@Suite("RollupSection")
struct RollupSectionTests {
    /// The sums of random traces over some hours, less those of others, so that some are negative.
    private func table(_ generator: inout RandomSpans, signed: Bool = true) -> RollupTable {
        generator.width = 20_000_000_000_000
        var table = RollupBuilder.rollup(SpanBatch((0..<12).flatMap { _ in generator.trace(spanCount: 20) }))
        // Only what can change with a late part is ever taken back.
        if signed {
            let other = RollupBuilder.rollup(SpanBatch((0..<4).flatMap { _ in generator.trace(spanCount: 20) }))
            table.subtract(other.only([.edges, .statements, .nodes]))
        }
        return table
    }

    @Test("rows come back exactly, signed as they are", arguments: 0..<10 as Range<UInt64>)
    func rows(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        let table = table(&generator)
        let encoded = RollupSectionWriter.encode(table)
        let section = try RollupSection(encoded.bytes)
        #expect(try section.rows(minutes: Int64.min...Int64.max) == table, "seed \(seed)")
        #expect(section.minutes == encoded.minutes, "seed \(seed)")
        #expect(section.levels.count > 2, "seed \(seed)")
        for part in [RollupParts.operations, .edges, .statements, .nodes, .instances] {
            #expect(try section.rows(minutes: Int64.min...Int64.max, parts: part) == table.only(part), "seed \(seed)")
        }
    }

    @Test("sums over any range are those of its minutes", arguments: 0..<20 as Range<UInt64>)
    func sums(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        let table = table(&generator)
        let section = try RollupSection(RollupSectionWriter.encode(table).bytes)
        let origin = Int64(generator.origin / 60_000_000_000)
        for _ in 0..<40 {
            let first = origin - 20 + Int64(generator.below(400))
            let range = first...(first + Int64(generator.below(400)))
            let expected = table.restricted(to: range).summed { _ in 0 }
            #expect(try section.sums(minutes: range) == expected, "seed \(seed), \(range)")
        }
        #expect(try section.sums(minutes: Int64.min...Int64.max) == table.summed { _ in 0 }, "seed \(seed)")
    }

    @Test("merged sections have the bytes of the section of the sum", arguments: 0..<10 as Range<UInt64>)
    func merging(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        let tables = (0..<3).map { _ in table(&generator) }
        var sum = RollupTable()
        for table in tables { sum.merge(table) }
        let merged = try RollupSectionWriter.merged(
            try tables.map { try RollupSection(RollupSectionWriter.encode($0).bytes) })
        #expect(try RollupSection(merged.bytes).rows(minutes: Int64.min...Int64.max) == sum, "seed \(seed)")
    }

    @Test("changed and cut bytes are refused or read", arguments: 0..<10 as Range<UInt64>)
    func mutation(seed: UInt64) throws {
        var generator = RandomSpans(seed: seed)
        let bytes = RollupSectionWriter.encode(table(&generator)).bytes
        func read(_ bytes: [UInt8]) throws {
            let section = try RollupSection(bytes)
            try section.verify()
            let table = try section.sums(minutes: Int64.min...Int64.max).settled()
            for row in table.operations.values { _ = row.durations.quantile(0.95) }
            _ = try section.rows(minutes: -5...29_400_000).settled()
        }
        for _ in 0..<200 {
            var changed = bytes
            for _ in 0...generator.below(3) { changed[generator.below(changed.count)] = UInt8(generator.below(256)) }
            try? read(changed)
            try? read(Array(bytes[..<generator.below(bytes.count)]))
            // The beginning says where everything is.
            changed = bytes
            changed[generator.below(min(40, changed.count))] = UInt8(generator.below(256))
            try? read(changed)
            _ = try? RollupSectionVersion1.decode(changed).settled()
        }
    }

    @Test("units are counted downwards before 1970, too")
    func units() {
        #expect([-61, -60, -1, 0, 59, 60].map { RollupSection.floor($0, 60) } == [-2, -1, -1, 0, 0, 1])
        #expect(RollupSection.floor(Int64.min, 1) == Int64.min)
    }
}
