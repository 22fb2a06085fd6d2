import EmbeddedStorage
import FaultLoad
import Foundation
import Platform
import Storage
import TestSupport
import Testing

/// A process that works on a store kills itself at a drawn operation of a phase; then the store is opened here and compared
/// with the actions that the process had acknowledged.
@Suite("kill -9 in each phase of a store")
struct KillTests {
    private static let lives = 5
    private static let folders = 5

    @Test("what was acknowledged is there, nothing else, and only a torn end of the log is damaged", arguments: KillPhase.allCases)
    func kills(phase: KillPhase) async throws {
        var places: [String: Int] = [:]
        for seed in FaultScale.seeds(Self.folders) {
            try await TestBench.withFolder { folder in
                var run = KillRun(folder: folder, phase: phase, seed: seed)
                for life in 0..<Self.lives { places[try run.round(life), default: 0] += 1 }
            }
        }
        let list = places.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let count = places.values.reduce(0, +)
        print("kill rounds | \(phase.rawValue) | \(count) | \(list)")
        #expect(count >= 20)
    }
}

/// The lives of one store.
private struct KillRun {
    let folder: URL
    let phase: KillPhase
    let seed: UInt64
    private var random: SeededRandom
    private var writers: [WriterModel]
    /// The latest moment that any life has come to, milliseconds.
    private var latest = FaultWorkload.start

    init(folder: URL, phase: KillPhase, seed: UInt64) {
        self.folder = folder
        self.phase = phase
        self.seed = seed
        random = SeededRandom(seed: seed &+ phase.rawValue.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        writers = (0..<2).map { WriterModel(seed: seed, writer: $0, isSteady: phase == .retention) }
    }

    private var data: String { folder.appendingPathComponent("data").path }

    /// One life: runs the process until it is dead, opens the store, checks it. Returns where the process was killed.
    mutating func round(_ life: Int) throws -> String {
        let moment = KillingFileSystem.Moment.allCases.randomElement(using: &random) ?? .before
        let count = Int.random(in: 0..<phase.operationRange, using: &random)
        let place = "\(phase.rawValue), seed \(seed), life \(life)"
        let child = try ChildProcess(
            TestBench.product("FaultChild"),
            [data, "\(seed)", phase.rawValue, moment.rawValue, "\(count)"] + writers.map { "\($0.next)" },
            logFile: folder.appendingPathComponent("life-\(life).log"))
        let status = child.end(0, seconds: 60)
        let lines = child.log.split(separator: "\n").compactMap { FaultLine($0) }
        try #require(status == -SIGKILL, "\(place): status \(status): \(child.log.suffix(500))")
        var killed = ""
        var snapshot: (path: String, from: [Int], through: [Int])?
        let first = writers.map(\.next).max() ?? 0
        var steps = 1
        for line in lines {
            switch line {
            case .done(let writer, let index, let counts):
                try #require(writers[writer].next == index, "\(place)")
                try writers[writer].acknowledge(counts: counts, place)
                if writer == 0 { steps += 1 }
            case .snapshot(let path, let from, let through): snapshot = (path, from, through)
            case .killedAt(let operation): killed = operation
            case .failed(let sentence): Issue.record("\(place): \(sentence)")
            }
        }
        latest = max(latest, FaultWorkload.start + Int64(first + steps) * FaultWorkload.steadyStep)
        try check("\(place), \(killed) after \(count)")
        if let snapshot { try checkSnapshot(snapshot.path, snapshot.from, snapshot.through, "\(place), \(killed) after \(count)") }
        return killed
    }

    /// A snapshot is a data folder of its own.
    private func checkSnapshot(_ path: String, _ from: [Int], _ through: [Int], _ place: String) throws {
        #expect(try StoreVerifier.verify(directory: path).isSound, "\(place)")
        let store = try EmbeddedStore.open(directory: path, time: ManualTime(now: FaultWorkload.now))
        for writer in writers.indices {
            try WriterModel.check(store, seed: seed, writer: writer, from: from[writer], through: through[writer], place)
        }
    }

    private mutating func check(_ place: String) throws {
        // A torn record is all that a killed process may leave behind.
        for item in try StoreVerifier.verify(directory: data).items where !item.isSound {
            #expect(item.path.hasSuffix(".log"), "\(place): \(item)")
        }
        let time = ManualTime(now: phase == .retention ? UInt64(latest) * 1_000_000 : FaultWorkload.now)
        let store = try EmbeddedStore.open(directory: data, options: phase.storeOptions, time: time)
        let others = store.status().damages.filter { !$0.contains(".log") }
        #expect(others.isEmpty, "\(place)")
        for index in writers.indices {
            try writers[index].check(store, expired: phase == .retention ? latest - phase.storeOptions.retentionTime : 0, place)
        }
        let snapshots = try? FileManager.default.contentsOfDirectory(atPath: "\(data)/snapshots")
        #expect(snapshots?.contains { $0.hasSuffix(".tmp") } != true, "\(place)")
        let blocks = try FileManager.default.contentsOfDirectory(atPath: "\(data)/metrics/blocks")
        #expect(!blocks.contains { $0.contains(".tmp") }, "\(place)")
        #expect(try StoreVerifier.verify(directory: data).isSound, "\(place)")
    }
}
