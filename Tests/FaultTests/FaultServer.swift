import EmbeddedStorage
import Foundation
import HTTPTransport
import Platform
import TelemetryModel
import TestSupport
import WireFormats

/// A real server that is killed and started again on one data folder.
struct FaultServer {
    let process: ChildProcess
    let origin: String

    /// Starts it and waits until it is ready.
    init(_ folder: URL, data: String, life: Int, options: [String] = [], _ transport: HTTPTransport) async throws {
        let port = try TestBench.freePort()
        let process = try ChildProcess(
            FaultScale.server ?? TestBench.product("headrope"),
            ["serve", "--listen", "127.0.0.1:\(port)", "--data", data, "--self-store", "false"] + options,
            environment: ["HOME": folder.path], logFile: folder.appendingPathComponent("life-\(life).log"))
        let origin = "http://127.0.0.1:\(port)"
        (self.process, self.origin) = (process, origin)
        do {
            try await waitUntilReady(transport)
        } catch {
            process.end(SIGKILL)
            throw error
        }
    }

    func waitUntilReady(_ transport: HTTPTransport) async throws {
        let call = HTTPCall(url: "\(origin)/-/ready")
        _ = try await process.wait(for: "readiness") { try await transport.send(call).isSuccess ? true : nil }
    }

    /// Sends spans by OTLP.
    func export(_ spans: [Span]) -> HTTPCall {
        HTTPCall(
            method: "POST", url: "\(origin)/v1/traces", headers: [HTTPHeader("Content-Type", "application/x-protobuf")],
            body: OTLPTraceEncoder.encode(SpanBatch(spans)))
    }

    /// The ids of the spans of a trace, one for each time that it comes.
    func spanIDs(_ trace: TraceID, _ transport: HTTPTransport) async throws -> [String] {
        let answer = try await transport.send(HTTPCall(url: "\(origin)/api/v2/trace/\(trace)"))
        if answer.status == 404 { return [] }
        let spans = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]]
        return (spans ?? []).compactMap { $0["id"] as? String }.sorted()
    }
}
