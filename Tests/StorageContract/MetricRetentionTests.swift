import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@Suite("Retention against the reference")
struct MetricRetentionTests {
    private static let retentionTime: Int64 = 14_400_000

    @Test("what is young enough is all there, what is older is what was written or gone", arguments: 0..<60)
    func retention(round: Int) throws {
        let seed = round < 50 ? UInt64(round) : UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let time = ManualTime(now: UInt64(MetricStoreUnderTest.now) * 1_000_000)
        let files = FaultFileSystem(seed: seed)
        let reference = InMemoryStore(time: time)
        var options = MetricStoreOptions()
        options.retentionTime = Self.retentionTime
        options.mergeWidth = 3
        func open() throws -> MetricStore {
            try MetricStore.open(directory: "/store/metrics", options: options, fileSystem: files, time: time)
        }
        var engine = try open()
        let matchers = [try LabelMatcher("__name__", .equal, "m")]
        for step in 0..<60 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: try engine.flush()
            case 1: try engine.compact()
            case 2: try engine.maintain()
            case 3: engine = try open()
            case 4: time.advance(nanoseconds: UInt64.random(in: 0..<3_600_000_000_000, using: &random))
            default:
                let batch = Self.batch(now: time.nowMilliseconds(), &random)
                let receipt = try engine.write(batch)
                let expected = try reference.write(batch)
                #expect(receipt.stored == expected.stored, "seed \(seed), step \(step)")
            }
            let oldest = time.nowMilliseconds() - Self.retentionTime
            let found = try PlainSeries.all(engine, matchers, from: oldest)
            let whole = try PlainSeries.all(reference, matchers, from: oldest)
            #expect(found == whole, "seed \(seed), step \(step): \(PlainSeries.difference(found, whole))")
            let left = try PlainSeries.all(engine, matchers, through: oldest - 1)
            let known = try PlainSeries.all(reference, matchers, through: oldest - 1)
            for series in left {
                let times = known.first { $0.labels == series.labels }?.timestamps ?? []
                #expect(Set(series.timestamps).isSubset(of: times), "seed \(seed), step \(step)")
            }
        }
    }

    /// Samples of the last half hour, late ones among them; series come and go.
    private static func batch(now: Int64, _ random: inout SeededRandom) -> MetricBatch {
        var batch = MetricBatch()
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let age = Int64.random(in: 0..<1_800_000, using: &random)
            let pod = (now / 7_200_000 + Int64.random(in: 0..<3, using: &random)) % 100
            let samples = (0..<Int64.random(in: 1...20, using: &random)).map {
                Sample(timestamp: now - age + $0 * 1_000, value: Double.random(in: 0..<1, using: &random))
            }
            batch.append(Labels(["__name__": "m", "pod": "\(pod)"]), samples)
        }
        return batch
    }
}
