import Platform
import Storage
import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite("Inspection of blocks")
struct BlockInspectorTests {
    private static let path = "/blocks/block-0000000007"

    @Test("the parts are all bytes of the files, the forms all chunks, and the chunks of a series are listed")
    func report() throws {
        let fixture = try BlockFixture(seed: 8, sampleCount: 2_500)
        let meta = try fixture.write().meta
        let matcher = try LabelMatcher("instance", .equal, "10.0.0.2:9100")
        let report = try BlockInspector.inspect(Self.path, matchers: [matcher], fileSystem: fixture.files)
        let fileByteCount = try fixture.files.list(Self.path).reduce(0) { sum, name in
            sum + (try fixture.files.status("\(Self.path)/\(name)")?.byteCount ?? 0)
        }
        #expect(report.byteCount == fileByteCount && report.sampleCount == meta.sampleCount)
        #expect(report.forms.reduce(0) { $0 + $1.chunkCount } == meta.chunkCount)
        #expect(report.forms.reduce(0) { $0 + $1.sampleCount } == meta.sampleCount)
        #expect(report.forms.reduce(0) { $0 + $1.dataByteCount } == meta.byteCounts.values - MetricBlockFormat.headerByteCount)
        #expect(report.chunks.count == 24 && report.chunks.allSatisfy { $0.series.contains("10.0.0.2:9100") })
        #expect(!report.isLocked && report.resolutionMilliseconds == 300_000 && report.replaced == [1, 2])
    }

    @Test("what is no block and what is damaged is refused with a sentence that names it")
    func refusals() throws {
        let fixture = try BlockFixture(seed: 9)
        _ = try fixture.write()
        for path in ["/blocks", "/blocks/block-0000000008", "block-1"] {
            let error = #expect(throws: StorageError.self) { try BlockInspector.inspect(path, fileSystem: fixture.files) }
            #expect(error?.kind == .unusable && error?.message.contains(path) == true)
        }
        try fixture.files.corrupt("\(Self.path)/index") { $0[$0.count - 9] ^= 1 }
        let error = #expect(throws: StorageError.self) { try BlockInspector.inspect(Self.path, fileSystem: fixture.files) }
        #expect(error?.kind == .corrupt && error?.message.contains(Self.path) == true)
    }
}
