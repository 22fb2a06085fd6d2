import ByteCoding
import TelemetryModel

/// Reads Zipkin's v2 JSON (zipkin.io/zipkin-api/#/default/post_spans), a list of spans.
///
/// The local endpoint's service becomes the resource, addresses and the remote endpoint become attributes (see
/// ``ZipkinNames``), tags attributes, annotations events. `shared` makes the span the server's half of its id, a tag
/// `error` makes its status an error. A span that cannot be read is refused alone.
public enum ZipkinDecoder {
    /// How deep the JSON may be nested; Zipkin's own spans need four levels.
    public static let depthLimit = 64

    /// Decodes a list. JSON that is broken, or is no list, is thrown back whole.
    public static func decode(
        _ json: UnsafeRawBufferPointer, limits: DecodeLimits = DecodeLimits()
    ) throws(ByteCodingError) -> DecodedSpans {
        var assembly = ZipkinAssembly(JSONScanner(json, depthLimit: depthLimit), limits)
        try assembly.readList()
        return assembly.decoded
    }
}

/// The state of decoding one list.
private struct ZipkinAssembly {
    /// What an endpoint says.
    struct Endpoint {
        var serviceName = ""
        var ipv4 = ""
        var ipv6 = ""
        var port: UInt16 = 0
    }

    /// The members of a span, in whichever order they come.
    struct Members {
        var traceID = ""
        var parentID = ""
        var id = ""
        var kind = SpanKind.internal
        var name = ""
        var timestamp: UInt64 = 0
        var duration: UInt64 = 0
        var local = Endpoint()
        var remote = Endpoint()
        var tags: [Attribute] = []
        var annotations: [(time: UInt64, value: String)] = []
        var isShared = false
        var isDebug = false
    }

    let limits: DecodeLimits
    var decoded = DecodedSpans()
    private var scanner: JSONScanner
    private var spanNumber = 0
    private var resourceOfService: [String: UInt32] = [:]

    init(_ scanner: JSONScanner, _ limits: DecodeLimits) {
        self.scanner = scanner
        self.limits = limits
    }

    mutating func readList() throws(ByteCodingError) {
        try scanner.beginArray()
        while try scanner.nextElement() {
            spanNumber += 1
            var rewound = scanner
            do throws(ByteCodingError) {
                append(try readSpan())
            } catch {
                // Only a mistake in the types is the span's own; broken JSON throws again here.
                try rewound.skipValue()
                scanner = rewound
                refuse(WireRefusalReason(error), error.message)
            }
        }
        try scanner.end()
    }

    private mutating func refuse(_ reason: WireRefusalReason, _ problem: String) {
        let number = spanNumber
        decoded.refusals.add(reason, "Span \(number) of the list: \(problem).")
    }

    // MARK: - Reading

    private mutating func readSpan() throws(ByteCodingError) -> Members {
        var members = Members()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if try scanner.peek() == .null {
                try scanner.null()
            } else {
                try readMember(key.string, &members)
            }
        }
        return members
    }

    private mutating func readMember(_ key: String, _ members: inout Members) throws(ByteCodingError) {
        switch key {
        case "traceId": members.traceID = try scanner.string().string
        case "parentId": members.parentID = try scanner.string().string
        case "id": members.id = try scanner.string().string
        case "kind": members.kind = try readKind()
        case "name": members.name = try scanner.string().string
        case "timestamp": members.timestamp = try readMicroseconds()
        case "duration": members.duration = try readMicroseconds()
        case "localEndpoint": members.local = try readEndpoint()
        case "remoteEndpoint": members.remote = try readEndpoint()
        case "tags": try readTags(&members)
        case "annotations": try readAnnotations(&members)
        case "shared": members.isShared = try scanner.bool()
        case "debug": members.isDebug = try scanner.bool()
        default: try scanner.skipValue()
        }
    }

    private mutating func readKind() throws(ByteCodingError) -> SpanKind {
        switch try scanner.string().string {
        case "CLIENT": return .client
        case "SERVER": return .server
        case "PRODUCER": return .producer
        case "CONSUMER": return .consumer
        default: throw ByteCodingError(.malformed, "its kind is none of CLIENT, SERVER, PRODUCER and CONSUMER")
        }
    }

    /// Nanoseconds from a number of microseconds.
    private mutating func readMicroseconds() throws(ByteCodingError) -> UInt64 {
        let (nanoseconds, overflow) = (try scanner.number().integer(UInt64.self) ?? .max).multipliedReportingOverflow(by: 1000)
        if overflow { throw ByteCodingError(.malformed, "a timestamp or duration is no number of microseconds") }
        return nanoseconds
    }

    private mutating func readEndpoint() throws(ByteCodingError) -> Endpoint {
        var endpoint = Endpoint()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if try scanner.peek() == .null {
                try scanner.null()
                continue
            }
            switch key.string {
            case "serviceName": endpoint.serviceName = try scanner.string().string
            case "ipv4": endpoint.ipv4 = try scanner.string().string
            case "ipv6": endpoint.ipv6 = try scanner.string().string
            case "port":
                guard let port = try scanner.number().integer(UInt16.self) else {
                    throw ByteCodingError(.malformed, "the port of an endpoint is not between 0 and 65535")
                }
                endpoint.port = port
            default: try scanner.skipValue()
            }
        }
        return endpoint
    }

    private mutating func readTags(_ members: inout Members) throws(ByteCodingError) {
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if members.tags.count >= limits.attributeCount {
                throw ByteCodingError(.tooLarge, "it has more than \(limits.attributeCount) tags")
            }
            members.tags.append(Attribute(key.string, try readTagValue()))
        }
    }

    /// Tags are texts; numbers and truth values are taken as their text, as Zipkin does.
    private mutating func readTagValue() throws(ByteCodingError) -> String {
        switch try scanner.peek() {
        case .number: return try scanner.number().text
        case .bool: return try scanner.bool() ? "true" : "false"
        default: return try scanner.string().string
        }
    }

    private mutating func readAnnotations(_ members: inout Members) throws(ByteCodingError) {
        try scanner.beginArray()
        while try scanner.nextElement() {
            if members.annotations.count >= limits.eventCount {
                throw ByteCodingError(.tooLarge, "it has more than \(limits.eventCount) annotations")
            }
            var annotation = (time: UInt64(0), value: "")
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                switch key.string {
                case "timestamp": annotation.time = try readMicroseconds()
                case "value": annotation.value = try scanner.string().string
                default: try scanner.skipValue()
                }
            }
            members.annotations.append(annotation)
        }
    }

    // MARK: - Rows

    private mutating func append(_ members: Members) {
        guard let traceID = TraceID(hex: members.traceID), !traceID.isZero else {
            return refuse(.invalidID, "its traceId must be 16 or 32 hexadecimal digits and not all zero")
        }
        guard let spanID = SpanID(hex: members.id), !spanID.isZero else {
            return refuse(.invalidID, "its id must be 16 hexadecimal digits and not all zero")
        }
        guard let parentID = members.parentID.isEmpty ? SpanID(0) : SpanID(hex: members.parentID) else {
            return refuse(.invalidID, "its parentId must be 16 hexadecimal digits")
        }
        let start = members.timestamp > 0 ? members.timestamp : members.annotations.map(\.time).min() ?? 0
        guard start > 0 else { return refuse(.malformed, "it has no timestamp") }
        var row = SpanRow()
        row.resource = resource(members.local.serviceName)
        row.scope = scope()
        row.traceID = traceID
        row.spanID = spanID
        row.parentSpanID = parentID == spanID ? SpanID(0) : parentID
        row.start = start
        row.end = start.addingReportingOverflow(members.duration).overflow ? .max : start + members.duration
        row.name = decoded.batch.symbols.intern(members.name)
        row.kind = members.kind
        row.side = members.isShared ? .sharedServer : .own
        if let error = members.tags.string("error") {
            row.status = .error
            row.statusMessage = decoded.batch.symbols.intern(error == "true" ? "" : error)
        }
        row.attributes = decoded.batch.appendAttributes(attributes(members))
        row.events = RowRange(start: UInt32(decoded.batch.events.count), count: UInt32(members.annotations.count))
        for annotation in members.annotations {
            let name = decoded.batch.symbols.intern(annotation.value)
            decoded.batch.events.append(
                EventRow(time: annotation.time, name: name, attributes: .none, droppedAttributeCount: 0))
        }
        decoded.batch.rows.append(row)
    }

    private func attributes(_ members: Members) -> [Attribute] {
        var list: [Attribute] = []
        append(members.local, ZipkinNames.local, to: &list)
        append(members.remote, ZipkinNames.remote, to: &list)
        if members.isDebug { list.append(Attribute(ZipkinNames.debug, .bool(true))) }
        return list + members.tags
    }

    private func append(_ endpoint: Endpoint, _ names: ZipkinNames.Endpoint, to list: inout [Attribute]) {
        if let service = names.service, !endpoint.serviceName.isEmpty { list.append(Attribute(service, endpoint.serviceName)) }
        let address = endpoint.ipv4.isEmpty ? endpoint.ipv6 : endpoint.ipv4
        if !address.isEmpty { list.append(Attribute(names.address, address)) }
        if !endpoint.ipv4.isEmpty, !endpoint.ipv6.isEmpty { list.append(Attribute(names.secondAddress, endpoint.ipv6)) }
        if endpoint.port > 0 { list.append(Attribute(names.port, .int(Int64(endpoint.port)))) }
    }

    private mutating func resource(_ service: String) -> UInt32 {
        if let known = resourceOfService[service] { return known }
        let new = decoded.batch.appendResource(
            Resource(attributes: service.isEmpty ? [] : [Attribute("service.name", service)]))
        resourceOfService[service] = new
        return new
    }

    private mutating func scope() -> UInt32 {
        decoded.batch.scopes.isEmpty ? decoded.batch.appendScope(InstrumentationScope()) : 0
    }
}
