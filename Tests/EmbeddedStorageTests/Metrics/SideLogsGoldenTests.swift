import Platform
import Storage
import TelemetryModel
import TestSupport
import Testing

@testable import EmbeddedStorage

@Suite("SideLogsGolden", .serialized)
struct SideLogsGoldenTests {
    private static let segment = "0000000001.log"
    private let files = FaultFileSystem(seed: 1)
    private let time = ManualTime(now: 1_763_683_200_000_000_000)

    private func batch() -> MetricBatch {
        var batch = MetricBatch()
        let series = Labels(["__name__": "latency_bucket", "le": "0.1"])
        for (time, value) in [(1_763_683_100_000, 0.05), (1_763_683_000_000, -0.0), (1_763_683_100_000, .nan)] as [(Int64, Double)]
        {
            batch.append(Exemplar(labels: Labels(["trace_id": "0af7"]), value: value, timestamp: time), of: series)
        }
        batch.append(Exemplar(labels: .empty, value: 1, timestamp: 0), of: Labels(["__name__": "other"]))
        batch.metadata = [MetricMetadata(metric: "latency", type: .histogram, help: "How long, in s\n", unit: "seconds")]
        return batch
    }

    private func exemplars() throws -> ExemplarStore {
        try ExemplarStore.open(directory: "/exemplars", options: ExemplarStoreOptions(), fileSystem: files, time: time)
    }

    private func metadata() throws -> MetadataStore {
        try MetadataStore.open(directory: "/metadata", options: MetadataStoreOptions(), fileSystem: files)
    }

    @Test("logs of known exemplars and metadata have the bytes they have always had, and those are read", arguments: [false, true])
    func bytes(reads: Bool) throws {
        for directory in ["/exemplars", "/metadata"] {
            let golden = "Tests/EmbeddedStorageTests/Golden\(directory).log"
            if reads {
                let bytes = try PosixFileSystem().readAll(
                    SharedData.projectFolder.appendingPathComponent(golden).path, limit: 1 << 20)
                try files.makeDirectory(directory)
                try files.create("\(directory)/\(Self.segment)").append(bytes)
            } else {
                if directory == "/exemplars" { _ = try exemplars().write(batch()) } else { _ = try metadata().write(batch()) }
                let bytes = try files.readAll("\(directory)/\(Self.segment)", limit: 1 << 20)
                #expect(try Golden.difference(bytes, from: golden) == nil)
            }
        }
        let everything = [[try LabelMatcher("__name__", .notEqual, "")]]
        let found = try exemplars().exemplars(everything, from: 0, through: .max, limit: .max)
        #expect(found.map(\.labels.metricName) == ["latency_bucket", "other"])
        #expect(found.first?.exemplars.map(\.value.bitPattern) == [-0.0, 0.05, Double.nan].map(\.bitPattern))
        #expect(try metadata().metadata(metric: "latency", limit: 9) == batch().metadata)
    }
}
