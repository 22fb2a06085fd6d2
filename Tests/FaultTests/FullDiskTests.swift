import EmbeddedStorage
import FaultLoad
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

/// A disk that fills up, is full for a while and has room again, over and over.
@Suite("A full disk under a store")
struct FullDiskTests {
    @Test("refused batches leave nothing behind, reads go on, writes resume by themselves, and everything acknowledged is there")
    func fullDisk() throws {
        var refusals = 0
        for seed in FaultScale.seeds(60) { refusals += try fill(seed) }
        print("full disk: \(refusals) refused writes")
        #expect(refusals > 100)
    }

    private func fill(_ seed: UInt64) throws -> Int {
        var random = SeededRandom(seed: seed)
        let files = FaultFileSystem(seed: seed)
        let time = ManualTime(now: FaultWorkload.now)
        let workload = FaultWorkload(seed: seed, writer: 0)
        let reference = InMemoryStore(time: time)
        var store = try EmbeddedStore.open(directory: "/store", fileSystem: files, time: time)
        var refusals = 0
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
                store = try EmbeddedStore.open(directory: "/store", fileSystem: files, time: time)
            default: break
            }
            guard case .write(let batch) = try workload.action(index) else { continue }
            do {
                let receipt = try store.write(batch)
                #expect(FaultLine.counts(receipt) == FaultLine.counts(try reference.write(batch)), "seed \(seed), \(index)")
            } catch let error as StorageError {
                #expect(error.kind == .unavailable, "seed \(seed): \(error)")
                #expect(store.status().writeRefusal != nil, "seed \(seed): \(error)")
                refusals += 1
            }
            try compare(store, reference, workload, "seed \(seed), \(index)")
        }
        files.setCapacity(nil)
        try store.maintain()
        #expect(store.status().writeRefusal == nil, "seed \(seed)")
        files.powerLoss()
        let last = try EmbeddedStore.open(directory: "/store", fileSystem: files, time: time)
        try compare(last, reference, workload, "seed \(seed), opened again")
        return refusals
    }

    private func tolerating(_ call: () throws -> Void) {
        do { try call() } catch { #expect((error as? StorageError)?.kind == .unavailable, "\(error)") }
    }

    private func compare(_ store: EmbeddedStore, _ reference: InMemoryStore, _ workload: FaultWorkload, _ place: String) throws {
        let found = try PlainSeries.all(store, workload.matchers)
        let expected = try PlainSeries.all(reference, workload.matchers)
        #expect(found == expected, "\(place): \(PlainSeries.difference(found, expected))")
    }
}
