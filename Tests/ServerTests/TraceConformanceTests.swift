import EmbeddedStorage
import Foundation
import Hummingbird
import Platform
import TestSupport
import Testing
import WireFormats

@testable import Server

@Suite("Traces of other projects", .enabled(if: SharedData.isAvailable))
struct TraceConformanceTests {
    /// The traces that Jaeger tests its storages with, and OTLP's own example.
    private static func files() throws -> [String] {
        try SharedData.list("conformance/jaeger").map { "conformance/jaeger/" + $0 } + ["conformance/otlp/trace.json"]
    }

    private static func server() throws -> TestServer {
        let time = ManualTime(now: TestServer.now)
        let store = try EmbeddedStore.open(directory: "/store", fileSystem: FaultFileSystem(seed: 1), time: time)
        return try TestServer(dependencies: TestServer.dependencies(store: store, time: time))
    }

    private static func send(_ json: [UInt8], asProtobuf: Bool, to server: TestServer) async throws {
        let body = asProtobuf ? try json.withUnsafeBytes { try OTLPJSONTranscoder.transcode($0, .traces).bytes } : json
        let type = asProtobuf ? "application/x-protobuf" : "application/json"
        let reply = try await server.send(.post, "/v1/traces", headers: [.contentType: type], body: body)
        #expect(reply.status == 200)
        #expect(reply.bytes.isEmpty || reply.body == "{}", "\(reply.body)")
    }

    /// The ids of the traces of a document.
    private static func traceIDs(_ document: OTLPDocument) -> [String] {
        Set(document.spans.values.compactMap { $0["span.traceId"] }).sorted()
    }

    // MARK: - Field by field

    @Test("every trace comes back field by field by Jaeger's API version 3, from head and blocks", arguments: [false, true])
    func comesBack(asProtobuf: Bool) async throws {
        for file in try Self.files() {
            let sent = try SharedData.read(file)
            let server = try Self.server()
            try await Self.send(sent, asProtobuf: asProtobuf, to: server)
            let document = try OTLPDocument(String(decoding: sent, as: UTF8.self))
            for place in ["head", "block"] {
                if place == "block" { #expect(try await server.send(.post, "/-/compact").status == 200) }
                let ids = Self.traceIDs(document)
                #expect(ids.count == 1)
                for suffix in ["", "?rawTraces=true"] {
                    let reply = try await server.send(.get, "/api/v3/traces/\(ids.first ?? "")\(suffix)")
                    #expect(reply.status == 200, "\(file): \(reply.body)")
                    let differences = try document.differences(OTLPDocument(reply.body, member: "result"))
                    #expect(differences.isEmpty, "\(file) from \(place)")
                }
            }
        }
    }

    @Test("every trace comes back by Jaeger's first API and by Zipkin's with its ids, names, times, tags and logs")
    func translated() async throws {
        for file in try Self.files() {
            let sent = try SharedData.read(file)
            let server = try Self.server()
            try await Self.send(sent, asProtobuf: false, to: server)
            let document = try OTLPDocument(String(decoding: sent, as: UTF8.self))
            let id = try #require(Self.traceIDs(document).first)
            let answer = try Self.json(await server.send(.get, "/api/traces/\(id)")) as? [String: Any]
            let trace = try #require((answer?["data"] as? [[String: Any]])?.first)
            let processes = try #require(trace["processes"] as? [String: [String: Any]])
            let spans = try #require(trace["spans"] as? [[String: Any]])
            let zipkin = try #require(try Self.json(await server.send(.get, "/api/v2/trace/\(id)")) as? [[String: Any]])
            #expect(spans.count == document.spans.count)
            #expect(zipkin.count == document.spans.count)
            for span in spans {
                let fields = try #require(document.spans[span["spanID"] as? String ?? ""], "\(file)")
                let process = try #require(processes[span["processID"] as? String ?? ""])
                Self.check(jaeger: span, process, fields, file)
                let other = try #require(zipkin.first { $0["id"] as? String == span["spanID"] as? String })
                Self.check(zipkin: other, span, process, file)
            }
        }
    }

    private static func check(
        jaeger span: [String: Any], _ process: [String: Any], _ fields: [String: String], _ file: String
    ) {
        let start = UInt64(fields["span.startTimeUnixNano"] ?? "") ?? 0
        let end = UInt64(fields["span.endTimeUnixNano"] ?? "") ?? 0
        #expect(span["operationName"] as? String == fields["span.name"], "\(file)")
        #expect((span["startTime"] as? NSNumber)?.uint64Value == start / 1000, "\(file)")
        #expect((span["duration"] as? NSNumber)?.uint64Value == (end - start) / 1000, "\(file)")
        #expect(span["warnings"] is NSNull)
        #expect((span["logs"] as? [Any])?.count == count("span.events", fields), "\(file)")
        let parents = fields["span.parentSpanId"] == nil ? 0 : 1
        #expect((span["references"] as? [Any])?.count == count("span.links", fields) + parents, "\(file)")
        expect(span["tags"], has: "span.attributes", of: fields, file)
        expect(process["tags"], has: "resource.resource.attributes", of: fields, file)
        for (index, log) in (span["logs"] as? [[String: Any]] ?? []).enumerated() {
            expect(log["fields"], has: "span.events[\(index)].attributes", of: fields, file)
        }
    }

    /// Each attribute below a path is among the tags, with its type and its text.
    private static func expect(_ tags: Any?, has path: String, of fields: [String: String], _ file: String) {
        let tags = tags as? [[String: Any]] ?? []
        for index in 0..<count(path, fields) {
            let key = fields["\(path)[\(index)].key"] ?? ""
            if key == "service.name" { continue }
            let tag = tags.first { $0["key"] as? String == key }
            let value = fields.first { $0.key.hasPrefix("\(path)[\(index)].value.") }
            let types = [
                "stringValue": "string", "intValue": "int64", "doubleValue": "float64", "boolValue": "bool", "bytesValue": "binary",
            ]
            #expect(tag?["type"] as? String == types[String(value?.key.split(separator: ".").last ?? "")], "\(file): \(key)")
            #expect(tag.flatMap { $0["value"] }.map { "\($0)" } == value?.value, "\(file): \(key)")
        }
    }

    private static func check(
        zipkin other: [String: Any], _ span: [String: Any], _ process: [String: Any], _ file: String
    ) {
        #expect((other["name"] as? String)?.lowercased() == (span["operationName"] as? String)?.lowercased(), "\(file)")
        #expect((other["timestamp"] as? NSNumber)?.uint64Value == (span["startTime"] as? NSNumber)?.uint64Value, "\(file)")
        #expect((other["duration"] as? NSNumber)?.uint64Value == (span["duration"] as? NSNumber)?.uint64Value, "\(file)")
        let service = (other["localEndpoint"] as? [String: Any])?["serviceName"] as? String
        #expect(service?.lowercased() == (process["serviceName"] as? String)?.lowercased(), "\(file)")
    }

    /// How many elements the array at a path has.
    private static func count(_ path: String, _ fields: [String: String]) -> Int {
        var count = 0
        while fields.keys.contains(where: { $0.hasPrefix("\(path)[\(count)]") }) { count += 1 }
        return count
    }

    @Test("links say what kind of reference they are")
    func links() async throws {
        let server = try Self.server()
        try await Self.send(
            try SharedData.read("conformance/jaeger/link_attributes_trace.json"), asProtobuf: false, to: server)
        let reply = try await server.send(.get, "/api/traces/226")
        #expect(
            reply.body.contains(
                #""references":[{"refType":"CHILD_OF","traceID":"00000000000000ff","spanID":"00000000000000ff"},"#
                    + #"{"refType":"CHILD_OF","traceID":"0000000000000001","spanID":"0000000000000002"},"#
                    + #"{"refType":"FOLLOWS_FROM","traceID":"0000000000000001","spanID":"0000000000000002"}]"#), "\(reply.body)")
    }

    // MARK: - Searches

    /// What Jaeger's storages are asked about these traces, and what they must find.
    private struct Search: Sendable, CustomStringConvertible {
        var description: String
        var service: String
        var prefix: String?
        var minimum: String?
        var maximum: String?
        var from = "2017-01-26T15:46:31.639875Z"
        var through = "2017-01-26T17:46:31.639875Z"
        var found: [String]

        /// The four typed tags that the traces carry in one place or another.
        var tags: String? {
            prefix.map { #"{"\#($0)1":"sameplacevalue","\#($0)2":"123","\#($0)3":"72.5","\#($0)4":"true"}"# }
        }
    }

    private static let tag = "sameplacetag"

    private static let searches = [
        Search(description: "tags of a span", service: "query01-service", prefix: tag, found: ["span_tags_trace"]),
        Search(description: "tags of a log", service: "query02-service", prefix: tag, found: ["log_tags_trace"]),
        Search(description: "tags of a process", service: "query03-service", prefix: tag, found: ["process_tags_trace"]),
        Search(
            description: "a trace over midnight", service: "query05-service", from: "2017-01-26T00:00:31.639875Z",
            through: "2017-01-26T00:07:31.639875Z", found: ["multi_index_trace"]),
        Search(
            description: "a range of durations", service: "query09-service", minimum: "4500ns", maximum: "5500ns",
            found: ["dur_trace"]),
        Search(description: "a service", service: "query11-service", found: ["default"]),
        Search(
            description: "tags and a range of durations", service: "query15-service", prefix: tag, minimum: "4.5us",
            maximum: "5.5us", found: ["tags_dur_trace"]),
        Search(
            description: "attributes of a scope", service: "query24-service", prefix: "sameplacescopeattribute",
            found: ["scope_attributes_trace"]),
        Search(
            description: "attributes of a link", service: "query25-service", prefix: "sameplacelinkattribute",
            found: ["link_attributes_trace"]),
        Search(
            description: "a duration out of range", service: "query09-service", minimum: "5500ns", maximum: "6500ns", found: []),
        Search(description: "tags of another service", service: "query11-service", prefix: tag, found: []),
        Search(
            description: "a range of time without spans", service: "query11-service", from: "2017-01-27T00:00:00Z",
            through: "2017-01-28T00:00:00Z", found: []),
    ]

    @Test("Jaeger's questions to its storages find what they must, by both APIs, in head and blocks", arguments: ["head", "block"])
    func searches(place: String) async throws {
        let server = try Self.server()
        var ids: [String: String] = [:]
        for file in try Self.files() {
            let sent = try SharedData.read(file)
            try await Self.send(sent, asProtobuf: false, to: server)
            let name = file.split(separator: "/").last.map { String($0.dropLast(5)) } ?? ""
            ids[name] = Self.traceIDs(try OTLPDocument(String(decoding: sent, as: UTF8.self))).first
        }
        if place == "block" { #expect(try await server.send(.post, "/-/compact").status == 200) }
        for search in Self.searches {
            let wanted = try search.found.map { try #require(ids[$0]) }
            #expect(try await Self.third(search, server) == wanted, "\(search) by version 3")
            #expect(try await Self.first(search, server) == wanted, "\(search) by the first API")
        }
    }

    private static func third(_ search: Search, _ server: TestServer) async throws -> [String] {
        var parameters = [
            "query.serviceName": search.service, "query.startTimeMin": search.from, "query.startTimeMax": search.through,
            "query.searchDepth": "1000",
        ]
        parameters["query.attributes"] = search.tags
        parameters["query.durationMin"] = search.minimum
        parameters["query.durationMax"] = search.maximum
        let reply = try await server.send(.get, "/api/v3/traces?" + query(parameters))
        if reply.status == 404 { return [] }
        return traceIDs(try OTLPDocument(reply.body, member: "result"))
    }

    private static func first(_ search: Search, _ server: TestServer) async throws -> [String] {
        func microseconds(_ text: String) throws -> String {
            let formatter = ISO8601DateFormatter()
            formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
            let date = formatter.date(from: text) ?? ISO8601DateFormatter().date(from: text)
            return String(Int((try #require(date).timeIntervalSince1970 * 1e6).rounded()))
        }
        var parameters = [
            "service": search.service, "start": try microseconds(search.from), "end": try microseconds(search.through),
            "limit": "1000",
        ]
        parameters["tags"] = search.tags
        parameters["minDuration"] = search.minimum
        parameters["maxDuration"] = search.maximum
        let reply = try await server.send(.get, "/api/traces?" + query(parameters))
        let data = (try json(reply) as? [String: Any])?["data"] as? [[String: Any]]
        return try #require(data, "\(reply.body)").compactMap { trace in
            (trace["traceID"] as? String).map { String(repeating: "0", count: 32 - $0.count) + $0 }
        }.sorted()
    }

    private static func query(_ parameters: [String: String]) -> String {
        parameters.map { "\($0.key)=\($0.value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")" }
            .joined(separator: "&")
    }

    private static func json(_ reply: TestServer.Reply) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(reply.body.utf8), options: .fragmentsAllowed)
    }
}
