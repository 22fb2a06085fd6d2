import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

/// Bytes of each kind of file are changed, cut off, overwritten or added; then everything is read.
@Suite("Damaged files of a store")
struct DamageTests {
    @Test("damage costs samples of the damaged file at most, changes none, and is named")
    func damages() throws {
        let folder = try DamagedFolder()
        #expect(Set(folder.files.paths.compactMap { folder.part(of: $0) }) == Set(DamagedFolder.parts))
        #expect(folder.files.paths.contains { $0.hasSuffix("/deletions") } && !folder.deleted.isEmpty)
        var count = 0
        for seed in FaultScale.seeds(30) {
            for path in folder.files.paths where !folder.files[path].isEmpty {
                var random = SeededRandom(seed: seed &* 1_000 &+ UInt64(count))
                let bytes = StoreFiles.mutated(folder.files[path], &random)
                try check(folder, path, bytes, "seed \(seed), \(path)")
                count += 1
            }
        }
        print("damaged files: \(count) mutations of \(folder.files.paths.count) files")
    }

    private func check(_ folder: DamagedFolder, _ path: String, _ bytes: [UInt8]?, _ place: String) throws {
        let system = try folder.files.system([path: bytes])
        if path.hasSuffix("/HEADROPE") { return try checkMarker(folder, system, place) }
        let report = try StoreVerifier.verify(directory: "/store", fileSystem: system)
        let store = try DamagedFolder.open(system)
        let damaged = folder.part(of: path)
        var isIncomplete = false
        for part in DamagedFolder.parts {
            let found = try DamagedFolder.samples(store, part)
            let whole = folder.written[part] ?? []
            if found == whole { continue }
            let isResurrected = path.hasSuffix("/deletions") && part == "block2"
            #expect(part == damaged || isResurrected, "\(place): \(part): \(PlainSeries.difference(found, whole))")
            expectSubset(found, of: whole + (isResurrected ? folder.deleted : []), place)
            isIncomplete = true
        }
        let metadata = try store.metadata(metric: nil, limit: .max)
        #expect(metadata.allSatisfy(folder.metadata.contains), "\(place)")
        if metadata.count < folder.metadata.count { isIncomplete = true }
        // Of a file that ends where a record does nobody knows that there was more; nor of one that is gone.
        let isNamed = !store.status().damages.isEmpty || !report.isSound
        if isIncomplete, let bytes, !path.hasSuffix(".log") || !folder.files[path].starts(with: bytes) {
            #expect(isNamed, "\(place): nothing is said of the damage")
        }
        var random = SeededRandom(seed: 1)
        #expect(try store.write(DamagedFolder.batch("later", 1, &random)).stored == 3, "\(place)")
        try store.flush()
        #expect(try DamagedFolder.samples(store, "later").count == 3, "\(place)")
    }

    /// The folder is refused with a sentence, or it is as it was.
    private func checkMarker(_ folder: DamagedFolder, _ system: FaultFileSystem, _ place: String) throws {
        do {
            let store = try DamagedFolder.open(system)
            for part in DamagedFolder.parts { #expect(try DamagedFolder.samples(store, part) == folder.written[part], "\(place)") }
        } catch let error as StorageError {
            #expect(error.kind == .unusable && error.message.contains("/store"), "\(place): \(error)")
        }
    }

    private func expectSubset(_ found: [PlainSeries], of whole: [PlainSeries], _ place: String) {
        for series in found {
            let known = whole.filter { $0.labels == series.labels }.flatMap {
                zip($0.timestamps, $0.bits).map { [UInt64($0), $1] }
            }
            for (timestamp, bits) in zip(series.timestamps, series.bits) {
                #expect(
                    known.contains([UInt64(timestamp), bits]), "\(place): \(series.labels) at \(timestamp) was never written so")
            }
        }
    }
}
