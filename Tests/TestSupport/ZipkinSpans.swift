import ByteCoding
import Foundation

/// Lists of Zipkin's spans as tests compare and send them.
public enum ZipkinSpans {
    /// What the spans of a v2 list mean, a line each, sorted: members in the order of their names, ids padded, annotations
    /// sorted; what says nothing (empty endpoints, port and duration 0, a parent that is the span itself) left away.
    public static func meanings(_ json: [UInt8]) throws -> [String] {
        try objects(json).map(meaning).sorted()
    }

    /// The spans of a list as JSON objects.
    public static func objects(_ json: [UInt8]) throws -> [[String: Any]] {
        try JSONSerialization.jsonObject(with: Data(json)) as? [[String: Any]] ?? []
    }

    private static func meaning(_ span: [String: Any]) throws -> String {
        var span = span
        for name in ["traceId", "id", "parentId"] { span[name] = (span[name] as? String).map(paddedID) }
        if span["parentId"] as? String == span["id"] as? String { span["parentId"] = nil }
        for name in ["localEndpoint", "remoteEndpoint"] {
            var endpoint = span[name] as? [String: Any] ?? [:]
            if endpoint["port"] as? Int == 0 { endpoint["port"] = nil }
            if endpoint["serviceName"] as? String == "" { endpoint["serviceName"] = nil }
            span[name] = endpoint.isEmpty ? nil : endpoint
        }
        for name in ["duration", "timestamp"] where span[name] as? Int == 0 { span[name] = nil }
        for name in ["shared", "debug"] where span[name] as? Bool == false { span[name] = nil }
        if (span["name"] as? String)?.isEmpty == true { span["name"] = nil }
        if (span["tags"] as? [String: Any])?.isEmpty == true { span["tags"] = nil }
        if let annotations = span["annotations"] as? [[String: Any]] {
            span["annotations"] = annotations.isEmpty ? nil : try annotations.map(text).sorted()
        }
        return try text(span)
    }

    private static func text(_ object: [String: Any]) throws -> String {
        String(
            decoding: try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes]),
            as: UTF8.self)
    }

    private static func paddedID(_ id: String) -> String {
        let digits = id.drop { $0 == "0" }
        return String(repeating: "0", count: (digits.count > 16 ? 32 : 16) - digits.count) + digits
    }

    // MARK: - Protobuf

    /// A v2 list as `ListOfSpans`.
    public static func protobuf(_ json: [UInt8]) throws -> [UInt8] {
        var list = ProtobufWriter()
        for span in try objects(json) { list.message(1) { write(span, &$0) } }
        return list.bytes
    }

    private static func write(_ span: [String: Any], _ message: inout ProtobufWriter) {
        for (field, name) in [(1, "traceId"), (2, "parentId"), (3, "id")] as [(UInt32, String)] {
            if let id = span[name] as? String { bytes(of: paddedID(id)).withUnsafeBytes { message.bytes(field, $0) } }
        }
        let kinds = ["CLIENT": 1, "SERVER": 2, "PRODUCER": 3, "CONSUMER": 4] as [String: UInt64]
        if let kind = span["kind"] as? String, let number = kinds[kind] { message.varint(4, number) }
        if let name = span["name"] as? String { message.string(5, name) }
        if let time = span["timestamp"] as? UInt64 { message.fixed64(6, time) }
        if let duration = span["duration"] as? UInt64 { message.varint(7, duration) }
        for (field, name) in [(8, "localEndpoint"), (9, "remoteEndpoint")] as [(UInt32, String)] {
            if let endpoint = span[name] as? [String: Any] { message.message(field) { write(endpoint: endpoint, &$0) } }
        }
        for annotation in span["annotations"] as? [[String: Any]] ?? [] {
            message.message(10) {
                $0.fixed64(1, annotation["timestamp"] as? UInt64 ?? 0)
                $0.string(2, annotation["value"] as? String ?? "")
            }
        }
        for (key, value) in (span["tags"] as? [String: String] ?? [:]).sorted(by: { $0.key < $1.key }) {
            message.message(11) {
                $0.string(1, key)
                $0.string(2, value)
            }
        }
        if span["debug"] as? Bool == true { message.varint(12, 1) }
        if span["shared"] as? Bool == true { message.varint(13, 1) }
    }

    private static func write(endpoint: [String: Any], _ message: inout ProtobufWriter) {
        if let name = endpoint["serviceName"] as? String { message.string(1, name) }
        for (field, name, family) in [(2, "ipv4", AF_INET), (3, "ipv6", AF_INET6)] as [(UInt32, String, Int32)] {
            guard let text = endpoint[name] as? String else { continue }
            var address = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
            if inet_pton(family, text, &address) == 1 { address.withUnsafeBytes { message.bytes(field, $0) } }
        }
        if let port = endpoint["port"] as? UInt64 { message.varint(4, port) }
    }

    private static func bytes(of hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.utf8.compactMap(Hexadecimal.value)
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    // MARK: - Version 1

    /// A v2 list in version 1, where kinds are annotations and endpoints stand with everything.
    public static func versionOne(_ json: [UInt8]) throws -> [UInt8] {
        Array(try JSONSerialization.data(withJSONObject: try objects(json).map(versionOne)))
    }

    private static func versionOne(_ span: [String: Any]) -> [String: Any] {
        var result = span.filter { ["traceId", "id", "parentId", "name", "debug"].contains($0.key) }
        let local = span["localEndpoint"] as? [String: Any] ?? [:]
        let start = span["timestamp"] as? UInt64
        let end = start.flatMap { start in (span["duration"] as? UInt64).map { start + $0 } }
        if span["shared"] as? Bool != true {
            result["timestamp"] = start
            result["duration"] = span["duration"]
        }
        let names = [
            "CLIENT": ("cs", "cr", "sa"), "SERVER": ("sr", "ss", "ca"), "PRODUCER": ("ms", "ws", "ma"),
            "CONSUMER": ("wr", "mr", "ma"),
        ]
        var annotations = (span["annotations"] as? [[String: Any]] ?? []).map { $0.merging(["endpoint": local]) { old, _ in old } }
        var binary: [[String: Any]] = (span["tags"] as? [String: String] ?? [:]).map {
            ["key": $0.key, "value": $0.value, "endpoint": local]
        }
        let (begin, finish, address) = names[span["kind"] as? String ?? ""] ?? ("", "", "sa")
        if !begin.isEmpty, let start {
            let isReceived = begin == "wr" && end == nil
            annotations.append(["timestamp": start, "value": isReceived ? "mr" : begin, "endpoint": local])
            if let end { annotations.append(["timestamp": end, "value": finish, "endpoint": local]) }
        }
        if let remote = span["remoteEndpoint"] { binary.append(["key": address, "value": true, "endpoint": remote]) }
        if annotations.isEmpty, (span["tags"] as? [String: String] ?? [:]).isEmpty {
            binary.append(["key": "lc", "value": "", "endpoint": local])
        }
        result["annotations"] = annotations
        result["binaryAnnotations"] = binary
        return result
    }
}
