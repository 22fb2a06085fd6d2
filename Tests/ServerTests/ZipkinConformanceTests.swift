import EmbeddedStorage
import Foundation
import Hummingbird
import Platform
import TelemetryModel
import TestSupport
import Testing
import WireFormats

@testable import Server

/// Every trace of Zipkin's own tests goes in by each form and is asked for again, from the log's head and from a block.
///
/// Equal means equal in meaning: see ``ZipkinSpans/meanings(_:)``. What does not come back the same stands in `deviations`.
@Suite("Zipkin conformance", .enabled(if: SharedData.isAvailable))
struct ZipkinConformanceTests {
    private enum Form: String, CaseIterable {
        case json, protobuf, v1

        func body(_ json: [UInt8]) throws -> (path: String, type: String, bytes: [UInt8]) {
            switch self {
            case .json: ("/api/v2/spans", "application/json", json)
            case .protobuf: ("/api/v2/spans", "application/x-protobuf", try ZipkinSpans.protobuf(json))
            case .v1: ("/api/v1/spans", "application/json", try ZipkinSpans.versionOne(json))
            }
        }
    }

    /// File, form and number of spans that come back otherwise, each with its reason.
    private static let deviations: [String: Int] = [:]

    @Test("every span comes back the same, whichever form it came in, before and after compaction")
    func traces() async throws {
        var report: [String] = []
        for name in try SharedData.list("conformance/zipkin") {
            let json = try SharedData.read("conformance/zipkin/\(name)")
            for form in Form.allCases {
                let count = try await different(json, form, name)
                #expect(count.different == Self.deviations["\(name) \(form)"] ?? 0, "\(name) \(form)")
                report.append("\(name) \(form): \(count.same) of \(count.same + count.different) spans the same")
            }
        }
        print(report.joined(separator: "\n"))
        #expect(report.count == 21)
    }

    private func different(_ json: [UInt8], _ form: Form, _ name: String) async throws -> (same: Int, different: Int) {
        let time = ManualTime(now: TestServer.now)
        let store = try EmbeddedStore.open(directory: "/store", fileSystem: FaultFileSystem(seed: 0), time: time)
        let server = try TestServer(dependencies: TestServer.dependencies(store: store, time: time))
        let (path, type, bytes) = try form.body(json)
        let sent = try await server.send(.post, path, headers: [.contentType: type], body: bytes, port: .zipkin)
        #expect(sent.status == 202 && sent.body.isEmpty, "\(name) \(form): \(sent.body)")
        let ids = Set(try ZipkinSpans.objects(json).compactMap { $0["traceId"] as? String })
        let wanted = try ZipkinSpans.meanings(json)
        var counts: [Int] = []
        for phase in ["head", "block"] {
            if phase == "block" { try store.compact() }
            var found: [String] = []
            for id in ids {
                // Ids are accepted in both lengths, and with capitals.
                let long = String(repeating: "0", count: 32 - id.count) + id.uppercased()
                for id in [id, long] {
                    let reply = try await server.send(.get, "/api/v2/trace/\(id)", port: .zipkin)
                    #expect(reply.status == 200)
                    if id == long, !id.hasPrefix("0") || reply.body.isEmpty { continue }
                    if id != long || ids.contains(id.lowercased()) { found += try ZipkinSpans.meanings(reply.bytes) }
                }
            }
            let missing = wanted.filter { !found.contains($0) }
            for line in missing.prefix(3) { print("\(name) \(form) \(phase) wanted: \(line)") }
            for line in found.filter({ !wanted.contains($0) }).prefix(3) { print("\(name) \(form) \(phase) found:  \(line)") }
            #expect(found.count == wanted.count, "\(name) \(form) \(phase)")
            counts.append(missing.count)
        }
        #expect(Set(counts).count == 1, "\(name) \(form): head and block differ")
        try store.close()
        return (wanted.count - counts[0], counts[0])
    }

    @Test("services, calls between them and searches of each file are what its spans say")
    func questions() async throws {
        for name in try SharedData.list("conformance/zipkin") {
            let json = try SharedData.read("conformance/zipkin/\(name)")
            let time = ManualTime(now: TestServer.now)
            let store = try EmbeddedStore.open(directory: "/store", fileSystem: FaultFileSystem(seed: 0), time: time)
            let server = try TestServer(dependencies: TestServer.dependencies(store: store, time: time))
            _ = try await server.send(.post, "/api/v2/spans", headers: [.contentType: "application/json"], body: json)
            let spans = try ZipkinSpans.objects(json)
            func service(_ span: [String: Any]) -> String? { (span["localEndpoint"] as? [String: Any])?["serviceName"] as? String }
            let services = Set(spans.map { service($0) ?? "unknown_service" })
            let answered = try await server.send(.get, "/api/v2/services").bytes
            #expect(try JSONSerialization.jsonObject(with: Data(answered)) as? [String] == services.sorted(), "\(name)")
            let end = "endTs=\(TestServer.now / 1_000_000)&lookback=500000000000&limit=100"
            for span in spans {
                var query = end
                if let service = service(span) { query += "&serviceName=\(service)" }
                if let name = span["name"] as? String {
                    query += "&spanName=\(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
                }
                if let duration = span["duration"] { query += "&minDuration=\(duration)&maxDuration=\(duration)" }
                if let remote = (span["remoteEndpoint"] as? [String: Any])?["serviceName"] {
                    query += "&remoteServiceName=\(remote)"
                }
                if let tag = (span["tags"] as? [String: String])?.first(where: { !$0.value.isEmpty }) {
                    let condition = "\(tag.key)=\(tag.value)".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                    query += "&annotationQuery=\(condition)"
                }
                let reply = try await server.send(.get, "/api/v2/traces?\(query)")
                let traces = try JSONSerialization.jsonObject(with: Data(reply.bytes)) as? [[[String: Any]]]
                let found = traces?.joined().contains { $0["id"] as? String == span["id"] as? String } == true
                #expect(found, "\(name) \(query): \(reply.body.prefix(200))")
            }
            try store.close()
        }
    }
}
