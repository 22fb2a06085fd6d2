import EmbeddedStorage
import FaultLoad
import Foundation
import Platform
import Storage
import Synchronization

/// One life of a store: two threads write, a third one cuts, merges and lets old blocks go, until the process is killed.
final class FaultLife<Subject: FaultSubject>: Sendable {
    /// When the phase has not come by then, the process dies all the same, seconds.
    private static var longest: Double { 20 }

    private let files: KillingFileSystem
    private let store: EmbeddedStore
    private let time: ManualTime
    private let phase: KillPhase
    private let seed: UInt64
    /// The next action of each writer that is not acknowledged.
    private let next = Mutex([0, 0])

    init(folder: String, seed: UInt64, files: KillingFileSystem, phase: KillPhase) throws {
        self.files = files
        self.phase = phase
        self.seed = seed
        time = ManualTime(now: phase.isSteady ? UInt64(FaultClock.start) * 1_000_000 : FaultClock.now)
        var options = Subject.options(phase, seed: seed)
        if phase == .poolCut {
            options.spans.cutPool = BlockingPool(name: "cut", threadCount: 1, queueLimit: 1)
        }
        let time = time
        store = try files.during(.open) {
            try EmbeddedStore.open(directory: folder, options: options, fileSystem: files, time: time)
        }
    }

    func run(from first: [Int]) throws -> Never {
        if phase.isSteady {
            time.advance(nanoseconds: UInt64(first.max() ?? 0) * UInt64(FaultClock.steadyStep) * 1_000_000)
        }
        next.withLock { $0 = first }
        // What was under way when the last life ended comes again at once, before it can be forgotten.
        try files.during(.none) { for (writer, index) in first.enumerated() { try write(writer, index) } }
        for (writer, index) in first.enumerated() {
            Thread.detachNewThread {
                self.files.noteWriter()
                self.surely { for next in (index + 1)... { try self.write(writer, next) } }
            }
        }
        // Who has survived its recovery dies, too.
        if phase == .anyTime || phase == .recovery {
            Thread.detachNewThread {
                usleep(UInt32.random(in: 5_000..<400_000))
                KillingFileSystem.die(.killedAt("at any time"))
            }
        }
        let end = Date().addingTimeInterval(Self.longest)
        var random = SeededRandom(seed: seed)
        while Date() < end {
            for _ in 0..<3 {
                usleep(UInt32.random(in: 1_000..<8_000, using: &random))
                if phase == .poolCut { continue }
                // Upkeep would delete, too, and not when it is told to.
                try files.during(.cut) { if phase.isSteady { try store.flush() } else { try Subject.cut(store) } }
            }
            if phase.isSteady {
                try files.during(.retain) { try store.maintain() }
            } else if phase == .snapshot {
                try snapshot()
            } else if phase == .poolCut {
                // Merges now and then, which keep the pool waiting.
                if Int.random(in: 0..<8, using: &random) == 0 { try files.during(.compact) { try store.maintain() } }
            } else if phase != .relog {
                try files.during(.compact) { try store.compact() }
            }
        }
        KillingFileSystem.die(.killedAt("at any time"))
    }

    private func snapshot() throws {
        let before = next.withLock { $0 }
        let made = try files.during(.snapshot) { try store.snapshot(includingHead: true) { _ in } }
        // A write may be in it whose line has not been written yet.
        FaultLine.snapshot(path: made.path, from: before, through: next.withLock { $0 }.map { $0 + 1 }).print()
    }

    private func write(_ writer: Int, _ index: Int) throws {
        let counts = try Subject(seed: seed, writer: writer, isSteady: phase.isSteady).perform(index, on: store)
        next.withLock { $0[writer] = index + 1 }
        FaultLine.done(writer: writer, index: index, counts: counts).print()
        if phase.isSteady {
            if writer == 0 { time.advance(nanoseconds: UInt64(FaultClock.steadyStep) * 1_000_000) }
        } else {
            time.advance(nanoseconds: Subject.tick)
        }
        usleep(Subject.pause)
    }

    /// Ends the process when something fails.
    private func surely(_ body: () throws -> Void) {
        do { try body() } catch {
            FaultLine.failed("\(error)").print()
            exit(1)
        }
    }
}
