import EmbeddedStorage
import FaultLoad
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

/// A store on files that forget what was not synced. The power fails at drawn moments, also in the middle of a call; then the
/// store must hold what some moment between the last sync and the loss had seen.
@Suite("Loss of power under a store")
struct PowerLossTests {
    @Test("nothing that was synced is lost and nothing is invented, over writes, flushes, merges, deletions and restarts")
    func interval() throws {
        var totals = PowerLossRun.Totals()
        for seed in FaultScale.seeds(700) { try PowerLossRun(seed: seed, durability: .logged).run(&totals) }
        print("power loss, synced once an interval: \(totals)")
    }

    @Test("with durability always nothing acknowledged is lost")
    func always() throws {
        var totals = PowerLossRun.Totals()
        for seed in FaultScale.seeds(300) { try PowerLossRun(seed: seed, durability: .synced).run(&totals) }
        print("power loss, durability always: \(totals)")
    }
}

/// One store and its losses of power.
private final class PowerLossRun {
    /// What the runs have seen.
    struct Totals: CustomStringConvertible {
        var losses = 0
        var amidCall = 0
        var lostActions = 0
        var snapshots = 0
        var samples = 0

        var description: String {
            "\(losses) losses, \(amidCall) of them in the middle of a call; \(lostActions) actions after the last sync lost, \(samples) samples and \(snapshots) snapshots kept"
        }
    }

    private static let lives = 2
    private static let snapshotLimit = 3

    private let seed: UInt64
    private let durability: Durability
    private let files: FaultFileSystem
    private let workload: FaultWorkload
    private let time = ManualTime(now: FaultWorkload.now)
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

    init(seed: UInt64, durability: Durability) throws {
        self.seed = seed
        self.durability = durability
        files = FaultFileSystem(seed: seed)
        workload = FaultWorkload(seed: seed, writer: 0)
        random = SeededRandom(seed: seed)
        states = [InMemoryStore(time: time)]
        try open()
    }

    private func open() throws {
        var options = EmbeddedStoreOptions()
        options.durability = durability
        held = nil
        held = try EmbeddedStore.open(directory: "/store", options: options, fileSystem: files, time: time)
    }

    func run(_ totals: inout Totals) throws {
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
        switch Int.random(in: 0..<14, using: &random) {
        case 0: settle { try store.sync() }
        case 1: settle { try store.flush() }
        case 2: settle { try store.compact() }
        case 3: settle { try store.purgeDeleted() }
        case 4: settle { try store.maintain() }
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
    private func checkSnapshots(_ totals: inout Totals) throws {
        for (path, state) in snapshots {
            let copy = try EmbeddedStore.open(directory: path, fileSystem: files, time: time)
            let found = try PlainSeries.all(copy, workload.matchers)
            let expected = try PlainSeries.all(state, workload.matchers)
            #expect(found == expected, "seed \(seed), \(path): \(PlainSeries.difference(found, expected))")
            totals.snapshots += 1
        }
    }

    /// A call after which everything is durable, unless it throws.
    private func settle(_ call: () throws -> Void) {
        do {
            try call()
            states = states.suffix(1)
        } catch {
            #expect(error is StorageError, "seed \(seed): \(error)")
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
        let action = try workload.action(next)
        next += 1
        guard held != nil else { return }
        let state = states[states.count - 1].copy()
        // What throws may have been done or not.
        states.append(state)
        do {
            switch action {
            case .write(let batch):
                let expected = try state.write(batch)
                let receipt = try store.write(batch)
                #expect(FaultLine.counts(receipt) == FaultLine.counts(expected), "seed \(seed), action \(next - 1)")
                if durability == .synced { states = [state] }
            case .delete(let query):
                try state.delete(query)
                try store.delete(query)
                states = [state]
            }
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

    private func recover(_ place: String, _ totals: inout Totals) throws {
        let count = states.count
        try open()
        totals.lostActions += count - (try identify(place))
        try checkSnapshots(&totals)
        totals.samples += try PlainSeries.all(store, workload.matchers).reduce(0) { $0 + $1.bits.count }
    }

    /// Finds the state that the store holds; returns which one it was, counted from one.
    @discardableResult
    private func identify(_ place: String) throws -> Int {
        let found = try PlainSeries.all(store, workload.matchers)
        for (index, state) in states.enumerated().reversed() where try PlainSeries.all(state, workload.matchers) == found {
            // Opening has synced what it found.
            states = [state]
            return index + 1
        }
        let damages = try store.status().damages
        let durable = try PlainSeries.all(states[0], workload.matchers)
        Issue.record(
            "\(place): none of \(states.count) states; against the synced one: \(PlainSeries.difference(found, durable)); \(damages)"
        )
        states = states.suffix(1)
        return 1
    }
}
