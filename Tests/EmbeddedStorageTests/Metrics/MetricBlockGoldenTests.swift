import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("MetricBlockGolden", .serialized)
struct MetricBlockGoldenTests {
    private static let folder = "Tests/EmbeddedStorageTests/Golden"

    /// The series of both golden blocks: two hosts, of which one is asked at uneven times.
    private func series() -> [(labels: Labels, samples: SampleColumns)] {
        let forms: [(name: String, value: (Int, Int) -> Double)] = [
            ("constant", { _, _ in 42.5 }), ("counter", { Double($1 * 7 + $0) }),
            ("gauge", { $1 == 250 ? Sample.staleMarker : Double($1 * 37 % 101) / 8 - 3 }),
            ("noise", { Double($1 * 2_654_435_761 % 4_294_967_296) / 4_294_967_296 }),
            ("zeros", { $1 % 7 == 0 ? -0.0 : 0 }),
        ]
        return forms.flatMap { form in
            (0..<2).map { host in
                let steps = 0..<300
                return (
                    Labels(["__name__": form.name, "host": "h\(host)"]),
                    SampleColumns(
                        timestamps: steps.map { 1_763_683_200_000 + Int64($0 * 15_000 + (host == 1 ? $0 * 7 % 5 : 0)) },
                        values: steps.map { form.value(host, $0) })
                )
            }
        }
    }

    private func copyGolden(version: Int, files: [String], to memory: FaultFileSystem) throws {
        let disk = PosixFileSystem()
        let golden = SharedData.projectFolder.appendingPathComponent(Self.folder).path
        try memory.makeDirectory("/store/blocks/block-0000000001")
        for name in files {
            let file = try memory.create("/store/blocks/block-0000000001/\(name)")
            try file.append(try disk.readAll("\(golden)/metric-block-\(version).\(name)", limit: 1 << 20))
            file.close()
        }
    }

    private func open(_ memory: FaultFileSystem) throws -> MetricStore {
        try MetricStore.open(directory: "/store", fileSystem: memory, time: ManualTime(now: 1_763_783_200_000_000_000))
    }

    private func expectAll(_ store: MetricStore) throws {
        var found: [SeriesSamples] = []
        let every = try LabelMatcher("__name__", .matches, ".+")
        try store.scan(SeriesQuery([every], from: 0, through: .max)) { found.append(SeriesSamples($0)) }
        #expect(found.map(\.labels) == series().map(\.labels))
        for (found, expected) in zip(found, series()) {
            #expect(found.timestamps == expected.samples.timestamps)
            #expect(found.values.map(\.bitPattern) == expected.samples.values.map(\.bitPattern), "\(found.labels)")
        }
    }

    @Test("a block of known series has the bytes it has always had")
    func bytes() throws {
        let memory = FaultFileSystem(seed: 1)
        try memory.makeDirectory("/blocks")
        var writer = try MetricBlockWriter(id: 1, in: "/blocks", memory)
        for (labels, samples) in series() { try writer.add(labels, samples) }
        _ = try writer.finish(sequences: 1...4, replaced: [])
        for name in ["meta", "index", "chunks", "times"] {
            let bytes = try memory.readAll("/blocks/block-0000000001/\(name)", limit: 1 << 20)
            #expect(try Golden.difference(bytes, from: "\(Self.folder)/metric-block-2.\(name)") == nil)
        }
    }

    @Test("a block that was written long ago is still read")
    func reading() throws {
        let memory = FaultFileSystem(seed: 1)
        try copyGolden(version: 2, files: ["meta", "index", "chunks", "times"], to: memory)
        try expectAll(try open(memory))
    }

    @Test("a block of version 1 is rewritten when the store opens, once, and keeps every sample")
    func versionOne() throws {
        let memory = FaultFileSystem(seed: 1)
        try copyGolden(version: 1, files: ["meta", "index", "chunks"], to: memory)
        try expectAll(try open(memory))
        #expect(try memory.list("/store/blocks") == ["block-0000000002"])
        let store = try open(memory)
        try expectAll(store)
        #expect(try memory.list("/store/blocks") == ["block-0000000002"] && store.status().damages.isEmpty)
    }

    @Test("a damaged block of version 1 is named, kept and not rewritten", arguments: ["meta", "index", "chunks"])
    func damagedVersionOne(name: String) throws {
        let memory = FaultFileSystem(seed: 1)
        try copyGolden(version: 1, files: ["meta", "index", "chunks"], to: memory)
        try memory.corrupt("/store/blocks/block-0000000001/\(name)") { $0[$0.count / 2] ^= 4 }
        let store = try open(memory)
        #expect(store.status().damages.contains { $0.contains("block-0000000001") } && store.status().metricBlocks == 0)
        #expect(try memory.list("/store/blocks") == ["block-0000000001"])
    }
}
