import EmbeddedStorage
import FaultLoad
import Platform
import Storage
import TestSupport
import Testing

/// A store on files that forget what was not synced. The power fails at drawn moments, also in the middle of a call; then the
/// store must hold what some moment between the last sync and the loss had seen.
@Suite("Loss of power under a store")
struct PowerLossTests {
    @Test("nothing that was synced is lost and nothing is invented, over writes, flushes, merges, deletions and restarts")
    func interval() throws {
        try lose(MetricLoad.self, .logged, 700)
        try lose(SpanLoad.self, .logged, 30)
        try lose(SampledSpans.self, .logged, 8)
        try lose(SampledSpans.self, .logged, 8, .release)
        try lose(ThinnedSpans.self, .logged, 8, .thinning)
        try lose(SizedSpans.self, .logged, 8, .size)
    }

    @Test("with durability always nothing acknowledged is lost")
    func always() throws {
        try lose(MetricLoad.self, .synced, 300)
        try lose(SpanLoad.self, .synced, 15)
    }

    private func lose<Subject: FaultSubject>(
        _: Subject.Type, _ durability: Durability, _ count: Int, _ phase: KillPhase = .anyTime
    ) throws {
        var totals = PowerLossTotals()
        for seed in FaultScale.seeds(count) {
            try PowerLossRun<Subject>(seed: seed, durability: durability, phase).run(&totals)
        }
        print("power loss | \(Subject.name) | \(phase.rawValue) | \(durability) | \(totals)")
    }
}

/// What the runs have seen.
private struct PowerLossTotals: CustomStringConvertible {
    var losses = 0
    var amidCall = 0
    var lostActions = 0
    var snapshots = 0
    var items = 0
    /// Accepted and not to be seen.
    var hidden = 0

    var description: String {
        "\(losses) losses, \(amidCall) of them in the middle of a call; \(lostActions) actions after the last sync lost, \(items) items and \(snapshots) snapshots kept, \(hidden) items held back or old"
    }
}

/// One store and its losses of power.
private final class PowerLossRun<Subject: FaultSubject> {
    private static var lives: Int { 2 }
    private static var snapshotLimit: Int { 3 }

    private let seed: UInt64
    private let durability: Durability
    private let files: FaultFileSystem
    private let subject: Subject
    private let time: ManualTime
    /// How far each action moves the clock, nanoseconds.
    private let tick: UInt64
    private let options: EmbeddedStoreOptions
    private var random: SeededRandom
    /// Nobody holds the store, and so its lock, while it is opened anew.
    private var held: EmbeddedStore?
    private var store: EmbeddedStore { get throws { try #require(held) } }
    /// The states since the last sync, the oldest first: any of them may be what is left.
    private var states: [InMemoryStore]
    private var next = 0
    private var failsSyncs = true
    /// Where snapshots are, and what was there when they were made.
    private var snapshots: [(path: String, state: InMemoryStore)] = []

    init(seed: UInt64, durability: Durability, _ phase: KillPhase) throws {
        self.seed = seed
        self.durability = durability
        files = FaultFileSystem(seed: seed)
        subject = Subject(seed: seed, writer: 0, isSteady: phase.isSteady)
        time = ManualTime(now: phase.isSteady ? UInt64(FaultClock.start) * 1_000_000 : FaultClock.now)
        tick = phase.isSteady ? UInt64(FaultClock.steadyStep) * 1_000_000 : Subject.tick
        var options = Subject.options(phase, seed: seed)
        options.durability = durability
        self.options = options
        random = SeededRandom(seed: seed)
        states = [InMemoryStore(time: time)]
        try open()
    }

    private func open() throws {
        held = nil
        held = try EmbeddedStore.open(directory: "/store", options: options, fileSystem: files, time: time)
    }

    func run(_ totals: inout PowerLossTotals) throws {
        for life in 0..<Self.lives {
            let isAmidCall = Bool.random(using: &random)
            let isKilled = isAmidCall && Bool.random(using: &random)
            // What a process could not sync, and did not live to write anew, the next one cannot know of.
            failsSyncs = !isKilled
            for _ in 0..<Int.random(in: 1..<25, using: &random) { try step() }
            if isAmidCall {
                files.failPower(afterChanges: Int.random(in: 0..<40, using: &random))
                while !files.hasPowerFailed { try step() }
                totals.amidCall += 1
                if isKilled { try continueAsNewProcess() }
            }
            files.powerLoss()
            totals.losses += 1
            try recover("seed \(seed), life \(life)", &totals)
        }
    }

    /// It was not the power that failed, only the process; the power comes next.
    private func continueAsNewProcess() throws {
        files.endProcess()
        try open()
        try identify("seed \(seed), killed")
        for _ in 0..<Int.random(in: 0..<6, using: &random) { try step() }
    }

    private func step() throws {
        let isSyncFailing = failsSyncs && Int.random(in: 0..<10, using: &random) == 0
        if isSyncFailing { files.failSyncs(1) }
        let drawn = Int.random(in: 0..<14, using: &random)
        switch drawn {
        case 0..<5 where drawn < Subject.settlingOrders.count: settle { try Subject.settlingOrders[drawn](store) }
        case 3, 4: tolerating { try store.maintain() }
        case 5 where !files.hasPowerFailed: try restart()
        case 6 where snapshots.count < Self.snapshotLimit: try snapshot()
        default: try act()
        }
        files.failSyncs(0)
    }

    private func snapshot() throws {
        do {
            let made = try store.snapshot(includingHead: true) { _ in }
            snapshots.append((made.path, states[states.count - 1]))
        } catch {
            #expect(error is StorageError, "seed \(seed): \(error)")
        }
    }

    /// A snapshot that was made is there whole, whatever its store has lost.
    private func checkSnapshots(_ totals: inout PowerLossTotals) throws {
        for (path, state) in snapshots {
            let copy = try EmbeddedStore.open(directory: path, fileSystem: files, time: time)
            let found = try subject.content(of: copy)
            if let objection = try subject.objection(to: found, of: subject.content(of: state), in: copy, now: now) {
                Issue.record("seed \(seed), \(path): \(objection)")
            }
            totals.snapshots += 1
        }
    }

    /// A call after which everything is durable, unless it throws.
    private func settle(_ call: () throws -> Void) { if tolerating(call) { states = states.suffix(1) } }

    /// A call that may fail with a sentence; whether it did not.
    @discardableResult
    private func tolerating(_ call: () throws -> Void) -> Bool {
        do {
            try call()
            return true
        } catch {
            #expect(error is StorageError, "seed \(seed): \(error)")
            return false
        }
    }

    /// The process is killed and begins again, with the power on, unless it fails just then.
    private func restart() throws {
        files.failSyncs(0)
        do {
            try open()
            // Opening has synced what the last process left.
            states = states.suffix(1)
        } catch  where files.hasPowerFailed {}
    }

    private func act() throws {
        let action = next
        next += 1
        time.advance(nanoseconds: tick)
        guard held != nil else { return }
        let state = states[states.count - 1].copy()
        // What throws may have been done or not.
        states.append(state)
        do {
            let expected = try subject.perform(action, on: state)
            let counts = try subject.perform(action, on: store)
            #expect(counts == expected, "seed \(seed), action \(action)")
            if try durability == .synced || subject.settles(action) { states = [state] }
        } catch {
            #expect(error is StorageError, "seed \(seed): \(error)")
            if files.hasPowerFailed { return }
            // The next call must know where it starts from.
            do {
                try open()
                try identify("seed \(seed), after \(error)")
            } catch  where files.hasPowerFailed {}
        }
    }

    private func recover(_ place: String, _ totals: inout PowerLossTotals) throws {
        let count = states.count
        try open()
        totals.lostActions += count - (try identify(place))
        try checkSnapshots(&totals)
        totals.items += Subject.count(try subject.content(of: store))
        let accepted = try subject.content(of: states[0])
        totals.hidden += Subject.count(accepted) - Subject.count(try subject.content(of: store))
        #expect(try Subject.contradictions(in: store, accepted: [accepted], isCompacted: false).isEmpty, "\(place)")
    }

    private var now: Int64 { Int64(time.now() / 1_000_000) }

    /// Finds the state that the store holds; returns which one it was, counted from one.
    @discardableResult
    private func identify(_ place: String) throws -> Int {
        let found = try subject.content(of: store)
        var objection = ""
        for (index, state) in states.enumerated().reversed() {
            if let own = try subject.objection(to: found, of: subject.content(of: state), in: store, now: now) {
                objection = own
                continue
            }
            // Opening has synced what it found.
            states = [state]
            return index + 1
        }
        let damages = try store.status().damages
        Issue.record("\(place): none of \(states.count) states; against the synced one: \(objection); \(damages)")
        states = states.suffix(1)
        return 1
    }
}
