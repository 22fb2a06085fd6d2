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
