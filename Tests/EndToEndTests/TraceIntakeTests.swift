import Foundation
import TestSupport
import Testing

/// Spans that OpenTelemetry's SDK for Python records and exports. What its own encoder makes of them is compared field by
/// field with what Jaeger's API gives back, before and after kill -9.
@Suite("Spans of a real SDK", .serialized)
struct TraceIntakeTests {
    @Test(
        "what the SDK sends comes back field by field, in each encoding and compression", .timeLimit(.minutes(5)),
        arguments: [("protobuf", "none"), ("protobuf", "gzip"), ("protobuf", "deflate"), ("json", "none"), ("json", "gzip")])
    func sdk(encoding: String, compression: String) async throws {
        try await TestBench.withFolder { folder in
            let world = try World(folder)
            var server = try await world.startServer()
            defer { server.end() }
            let script = SharedData.projectFolder.appendingPathComponent("Tests/EndToEndTests/Traces/sdk_traces.py").path
            let expected = folder.appendingPathComponent("expected.json")
            let run = try await world.run(
                world.python,
                [
                    script, "--endpoint", "http://127.0.0.1:\(world.server)", "--encoding", encoding, "--compression", compression,
                    "--expected", expected.path,
                ])
            #expect(run.status == 0, "\(run.output)")
            let id = run.output.split(separator: "\n").last.map(String.init) ?? ""
            let sent = try OTLPDocument(String(contentsOf: expected, encoding: .utf8))
            #expect(sent.spans.count == 6)
            for _ in 0..<2 {
                let found = try OTLPDocument(try await world.json("/api/v3/traces/\(id)")["result"])
                #expect(sent.differences(found) == [])
                server.end(SIGKILL)
                server = try await world.startServer()
            }
            await world.transport.shutdown()
        }
    }
}
