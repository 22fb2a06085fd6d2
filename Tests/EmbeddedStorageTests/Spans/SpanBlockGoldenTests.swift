import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("SpanBlockGolden", .serialized)
struct SpanBlockGoldenTests {
    private static let folder = "Tests/EmbeddedStorageTests/Golden"

    private func spans() -> [Span] {
        var generator = RandomSpans(seed: 2026)
        return (0..<3).flatMap { _ in generator.trace(spanCount: 9) }
    }

    @Test("a block of known spans has the bytes it has always had")
    func bytes() throws {
        let files = FaultFileSystem(seed: 1)
        let store = try SpanStore.open(
            directory: "/spans", fileSystem: files, time: ManualTime(now: 1_763_683_200_000_000_000))
        _ = try store.write(SpanBatch(spans()))
        try store.flush()
        for name in ["meta", "data"] {
            let bytes = try files.readAll("/spans/blocks/0000000000000001/\(name)", limit: 1 << 20)
            #expect(try Golden.difference(bytes, from: "\(Self.folder)/span-block.\(name)") == nil)
        }
    }

    @Test("a block that was written long ago is still read")
    func reading() throws {
        let files = PosixFileSystem()
        let golden = SharedData.projectFolder.appendingPathComponent(Self.folder).path
        let memory = FaultFileSystem(seed: 1)
        try memory.makeDirectory("/spans/blocks/0000000000000001")
        for name in ["meta", "data"] {
            let file = try memory.create("/spans/blocks/0000000000000001/\(name)")
            try files.readAll("\(golden)/span-block.\(name)", limit: 1 << 20).withUnsafeBytes { try file.append($0) }
            file.close()
        }
        let store = try SpanStore.open(
            directory: "/spans", fileSystem: memory, time: ManualTime(now: 1_763_683_200_000_000_000))
        var found: Set<Span> = []
        try store.scan(from: 0, through: .max) { found.formUnion($0.spans) }
        #expect(found == Set(spans()))
        #expect(try !store.rollups(minutes: 0...Int64.max).operations.isEmpty)
    }
}
