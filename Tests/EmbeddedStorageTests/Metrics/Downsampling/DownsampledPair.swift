import Platform
import QueryEngine
import QueryLanguages
import Storage
import TelemetryModel

@testable import EmbeddedStorage

/// Two stores that are sent the same samples: one keeps all of them, the other one keeps samples for six hours, aggregates of
/// five minutes for a day and aggregates of an hour for ever.
final class DownsampledPair {
    static let hour: Int64 = 3_600_000
    /// 2025-11-21T00:00:00Z.
    static let start: Int64 = 1_763_683_200_000

    let time = ManualTime(now: UInt64(DownsampledPair.start) * 1_000_000)
    let system: FailingFileSystem
    let whole: MetricStore
    private(set) var thinned: MetricStore
    var random: SeededRandom
    private var options = MetricStoreOptions()
    private(set) var now = DownsampledPair.start

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        system = FailingFileSystem(seed: seed)
        options.retentionTime = 6 * Self.hour
        options.retention5m = 24 * Self.hour
        options.retention1h = 10_000 * Self.hour
        options.headSampleLimit = 1_500
        try system.makeDirectory("/thin/metrics")
        try system.syncDirectory("/thin")
        try system.syncDirectory("/")
        whole = try MetricStore.open(directory: "/whole", fileSystem: FaultFileSystem(seed: seed), time: time)
        thinned = try MetricStore.open(directory: "/thin/metrics", options: options, fileSystem: system, time: time)
    }

    func reopen() throws {
        thinned = try MetricStore.open(directory: "/thin/metrics", options: options, fileSystem: system, time: time)
    }

    /// The kinds of series: whole numbers, decimals, all that a double can be, and one that comes late and is corrected.
    static let series: [Labels] = ["int", "decimal", "odd", "late"].map { Labels(["__name__": "load", "kind": $0]) }

    /// Goes on by some minutes and writes what came meanwhile.
    func advance(minutes: Int) throws {
        let from = now
        now += Int64(minutes) * 60_000
        time.advance(nanoseconds: UInt64(minutes) * 60_000_000_000)
        var batch = MetricBatch()
        for (index, labels) in Self.series.enumerated() {
            // The last one is half an hour behind.
            let delay: Int64 = index == 3 ? 1_800_000 : 0
            var samples: [Sample] = []
            var timestamp = from - delay + Int64.random(in: 0..<30_000, using: &random)
            while timestamp < now - delay {
                // Multiples of five minutes are the borders of buckets.
                let isBorder = Int.random(in: 0..<8, using: &random) == 0
                let at = isBorder ? (timestamp + 299_999) / 300_000 * 300_000 : timestamp
                if at < now - delay { samples.append(Sample(timestamp: at, value: value(index))) }
                timestamp = max(at, timestamp) + Int64.random(in: 20_000..<90_000, using: &random)
                // A gap, now and then.
                if Int.random(in: 0..<60, using: &random) == 0 { timestamp += Int64.random(in: 0..<2_000_000, using: &random) }
            }
            if index == 3, let last = samples.last {
                for back in [Int64(0), 240_000, 700_000] { samples.append(Sample(timestamp: last.timestamp - back, value: 7)) }
            }
            batch.append(labels, samples)
        }
        for store in [whole, thinned] { _ = try store.write(batch) }
    }

    private func value(_ index: Int) -> Double {
        switch index {
        case 0: return Double(Int.random(in: -1_000...100_000, using: &random))
        case 2:
            return [0, -0.0, .nan, Double(bitPattern: 0x7FF8_0000_0000_0042), .infinity, -1e300, 1e300, Sample.staleMarker, 3]
                .randomElement(using: &random) ?? 0
        default:
            if Int.random(in: 0..<20, using: &random) == 0 { return Sample.staleMarker }
            return (Double.random(in: 0..<100, using: &random) * 1_000).rounded() / 1_000
        }
    }

    /// A query over a range in both stores.
    func ask(
        _ expression: String, start: Int64, end: Int64, step: Int64
    ) throws -> (
        whole: [SeriesSamples], thinned: [SeriesSamples], warnings: [String]
    ) {
        func answer(_ store: MetricStore) throws -> ([SeriesSamples], [String]) {
            let result = try PromQLEngine(reader: store, time: time, features: .all).range(
                expression, start: start, end: end, step: step)
            guard case .matrix(let found) = result.value else { return ([], []) }
            return (found, result.annotations.filter { $0.level == .warning }.map(\.description))
        }
        let (expected, _) = try answer(whole)
        let (found, warnings) = try answer(thinned)
        return (expected, found, warnings)
    }

    /// What is wrong when two answers are to be the same, sums within rounding; nil when nothing is.
    static func difference(_ found: [SeriesSamples], _ expected: [SeriesSamples], isSum: Bool) -> String? {
        if found.map(\.labels) != expected.map(\.labels) { return "\(found.map(\.labels)) instead of \(expected.map(\.labels))" }
        for (a, b) in zip(found, expected) {
            if a.timestamps != b.timestamps { return "\(a.labels): \(a.timestamps.count) steps instead of \(b.timestamps.count)" }
            for (index, (x, y)) in zip(a.values, b.values).enumerated() where !isSame(x, y, isSum: isSum, a.labels) {
                return "\(a.labels) at \(a.timestamps[index]): \(x) instead of \(y)"
            }
        }
        return nil
    }

    private static func isSame(_ x: Double, _ y: Double, isSum: Bool, _ labels: Labels) -> Bool {
        if x.bitPattern == y.bitPattern { return true }
        guard isSum else { return false }
        switch labels["kind"] {
        case "int": return false
        // Sums that overflow on the way, and the signs of zero and NaN, are not promised.
        case "odd": return true
        // At most a few thousand values below 100.
        default: return (x - y).magnitude < 1e-9
        }
    }
}
