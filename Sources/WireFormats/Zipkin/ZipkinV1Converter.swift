import TelemetryModel

/// Makes spans of version 2 from one of version 1, one for each service in it.
///
/// In version 1 the kind is told by core annotations: `cs` and `cr` are when a client sent and received, `sr` and `ss` the
/// same for a server, `ms`, `ws`, `wr` and `mr` for messages. The rules are those by which openzipkin's `V1SpanConverter`
/// reads old spans; numbers and truth values, which it drops, become tags here.
struct ZipkinV1Converter {
    /// The most services of one span.
    static let hostLimit = 64

    private typealias Annotation = ZipkinV1Span.Annotation

    private let source: ZipkinV1Span
    /// The first takes what has no host.
    private var parts: [ZipkinSpan]
    private var clientSent, serverReceived, serverSent, clientReceived: Annotation?
    private var messageSent, messageReceived, wireSent, wireReceived: Annotation?

    init(_ source: ZipkinV1Span) {
        self.source = source
        parts = [source.common]
    }

    /// The spans; throws when there are too many of them.
    mutating func convert() throws(ZipkinRefusal) -> [ZipkinSpan] {
        // Zipkin sorts both lists, and the first host that is met becomes the first span's.
        let annotations = source.annotations.enumerated().sorted { a, b in
            (a.element.time, a.element.value, a.offset) < (b.element.time, b.element.value, b.offset)
        }
        for (_, annotation) in annotations { try take(annotation) }
        addMissingStarts()
        try timeRequests()
        try timeMessages()
        try takeBinaryAnnotations()
        return parts
    }

    // MARK: - Annotations

    private mutating func take(_ annotation: Annotation) throws(ZipkinRefusal) {
        let endpoint = annotation.endpoint.flatMap { $0.isEmpty ? nil : $0 }
        let part = try part(endpoint)
        // Core annotations need a host.
        switch endpoint == nil ? "" : annotation.value {
        case "cs": (clientSent, parts[part].kind) = (annotation, .client)
        case "cr": (clientReceived, parts[part].kind) = (annotation, .client)
        case "sr": (serverReceived, parts[part].kind) = (annotation, .server)
        case "ss": (serverSent, parts[part].kind) = (annotation, .server)
        case "ms": (messageSent, parts[part].kind) = (annotation, .producer)
        case "mr": (messageReceived, parts[part].kind) = (annotation, .consumer)
        case "ws": wireSent = annotation
        case "wr": wireReceived = annotation
        default: parts[part].annotations.append(.init(time: annotation.time, value: annotation.value))
        }
    }

    /// Programs that went over from events to spans may leave the first annotation out.
    private mutating func addMissingStarts() {
        func start(_ value: String, for end: Annotation?) -> Annotation? {
            guard let end, source.timestamp > 0, source.duration > 0,
                source.timestamp.addingReportingOverflow(source.duration) == (end.time, false)
            else { return nil }
            return Annotation(time: source.timestamp, value: value, endpoint: end.endpoint)
        }
        if clientSent == nil { clientSent = start("cs", for: clientReceived) }
        if serverReceived == nil { serverReceived = start("sr", for: serverSent) }
    }

    private mutating func timeRequests() throws(ZipkinRefusal) {
        if let clientSent, let serverReceived {
            try timeBothSides(clientSent, serverReceived)
        } else if let clientSent, let clientReceived {
            try time(from: clientSent, to: clientReceived)
        } else if let serverReceived, let serverSent {
            try time(from: serverReceived, to: serverSent)
        } else {
            timeIncomplete()
        }
        // Without a flag of its own, a server's span without timestamp or duration was one that the client shares.
        if clientSent == nil, let serverReceived, source.timestamp == 0 || (serverSent != nil && source.duration == 0) {
            parts[try part(serverReceived.endpoint)].isShared = true
        }
    }

    private mutating func timeBothSides(_ sent: Annotation, _ received: Annotation) throws(ZipkinRefusal) {
        try time(from: sent, to: clientReceived)
        let client = try part(sent.endpoint)
        let server: Int
        if sent.endpoint?.serviceName == received.endpoint?.serviceName {
            // A service that calls itself has two spans nevertheless.
            parts[client].kind = .client
            server = try newPart(received.endpoint)
            parts[server].kind = .server
        } else {
            server = try part(received.endpoint)
        }
        parts[server].isShared = true
        parts[server].timestamp = received.time
        if let serverSent { parts[server].duration = Self.microseconds(from: received, to: serverSent) }
        // A call without an answer has no duration.
        if clientReceived == nil, source.duration == 0 { parts[client].duration = 0 }
    }

    /// What is known of a call that is not whole.
    private mutating func timeIncomplete() {
        for index in parts.indices {
            switch parts[index].kind {
            case .client:
                if let clientSent { parts[index].timestamp = clientSent.time }
                if let clientReceived { parts[index].annotations.append(.init(time: clientReceived.time, value: "cr")) }
            case .server:
                if let serverReceived { parts[index].timestamp = serverReceived.time }
                if let serverSent { parts[index].annotations.append(.init(time: serverSent.time, value: "ss")) }
            default: break
            }
        }
        if source.timestamp > 0 { (parts[0].timestamp, parts[0].duration) = (source.timestamp, source.duration) }
    }

    private mutating func timeMessages() throws(ZipkinRefusal) {
        if let messageSent, let messageReceived {
            let producer = try part(messageSent.endpoint)
            let consumer: Int
            if messageSent.endpoint?.serviceName == messageReceived.endpoint?.serviceName {
                parts[producer].kind = .producer
                consumer = try newPart(messageReceived.endpoint)
                parts[consumer].kind = .consumer
            } else {
                consumer = try part(messageReceived.endpoint)
            }
            parts[consumer].isShared = true
            parts[consumer].timestamp = (wireReceived ?? messageReceived).time
            if let wireReceived { parts[consumer].duration = Self.microseconds(from: wireReceived, to: messageReceived) }
            parts[producer].timestamp = messageSent.time
            parts[producer].duration = wireSent.map { Self.microseconds(from: messageSent, to: $0) } ?? 0
        } else if let messageSent {
            try time(from: messageSent, to: wireSent)
        } else if let messageReceived {
            try time(from: wireReceived ?? messageReceived, to: wireReceived == nil ? nil : messageReceived)
        } else {
            for annotation in [wireSent, wireReceived].compactMap(\.self) {
                parts[try part(annotation.endpoint)].annotations.append(.init(time: annotation.time, value: annotation.value))
            }
        }
    }

    /// Times of the part at which something begins: the span's own, else those of its annotations.
    private mutating func time(from begin: Annotation, to end: Annotation?) throws(ZipkinRefusal) {
        let part = try part(begin.endpoint)
        if source.timestamp > 0, source.duration > 0 {
            (parts[part].timestamp, parts[part].duration) = (source.timestamp, source.duration)
        } else {
            parts[part].timestamp = begin.time
            if let end { parts[part].duration = Self.microseconds(from: begin, to: end) }
        }
    }

    private static func microseconds(from begin: Annotation, to end: Annotation) -> UInt64 {
        end.time > begin.time ? end.time - begin.time : 0
    }

    // MARK: - Binary annotations

    private mutating func takeBinaryAnnotations() throws(ZipkinRefusal) {
        var client, server, broker: ZipkinEndpoint?
        let sorted = source.binaryAnnotations.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
        for (_, annotation) in sorted {
            let endpoint = annotation.endpoint.flatMap { $0.isEmpty ? nil : $0 }
            guard let value = annotation.value else { continue }
            switch annotation.key {
            // The values of addresses are not looked at: not everybody wrote `true`.
            case "ca": client = endpoint
            case "sa": server = endpoint
            case "ma": broker = endpoint
            default:
                let part = try part(endpoint)
                // An empty "lc" only names the host.
                if annotation.key != "lc" || !value.isEmpty { parts[part].tags.set(annotation.key, value) }
            }
        }
        try takeAddresses(client, server, broker)
    }

    private mutating func takeAddresses(
        _ client: ZipkinEndpoint?, _ server: ZipkinEndpoint?, _ broker: ZipkinEndpoint?
    ) throws(ZipkinRefusal) {
        let hasNoCore = clientSent == nil && clientReceived == nil && serverSent == nil && serverReceived == nil
        if hasNoCore, client != nil || server != nil {
            if let client, let server {
                parts[try part(client)].remote = server
            } else if let server {
                parts[0].remote = server
            } else if let client {
                parts[0].kind = .server
                parts[0].remote = client
            }
            return
        }
        if var client, let own = (serverReceived ?? serverSent)?.endpoint, client != own {
            // Finagle names the caller's port under its own name, which would make the service call itself.
            if client.serviceName == own.serviceName { client.serviceName = "" }
            parts[try part(own)].remote = client
        }
        if let server, let own = (clientSent ?? clientReceived)?.endpoint { parts[try part(own)].remote = server }
        if let broker {
            for end in [messageSent, messageReceived].compactMap(\.self) { parts[try part(end.endpoint)].remote = broker }
        }
    }

    // MARK: - Parts

    /// The part of a host; parts are told apart by the names of services.
    private mutating func part(_ endpoint: ZipkinEndpoint?) throws(ZipkinRefusal) -> Int {
        guard let endpoint else { return 0 }
        if parts[0].local == nil {
            parts[0].local = endpoint
            return 0
        }
        if let known = parts.firstIndex(where: { $0.local?.serviceName == endpoint.serviceName }) { return known }
        return try newPart(endpoint)
    }

    private mutating func newPart(_ endpoint: ZipkinEndpoint?) throws(ZipkinRefusal) -> Int {
        if parts.count >= Self.hostLimit {
            throw ZipkinRefusal(.tooLarge, "it names more than \(Self.hostLimit) services")
        }
        var part = source.common
        part.local = endpoint
        parts.append(part)
        return parts.count - 1
    }
}
