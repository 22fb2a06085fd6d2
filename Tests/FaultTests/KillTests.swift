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
    @Test(
        "samples that were acknowledged are there, nothing else is, and only a torn end of the log is damaged",
        arguments: MetricLoad.phases)
    func metrics(phase: KillPhase) async throws {
        try await kill(MetricLoad.self, phase, folders: 5, lives: 5)
    }

    @Test(
        "spans that were acknowledged are there, once, by id and by search, and rollups are those of a recount",
        arguments: SpanLoad.phases)
    func spans(phase: KillPhase) async throws {
        try await kill(SpanLoad.self, phase, folders: 1, lives: 2)
    }

    @Test("sampling shows what its rules keep, all that was acknowledged is counted, and once", arguments: SampledSpans.phases)
    func sampledSpans(phase: KillPhase) async throws {
        try await kill(SampledSpans.self, phase, folders: 1, lives: 2)
    }

    @Test("what is kept longer is there as long, and what is counted is counted whole", arguments: ThinnedSpans.phases)
    func thinnedSpans(phase: KillPhase) async throws {
        try await kill(ThinnedSpans.self, phase, folders: 1, lives: 3)
    }

    @Test("of spans that need too much room the oldest go, with what counts them", arguments: SizedSpans.phases)
    func sizedSpans(phase: KillPhase) async throws {
        try await kill(SizedSpans.self, phase, folders: 1, lives: 3)
    }

    private func kill<Subject: FaultSubject>(_: Subject.Type, _ phase: KillPhase, folders: Int, lives: Int) async throws {
        var places: [String: Int] = [:]
        for seed in FaultScale.seeds(folders) {
            try await TestBench.withFolder { folder in
                var run = KillRun<Subject>(folder: folder, phase: phase, seed: seed)
                for life in 0..<lives {
                    for place in try run.round(life, isLast: life == lives - 1) { places[place, default: 0] += 1 }
                }
            }
        }
        let list = places.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let count = places.values.reduce(0, +)
        print("kill rounds | \(Subject.name) | \(phase.rawValue) | \(count) | \(list)")
        #expect(count >= folders * lives)
    }
}

/// The lives of one store.
private struct KillRun<Subject: FaultSubject> {
    /// A recovery is killed at most so often before it may end.
    private static var recoveryLimit: Int { 3 }

    private let folder: URL
    private let phase: KillPhase
    private let seed: UInt64
    private let options: EmbeddedStoreOptions
    private var random: SeededRandom
    private var writers: [FaultModel<Subject>]
    /// The latest moment that any life has come to, milliseconds.
    private var latest = FaultClock.start

    init(folder: URL, phase: KillPhase, seed: UInt64) {
        self.folder = folder
        self.phase = phase
        self.seed = seed
        options = Subject.options(phase, seed: seed)
        random = SeededRandom(seed: seed &+ phase.rawValue.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        writers = (0..<2).map { FaultModel(seed: seed, writer: $0, isSteady: phase.isSteady) }
    }

    private var data: String { folder.appendingPathComponent("data").path }

    /// One life: runs the process until it is dead, opens the store, checks it. Returns where the process was killed; who is
    /// killed before it has the store open is followed by the next at once.
    mutating func round(_ life: Int, isLast: Bool) throws -> [String] {
        var places: [String] = []
        repeat {
            places.append(try live("\(life).\(places.count)"))
        } while phase == .recovery
            && places.last != "at any time" && places.count < Self.recoveryLimit
        try check("\(Subject.name), \(phase.rawValue), seed \(seed), life \(life), killed \(places)", isLast: isLast)
        return places
    }

    private mutating func live(_ life: String) throws -> String {
        let moment = KillingFileSystem.Moment.allCases.randomElement(using: &random) ?? .before
        let count = Int.random(in: 0..<phase.operationRange, using: &random)
        let place = "\(Subject.name), \(phase.rawValue), seed \(seed), life \(life)"
        let child = try ChildProcess(
            TestBench.product("FaultChild"),
            [data, Subject.name, "\(seed)", phase.rawValue, moment.rawValue, "\(count)"] + writers.map { "\($0.next)" },
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
        latest = max(latest, FaultClock.start + Int64(first + steps) * FaultClock.steadyStep)
        if let snapshot { try checkSnapshot(snapshot.path, snapshot.from, snapshot.through, "\(place), \(killed) after \(count)") }
        return killed
    }

    /// A snapshot is a data folder of its own.
    private func checkSnapshot(_ path: String, _ from: [Int], _ through: [Int], _ place: String) throws {
        #expect(try StoreVerifier.verify(directory: path).isSound, "\(place)")
        let store = try EmbeddedStore.open(directory: path, time: ManualTime(now: FaultClock.now))
        let accepted = try writers.indices.map {
            try FaultModel<Subject>.check(store, seed: seed, writer: $0, from: from[$0], through: through[$0], place)
        }
        expectNone(try Subject.contradictions(in: store, accepted: accepted, isCompacted: false), place)
    }

    private mutating func check(_ place: String, isLast: Bool) throws {
        // A torn record is all that a killed process may leave behind; who died early has not even made the folder a store.
        if FileManager.default.fileExists(atPath: "\(data)/HEADROPE") {
            for item in try StoreVerifier.verify(directory: data).items where !item.isSound {
                #expect(item.path.hasSuffix(".log"), "\(place): \(item)")
            }
        }
        let time = ManualTime(now: phase.isSteady ? UInt64(latest) * 1_000_000 : FaultClock.now)
        let store = try EmbeddedStore.open(directory: data, options: options, time: time)
        let others = store.status().damages.filter { !$0.contains(".log") }
        #expect(others.isEmpty, "\(place)")
        for index in writers.indices {
            try writers[index].check(
                store, expired: phase == .retention ? latest - options.retentionTime : 0, now: latest, place)
        }
        let accepted = try writers.map { try $0.accepted }
        // All answers take longer than the rest: by hand after each life, else after the last.
        if isLast || FaultScale.factor > 1 {
            expectNone(try Subject.contradictions(in: store, accepted: accepted, isCompacted: false), place)
        }
        if isLast {
            try store.compact()
            expectNone(try Subject.contradictions(in: store, accepted: accepted, isCompacted: true), "\(place), compacted")
        }
        let snapshots = try? FileManager.default.contentsOfDirectory(atPath: "\(data)/snapshots")
        let blocks = try FileManager.default.contentsOfDirectory(atPath: "\(data)/\(Subject.folder)/blocks")
        #expect(((snapshots ?? []) + blocks).filter { KillPhase.isTemporary("/\($0)") }.isEmpty, "\(place)")
        #expect(try StoreVerifier.verify(directory: data).isSound, "\(place)")
    }

    private func expectNone(_ contradictions: [String], _ place: String) {
        if let first = contradictions.first { Issue.record("\(place): \(first)") }
    }
}
