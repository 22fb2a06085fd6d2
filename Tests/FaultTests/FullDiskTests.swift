import EmbeddedStorage
import FaultLoad
import Platform
import Storage
import TestSupport
import Testing

/// A disk that fills up, is full for a while and has room again, over and over.
@Suite("A full disk under a store")
struct FullDiskTests {
    @Test("refused batches leave nothing behind, reads go on, writes resume by themselves, and everything acknowledged is there")
    func fullDisk() throws {
        try fill(MetricLoad.self, 60)
        try fill(SpanLoad.self, 6)
        try fill(SampledSpans.self, 2)
    }

    private func fill<Subject: FaultSubject>(_: Subject.Type, _ count: Int) throws {
        var refusals = 0
        for seed in FaultScale.seeds(count) { refusals += try FullDiskRun<Subject>(seed: seed).run() }
        print("full disk | \(Subject.name) | \(refusals) refused writes")
        #expect(refusals > count)
    }

    @Test("no room at any one change of any file, and at those after it, costs nothing that was acknowledged")
    func eachChange() throws {
        try refuseEach(MetricLoad.self)
        try refuseEach(SpanLoad.self)
        try refuseEach(SampledSpans.self, lengths: [5])
    }

    private func refuseEach<Subject: FaultSubject>(_: Subject.Type, lengths: [Int] = [1, 5, 40]) throws {
        var (count, failures) = (0, 0)
        // By hand each change, else some of them.
        let step = max(1, 14 / FaultScale.factor)
        for length in lengths {
            for seed in FaultScale.seeds(1) {
                var first = Int(seed) % step
                while true {
                    let run = try FullDiskRun<Subject>(seed: seed)
                    guard let failed = try run.refuse(first, length) else { break }
                    count += 1
                    failures += failed
                    first += step
                }
            }
        }
        print("refused changes | \(Subject.name) | \(count) runs, \(failures) calls failed")
    }

    @Test("while blocks of spans find no room the head grows to its bound and no further, and all goes on when there is room")
    func boundedHead() throws {
        let files = CrampedFileSystem(seed: 1, part: "/spans/blocks/")
        let time = ManualTime(now: FaultClock.now)
        var options = EmbeddedStoreOptions()
        options.spans.headByteLimit = 100_000
        let store = try EmbeddedStore.open(directory: "/store", options: options, fileSystem: files, time: time)
        let load = SpanLoad(seed: 1, writer: 0)
        let reference = InMemoryStore(time: time)
        files.fill(true)
        var index = 0
        while (try? load.perform(index, on: store)) != nil {
            _ = try load.perform(index, on: reference)
            index += 1
            try #require(index < 2_000, "nothing was refused")
        }
        #expect(index > 20 && store.status().writeRefusal != nil)
        for _ in 0..<3 {
            #expect(throws: StorageError.self) { try load.perform(index, on: store) }
            #expect(throws: StorageError.self) { try store.maintain() }
            #expect(throws: StorageError.self) { try store.compact() }
        }
        #expect(try load.content(of: store) == load.content(of: reference))
        files.fill(false)
        try store.maintain()
        #expect(store.status().writeRefusal == nil)
        #expect(try load.perform(index, on: store) == load.perform(index, on: reference))
        try store.compact()
        #expect(try load.content(of: store) == load.content(of: reference))
        #expect(try SpanLoad.contradictions(in: store, isCompacted: true).isEmpty)
    }
}

/// A store on a disk without room.
private final class FullDiskRun<Subject: FaultSubject> {
    private let seed: UInt64
    private let files: FaultFileSystem
    private let time = ManualTime(now: FaultClock.now)
    private let subject: Subject
    private let reference: InMemoryStore
    private var store: EmbeddedStore
    private var random: SeededRandom
    private var failures = 0

    init(seed: UInt64) throws {
        self.seed = seed
        files = FaultFileSystem(seed: seed)
        subject = Subject(seed: seed, writer: 0)
        reference = InMemoryStore(time: time)
        random = SeededRandom(seed: seed)
        store = try Self.open(seed, files, time)
    }

    private static func open(_ seed: UInt64, _ files: FaultFileSystem, _ time: ManualTime) throws -> EmbeddedStore {
        var options = EmbeddedStoreOptions()
        Subject.tune(&options, seed: seed)
        return try EmbeddedStore.open(directory: "/store", options: options, fileSystem: files, time: time)
    }

    /// A disk that is full and has room again by chance. Returns how many calls failed.
    func run() throws -> Int {
        for index in 0..<60 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0: files.setCapacity(files.byteCount + Int.random(in: 0..<600, using: &random))
            case 1: files.setCapacity(nil)
            case 2: tolerating { try store.flush() }
            case 3: tolerating { try store.compact() }
            case 4: tolerating { try store.maintain() }
            case 5:
                files.endProcess()
                files.setCapacity(nil)
                store = try Self.open(seed, files, time)
            default: break
            }
            let known = failures
            try write(index)
            if failures > known || index % 5 == 0 { try compare("seed \(seed), \(index)") }
        }
        files.setCapacity(nil)
        try recover()
        return failures
    }

    /// Does the same things each time while so many changes of files, behind so many that are made, find no room. Returns
    /// how many calls failed; nil when all was done before.
    func refuse(_ first: Int, _ length: Int) throws -> Int? {
        files.refuseChanges(after: first, count: length)
        for index in 0..<24 {
            try write(index)
            if index % 3 == 1 { tolerating { try Subject.cut(store) } }
            if index % 8 == 7 { tolerating { try store.compact() } }
            if index == 20 { tolerating { try store.flush() } }
        }
        let isOver = files.hasRefusedChanges
        files.refuseChanges(after: 0, count: 0)
        try compare("seed \(seed), \(length) changes after \(first) refused")
        try recover()
        return isOver ? failures : nil
    }

    private func write(_ index: Int) throws {
        time.advance(nanoseconds: Subject.tick)
        if try subject.settles(index) { return }
        do {
            let counts = try subject.perform(index, on: store)
            #expect(try counts == subject.perform(index, on: reference), "seed \(seed), \(index)")
        } catch let error as StorageError {
            #expect(error.kind == .unavailable, "seed \(seed): \(error)")
            #expect(store.status().writeRefusal != nil, "seed \(seed): \(error)")
            failures += 1
        }
    }

    /// With room the store is as good as new, and everything is durable.
    private func recover() throws {
        // The two duties of a server: a log whose end could not be written anew waits for the next sync.
        try store.sync()
        try store.maintain()
        #expect(store.status().writeRefusal == nil, "seed \(seed)")
        try store.compact()
        try expectNoContradictions("seed \(seed), compacted")
        files.powerLoss()
        store = try Self.open(seed, files, time)
        try compare("seed \(seed), opened again")
        try expectNoContradictions("seed \(seed), opened again")
    }

    private func expectNoContradictions(_ place: String) throws {
        let accepted = [try subject.content(of: reference)]
        #expect(try Subject.contradictions(in: store, accepted: accepted, isCompacted: true).isEmpty, "\(place)")
    }

    private func tolerating(_ call: () throws -> Void) {
        do { try call() } catch {
            #expect((error as? StorageError)?.kind == .unavailable, "seed \(seed): \(error)")
            failures += 1
        }
    }

    private func compare(_ place: String) throws {
        let found = try subject.content(of: store)
        let objection = try subject.objection(
            to: found, of: subject.content(of: reference), in: store, now: Int64(time.now() / 1_000_000))
        if let objection { Issue.record("\(place): \(objection)") }
    }
}
