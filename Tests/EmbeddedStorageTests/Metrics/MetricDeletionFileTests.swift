import ByteCoding
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("Deletions of metrics on disk, with MetricDeletionGolden")
struct MetricDeletionFileTests {
    private func deletions() throws -> [MetricDeletion] {
        [
            MetricDeletion(
                sequence: 41, blockLimit: 7, from: 0, through: .max, matchers: [try LabelMatcher("__name__", .equal, "up")]),
            MetricDeletion(
                sequence: 42, blockLimit: 9, from: -5, through: 1_763_683_200_000,
                matchers: [try LabelMatcher("job", .matches, "a|b"), try LabelMatcher("ort", .notEqual, "Zürich")]),
        ]
    }

    @Test("the file has the bytes it has always had, and reads back as what was written")
    func golden() throws {
        let bytes = MetricDeletionFile.encode(try deletions())
        #expect(try Golden.difference(bytes, from: "Tests/EmbeddedStorageTests/Golden/metric-deletions") == nil)
        let read = bytes.withUnsafeBytes { MetricDeletionFile.decode($0, path: "x") }
        #expect(read.deletions == (try deletions()) && read.damages.isEmpty)
    }

    @Test("a mutated file gives only orders that were written, and says what is damaged")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let known = try deletions()
        let bytes = MetricDeletionFile.encode(known)
        for _ in 0..<2_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                damaged.removeLast(Int.random(in: 1..<damaged.count, using: &random))
            }
            if damaged == bytes { continue }
            let read = damaged.withUnsafeBytes { MetricDeletionFile.decode($0, path: "x") }
            #expect(read.deletions.allSatisfy(known.contains), "seed \(seed)")
            // A file that was cut behind an order cannot be told from one that never had the next.
            #expect(!read.damages.isEmpty || read.deletions.count < known.count, "seed \(seed)")
        }
    }

    @Test("a version that there never was is damage")
    func versionZero() throws {
        var bytes = MetricDeletionFile.encode(try deletions())
        bytes[4] = 0
        let read = bytes.withUnsafeBytes { MetricDeletionFile.decode($0, path: "x") }
        #expect(read.deletions.isEmpty && read.damages.count == 1)
    }

    @Test("an order that is damaged is named and kept aside, the others stay in force, and the store opens")
    func damaged() throws {
        let system = FaultFileSystem(seed: 0)
        let time = ManualTime(now: 1_763_683_200_000_000_000)
        func open() throws -> MetricStore { try MetricStore.open(directory: "/m", fileSystem: system, time: time) }
        var store = try open()
        var batch = MetricBatch()
        for host in ["a", "b", "c"] { batch.append(Labels(["host": host]), [Sample(timestamp: 1, value: 1)]) }
        _ = try store.write(batch)
        for host in ["a", "b"] {
            try store.delete(SeriesQuery([try LabelMatcher("host", .equal, host)], from: 0, through: .max))
        }
        #expect(store.status().deletions == 2)
        try system.corrupt("/m/deletions") { $0[40] ^= 1 }
        store = try open()
        let everything = SeriesQuery([try LabelMatcher("host", .notEqual, "")], from: 0, through: .max)
        #expect(try store.labelValues("host", everything, limit: 9) == ["a", "c"])
        #expect(store.status().damages.count == 1 && store.status().deletions == 1)
        #expect(try system.list("/m").contains(MetricDeletionFile.damagedName))
        store = try open()
        #expect(store.status().damages.isEmpty)
        try store.purgeDeleted()
        #expect(try store.status().deletions == 0 && !system.list("/m").contains(MetricDeletionFile.name))
        #expect(try open().labelValues("host", everything, limit: 9) == ["a", "c"])
    }

    @Test("deleting while samples keep coming, late ones and increments among them, leaves what a restart finds")
    func concurrent() async throws {
        let system = FaultFileSystem(seed: 0)
        let time = ManualTime(now: 1_763_683_200_000_000_000)
        let store = try MetricStore.open(directory: "/m", fileSystem: system, time: time)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for step in 0..<600 as Range<Int64> {
                    var batch = MetricBatch()
                    for host in ["a", "b", "c"] {
                        let late = Sample(timestamp: max(0, step - 7) * 1_000, value: Double(step))
                        batch.append(
                            Labels(["host": host]), [Sample(timestamp: step * 1_000 + 1, value: Double(step)), late],
                            isDelta: host == "c")
                    }
                    _ = try store.write(batch)
                }
            }
            group.addTask {
                for round in 0..<15 as Range<Int64> {
                    let matcher = try LabelMatcher("host", .matches, round % 2 == 0 ? "a|c" : "b|c")
                    try store.delete(SeriesQuery([matcher], from: round * 3_000, through: round % 3 == 0 ? .max : round * 30_000))
                }
            }
            try await group.waitForAll()
        }
        func content(_ store: MetricStore) throws -> [String: [[Int64]]] {
            var found: [String: [[Int64]]] = [:]
            try store.scan(SeriesQuery([try LabelMatcher("host", .notEqual, "")], from: 0, through: .max)) { series in
                found[series.labels.description] = zip(series.timestamps, series.values).map { [$0, Int64($1)] }
            }
            return found
        }
        let again = try MetricStore.open(directory: "/m", fileSystem: system, time: time)
        #expect(try content(again) == content(store))
    }

    @Test("an acknowledged deletion survives any loss of power, and nothing else is deleted", arguments: 0..<60)
    func powerLoss(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let system = FaultFileSystem(seed: seed)
        try system.makeDirectory("/store/m")
        try system.syncDirectory("/store")
        try system.syncDirectory("/")
        let time = ManualTime(now: 1_763_683_200_000_000_000)
        // What must be there, by host; a host is deleted as a whole and may be written again.
        var expected: [String: [Int64]] = [:]
        for round in 0..<4 {
            let store = try MetricStore.open(directory: "/store/m", fileSystem: system, time: time)
            for step in 0..<Int.random(in: 1..<12, using: &random) {
                let host = "h\(Int.random(in: 0..<4, using: &random))"
                let timestamp = Int64(round * 100 + step)
                var batch = MetricBatch()
                batch.append(Labels(["host": host]), [Sample(timestamp: timestamp, value: 1)])
                _ = try store.write(batch)
                expected[host, default: []].append(timestamp)
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    try store.delete(SeriesQuery([try LabelMatcher("host", .equal, host)], from: 0, through: .max))
                    expected[host] = nil
                case 1: try store.flush()
                case 2: try store.compact()
                case 3: try store.purgeDeleted()
                default: break
                }
            }
            try store.sync()
            system.powerLoss()
            let found = try MetricStore.open(directory: "/store/m", fileSystem: system, time: time)
            var left: [String: [Int64]] = [:]
            try found.scan(SeriesQuery([try LabelMatcher("host", .notEqual, "")], from: 0, through: .max)) {
                left[$0.labels["host"] ?? ""] = Array($0.timestamps)
            }
            #expect(left == expected, "seed \(seed), round \(round)")
        }
    }
}
