import ByteCoding
import TelemetryModel

/// Writes one span as Zipkin's v2 JSON.
struct ZipkinSpanWriter {
    private let batch: SpanBatch
    private let row: SpanRow
    private let attributes: [Attribute]
    /// Whether a library of OpenTelemetry made the span: Zipkin's have no scope.
    private let isOpenTelemetry: Bool
    private let local: ZipkinEndpoint
    private let remote: ZipkinEndpoint
    /// The attributes that are no tags.
    private let consumed: Set<Int>

    init(_ batch: SpanBatch, _ index: Int) {
        self.batch = batch
        row = batch.rows[index]
        attributes = batch.attributeList(row.attributes)
        isOpenTelemetry = batch.scopes[Int(row.scope)].name != 0
        var reader = ZipkinEndpointReader(attributes)
        var local = reader.read(ZipkinNames.local)
        local.serviceName = batch.attributeList(batch.resources[Int(row.resource)].attributes).string("service.name") ?? ""
        var remote = reader.read(ZipkinNames.remote)
        if isOpenTelemetry, row.kind == .client || row.kind == .producer { reader.complete(&remote) }
        self.local = local
        self.remote = remote
        consumed = reader.consumed
    }

    /// Writes the span as an object.
    func write(_ writer: inout JSONWriter) {
        writer.object { span in
            span.member("traceId", row.traceID.shortestDescription)
            if !row.parentSpanID.isZero { span.member("parentId", row.parentSpanID.description) }
            span.member("id", row.spanID.description)
            if let kind { span.member("kind", kind) }
            if row.name != 0 { span.member("name", batch.symbols.string(row.name)) }
            if !isMarked(ZipkinNames.untimed) { span.member("timestamp", row.start / 1000) }
            // Zipkin knows no span of no duration; a shorter one than a microsecond is rounded up.
            if row.duration > 0 { span.member("duration", max(row.duration / 1000, 1)) }
            write("localEndpoint", local, &span)
            write("remoteEndpoint", remote, &span)
            writeAnnotations(&span)
            writeTags(&span)
            if row.side == .sharedServer, !isMarked(ZipkinNames.secondHost) { span.member("shared", true) }
            if isMarked(ZipkinNames.debug) { span.member("debug", true) }
        }
    }

    private func isMarked(_ name: String) -> Bool { attributes[name] == .bool(true) }

    private var kind: String? {
        switch row.kind {
        case .client: "CLIENT"
        case .server: "SERVER"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        case .internal, .unspecified: nil
        }
    }

    private func write(_ name: String, _ endpoint: ZipkinEndpoint, _ span: inout JSONWriter) {
        if endpoint.isEmpty { return }
        span.key(name)
        span.object {
            if !endpoint.serviceName.isEmpty { $0.member("serviceName", endpoint.serviceName) }
            if !endpoint.ipv4.isEmpty { $0.member("ipv4", endpoint.ipv4) }
            if !endpoint.ipv6.isEmpty { $0.member("ipv6", endpoint.ipv6) }
            if endpoint.port > 0 { $0.member("port", endpoint.port) }
        }
    }

    private func writeAnnotations(_ span: inout JSONWriter) {
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

    // MARK: - Tags

    private func writeTags(_ span: inout JSONWriter) {
        let tags = tags
        if tags.isEmpty { return }
        span.key("tags")
        span.object { object in
            var written: Set<String> = []
            for tag in tags where written.insert(tag.name).inserted { object.member(tag.name, tag.value) }
        }
    }

    /// The span's attributes, then what Zipkin has no other place for, under the names that OpenTelemetry gives to it.
    private var tags: [Label] {
        var tags = attributes.indices.filter { !consumed.contains($0) }.map { Label(attributes[$0].key, attributes[$0].value.text) }
        if row.status == .error, !tags.contains(where: { $0.name == "error" }) {
            tags.append(Label("error", row.statusMessage == 0 ? "true" : batch.symbols.string(row.statusMessage)))
            if isOpenTelemetry { tags.append(Label("otel.status_code", "ERROR")) }
        }
        if row.status == .ok { tags.append(Label("otel.status_code", "OK")) }
        let scope = batch.scopes[Int(row.scope)]
        if scope.name != 0 { tags.append(Label("otel.scope.name", batch.symbols.string(scope.name))) }
        if scope.version != 0 { tags.append(Label("otel.scope.version", batch.symbols.string(scope.version))) }
        if row.traceState != 0 { tags.append(Label("w3c.tracestate", batch.symbols.string(row.traceState))) }
        let dropped = [
            ("otel.dropped_attributes_count", row.droppedAttributeCount), ("otel.dropped_events_count", row.droppedEventCount),
            ("otel.dropped_links_count", row.droppedLinkCount),
        ]
        for (name, count) in dropped where count > 0 { tags.append(Label(name, String(count))) }
        for attribute in batch.attributeList(batch.resources[Int(row.resource)].attributes) where attribute.key != "service.name" {
            tags.append(Label(attribute.key, attribute.value.text))
        }
        return tags
    }
}

/// Finds the endpoints of a span among its attributes.
struct ZipkinEndpointReader {
    private let attributes: [Attribute]
    private let tagKeys: Set<Substring>
    /// The places of the attributes that were read, and of those that only mark something.
    private(set) var consumed: Set<Int> = []

    init(_ attributes: [Attribute]) {
        self.attributes = attributes
        let marker = attributes.lastIndex { $0.key == ZipkinNames.tagKeys }
        tagKeys = Set(marker.map { attributes[$0].value.text.split(separator: " ") } ?? [])
        if let marker { consumed.insert(marker) }
        for name in [ZipkinNames.debug, ZipkinNames.untimed, ZipkinNames.shared, ZipkinNames.secondHost] {
            if let place = place(name), attributes[place].value == .bool(true) { consumed.insert(place) }
        }
    }

    /// The endpoint whose parts have these names; what is no part of an endpoint there stays a tag.
    mutating func read(_ names: ZipkinNames.Endpoint) -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        if let service = names.service, let (place, name) = string(service), !name.isEmpty {
            endpoint.serviceName = name
            consumed.insert(place)
        }
        for key in [names.address, names.secondAddress] {
            guard let (place, text) = string(key) else { continue }
            if IPAddressText.isVersion4(text) {
                endpoint.ipv4 = text
            } else if IPAddressText.isVersion6(text) {
                endpoint.ipv6 = text
            } else {
                continue
            }
            consumed.insert(place)
        }
        if let place = place(names.port), case .int(let number) = attributes[place].value, let port = UInt16(exactly: number) {
            endpoint.port = port
            consumed.insert(place)
        }
        return endpoint
    }

    /// What else of OpenTelemetry's conventions, current and old, says where a call went; it stays among the tags.
    func complete(_ endpoint: inout ZipkinEndpoint) {
        let names = ["server.address", "net.peer.name", "peer.hostname", "peer.address", "db.namespace", "db.name"]
        if endpoint.serviceName.isEmpty {
            endpoint.serviceName = names.lazy.compactMap { attributes.string($0) }.first { !$0.isEmpty } ?? ""
        }
        if endpoint.port == 0 {
            for name in ["server.port", "net.peer.port"] {
                if case .int(let number)? = attributes[name], let port = UInt16(exactly: number) {
                    endpoint.port = port
                    return
                }
            }
        }
    }

    /// The attribute of a name that is no tag.
    private func place(_ name: String) -> Int? {
        let places = attributes.indices.filter { attributes[$0].key == name }
        return tagKeys.contains(name[...]) ? places.dropLast().first : places.first
    }

    private func string(_ name: String) -> (place: Int, text: String)? {
        guard let place = place(name), case .string(let text) = attributes[place].value else { return nil }
        return (place, text)
    }
}
