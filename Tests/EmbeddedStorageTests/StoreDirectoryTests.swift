import Platform
import Storage
import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite("Data folder")
struct StoreDirectoryTests {
    private let system = FaultFileSystem(seed: 1)

    private func refusal() -> StorageError? {
        #expect(throws: StorageError.self) { try EmbeddedStore.open(directory: "/data", fileSystem: system) }
    }

    @Test("an empty or missing folder becomes ours and keeps its id")
    func creation() throws {
        let first = try EmbeddedStore.open(directory: "/data", fileSystem: system)
        #expect(first.storeID.count == 32)
        try first.close()
        let second = try EmbeddedStore.open(directory: "/data", fileSystem: system)
        #expect(second.storeID == first.storeID)
    }

    @Test("a folder with other files is left alone")
    func foreign() throws {
        try system.makeDirectory("/data")
        try system.writeAtomically([1], to: "/data/photo.jpg")
        let error = refusal()
        #expect(error?.kind == .unusable && error?.message.contains("photo.jpg") == true)
        #expect(try system.list("/data") == ["photo.jpg"])
    }

    @Test("a newer format is refused with both versions")
    func newer() throws {
        try EmbeddedStore.open(directory: "/data", fileSystem: system).close()
        try system.writeAtomically(Array("Headrope data\nformat 2\nid 0\n".utf8), to: "/data/HEADROPE")
        let error = refusal()
        #expect(error?.kind == .unusable && error?.message.contains("format 2") == true)
    }

    @Test("rubbish in the marker is refused", arguments: ["", "Headrope data", "Headrope data\nformat x\nid 1", "a\nb\nc\n"])
    func rubbish(text: String) throws {
        try EmbeddedStore.open(directory: "/data", fileSystem: system).close()
        try system.writeAtomically(Array(text.utf8), to: "/data/HEADROPE")
        #expect(refusal()?.kind == .unusable)
    }

    @Test("a folder in use is refused until it is free")
    func locked() throws {
        let store = try EmbeddedStore.open(directory: "/data", fileSystem: system)
        #expect(refusal()?.message.contains("in use") == true)
        #expect(try StoreVerifier.verify(directory: "/data", fileSystem: system).isSound)
        try store.close()
        try EmbeddedStore.open(directory: "/data", fileSystem: system).close()
    }

    @Test("a folder that cannot be written is refused")
    func readOnly() throws {
        try EmbeddedStore.open(directory: "/data", fileSystem: system).close()
        system.setReadOnly(true)
        #expect(refusal()?.message.contains("cannot be written") == true)
        system.setReadOnly(false)
        try system.writeAtomically([1], to: "/file")
        #expect(throws: StorageError.self) { try EmbeddedStore.open(directory: "/file", fileSystem: system) }
    }

    @Test("a check lists every file, names the damaged ones and changes nothing")
    func verify() throws {
        let store = try EmbeddedStore.open(directory: "/data", fileSystem: system)
        for step in 0..<2 {
            var batch = MetricBatch()
            batch.append(Labels(["__name__": "up"]), [Sample(timestamp: Int64(step), value: 1)])
            _ = try store.write(batch)
            try store.flush()
        }
        try store.close()
        let sound = try StoreVerifier.verify(directory: "/data", fileSystem: system)
        #expect(sound.isSound && !sound.isLocked && sound.storeID == store.storeID)
        #expect(sound.items.filter { $0.path.contains("metrics/blocks/block-") }.count == 2)
        try system.corrupt("/data/metrics/blocks/block-0000000002/chunks") { $0[$0.count - 1] ^= 1 }
        let before = system.byteCount
        let damaged = try StoreVerifier.verify(directory: "/data", fileSystem: system)
        #expect(damaged.items.filter { !$0.isSound }.map(\.path) == ["/data/metrics/blocks/block-0000000002"])
        #expect(system.byteCount == before)
        #expect(throws: StorageError.self) { try StoreVerifier.verify(directory: "/none", fileSystem: system) }
    }
}
