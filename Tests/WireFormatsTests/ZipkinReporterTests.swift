import Foundation
import TelemetryModel
import TestSupport
import Testing
import WireFormats

/// What reporters of other people sent; `Fixtures/zipkin/capture.py` made the files.
@Suite("Zipkin, reporters for Python")
struct ZipkinReporterTests {
    private func decode(_ name: String, as format: ZipkinFormat) throws -> DecodedSpans {
        let path = SharedData.projectFolder.appendingPathComponent("Tests/WireFormatsTests/Fixtures/zipkin/\(name)")
        return try Array(Data(contentsOf: path)).withUnsafeBytes { try ZipkinDecoder.decode($0, as: format) }
    }

    private func meanings(_ name: String, as format: ZipkinFormat) throws -> [String] {
        let decoded = try decode(name, as: format)
        #expect(decoded.refusals.isEmpty, "\(decoded.refusals.entries)")
        return try ZipkinSpans.meanings(ZipkinEncoder.trace(decoded.batch))
    }

    @Test("py_zipkin says the same in JSON of both versions and in protobuf")
    func pyZipkin() throws {
        let json = try meanings("py_zipkin-1.2.8.v2.json", as: .json)
        #expect(json.count == 5)
        #expect(json.contains { $0.contains(#""shared":true"#) && $0.contains("注文") && $0.contains(#""kind":"SERVER""#) })
        #expect(try meanings("py_zipkin-1.2.8.v2.protobuf", as: .protobuf) == json)
        // In version 1 it leaves the host of a local span away.
        let hostless = json.map { line in
            line.contains(#""name":"work""#)
                ? line.replacing(#""localEndpoint":{"ipv4":"10.0.0.1","port":8080,"serviceName":"front"},"#, with: "") : line
        }
        #expect(hostless != json)
        #expect(try meanings("py_zipkin-1.2.8.v1.json", as: .jsonV1) == hostless.sorted())
    }

    @Test("OpenTelemetry's exporters say the same in JSON and in protobuf, and their status is ours")
    func openTelemetry() throws {
        let name = "opentelemetry-exporter-zipkin-1.45.1"
        #expect(try meanings("\(name).json", as: .json) == meanings("\(name).protobuf", as: .protobuf))
        let spans = try decode("\(name).protobuf", as: .protobuf).batch.spans
        #expect(spans.map(\.status) == [.error, .ok] && spans.first?.statusMessage == "deadlock")
        #expect(spans.map(\.kind) == [.client, .server] && spans.first?.parentSpanID == spans.last?.spanID)
        #expect(spans.first?.attributes.string("db.system") == "mysql" && spans.first?.duration == 50_000_000)
    }
}
