import ByteCoding
import TelemetryModel

/// Writes spans as Zipkin's v2 JSON, the counterpart of ``ZipkinDecoder``; what came from OTLP is put as OpenTelemetry's
/// page "OpenTelemetry to Zipkin Transformation" says.
public enum ZipkinEncoder {
    /// How often one service called another.
    public struct DependencyLink: Sendable, Equatable {
        /// The calling service.
        public var parent: String
        /// The called service.
        public var child: String
        /// Calls.
        public var callCount: UInt64
        /// Calls that failed.
        public var errorCount: UInt64

        /// Describes calls between two services.
        public init(parent: String, child: String, callCount: UInt64, errorCount: UInt64) {
            self.parent = parent
            self.child = child
            self.callCount = callCount
            self.errorCount = errorCount
        }
    }

    /// The spans of one trace, as `/api/v2/trace/{id}` answers.
    public static func trace(_ batch: SpanBatch) -> [UInt8] {
        var writer = JSONWriter(capacity: batch.count * 512)
        write(batch, &writer)
        return writer.bytes
    }

    /// A list of traces, as `/api/v2/traces` answers.
    public static func traces(_ traces: [SpanBatch]) -> [UInt8] {
        var writer = JSONWriter()
        writer.array { for trace in traces { write(trace, &$0) } }
        return writer.bytes
    }

    /// Links, as `/api/v2/dependencies` answers.
    public static func dependencies(_ links: [DependencyLink]) -> [UInt8] {
        var writer = JSONWriter()
        writer.array { list in
            for link in links {
                list.object {
                    $0.member("parent", link.parent)
                    $0.member("child", link.child)
                    $0.member("callCount", link.callCount)
                    if link.errorCount > 0 { $0.member("errorCount", link.errorCount) }
                }
            }
        }
        return writer.bytes
    }

    private static func write(_ batch: SpanBatch, _ writer: inout JSONWriter) {
        writer.array { list in
            for row in batch.rows.indices { write(batch, row, &list) }
        }
    }

    private static func write(_ batch: SpanBatch, _ index: Int, _ writer: inout JSONWriter) {
        let row = batch.rows[index]
        let attributes = batch.attributeList(row.attributes)
        writer.object { span in
            span.member("traceId", row.traceID.shortestDescription)
            if !row.parentSpanID.isZero { span.member("parentId", row.parentSpanID.description) }
            span.member("id", row.spanID.description)
            if let kind = kind(row.kind) { span.member("kind", kind) }
            if row.name != 0 { span.member("name", batch.symbols.string(row.name)) }
            span.member("timestamp", row.start / 1000)
            // Zipkin knows no span of no duration; a shorter one than a microsecond is rounded up.
            if row.duration > 0 { span.member("duration", max(row.duration / 1000, 1)) }
            let service = batch.attributeList(batch.resources[Int(row.resource)].attributes).string("service.name")
            endpoint("localEndpoint", service, attributes, ZipkinNames.local, &span)
            endpoint("remoteEndpoint", attributes.string("peer.service"), attributes, ZipkinNames.remote, &span)
            annotations(batch, row, &span)
            tags(batch, row, attributes, &span)
            if row.side == .sharedServer { span.member("shared", true) }
            if attributes[ZipkinNames.debug] == .bool(true) { span.member("debug", true) }
        }
    }

    private static func kind(_ kind: SpanKind) -> String? {
        switch kind {
        case .client: "CLIENT"
        case .server: "SERVER"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        case .internal, .unspecified: nil
        }
    }

    private static func endpoint(
        _ name: String, _ service: String?, _ attributes: [Attribute], _ names: ZipkinNames.Endpoint, _ span: inout JSONWriter
    ) {
        let address = attributes.string(names.address) ?? ""
        let second = attributes.string(names.secondAddress) ?? ""
        let port: Int64? = if case .int(let port)? = attributes[names.port] { port } else { nil }
        if service == nil, address.isEmpty, port == nil { return }
        span.key(name)
        span.object { endpoint in
            if let service { endpoint.member("serviceName", service) }
            if !address.isEmpty { endpoint.member(address.contains(":") ? "ipv6" : "ipv4", address) }
            if !second.isEmpty { endpoint.member("ipv6", second) }
            if let port { endpoint.member("port", port) }
        }
    }

    private static func annotations(_ batch: SpanBatch, _ row: SpanRow, _ span: inout JSONWriter) {
        if row.events.count == 0 { return }
        span.key("annotations")
        span.array { list in
            for index in row.events.indices {
                let event = batch.events[index]
                let name = batch.symbols.string(event.name)
                let details = AttributeValue.map(batch.attributeList(event.attributes)).text
                list.object {
                    $0.member("timestamp", event.time / 1000)
                    $0.member("value", event.attributes.count == 0 ? name : "\"\(name)\": \(details)")
                }
            }
        }
    }

    private static func tags(_ batch: SpanBatch, _ row: SpanRow, _ attributes: [Attribute], _ span: inout JSONWriter) {
        var tags = attributes.filter { !ZipkinNames.all.contains($0.key) }.map { Label($0.key, $0.value.text) }
        if row.status == .error, !tags.contains(where: { $0.name == "error" }) {
            tags.append(Label("error", row.statusMessage == 0 ? "true" : batch.symbols.string(row.statusMessage)))
        }
        if row.status == .ok { tags.append(Label("otel.status_code", "OK")) }
        let scope = batch.scopes[Int(row.scope)]
        if scope.name != 0 { tags.append(Label("otel.scope.name", batch.symbols.string(scope.name))) }
        if scope.version != 0 { tags.append(Label("otel.scope.version", batch.symbols.string(scope.version))) }
        if tags.isEmpty { return }
        span.key("tags")
        span.object { object in
            var written: Set<String> = []
            for tag in tags where written.insert(tag.name).inserted { object.member(tag.name, tag.value) }
        }
    }
}
