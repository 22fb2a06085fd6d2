import ByteCoding
import TelemetryModel

/// Reads a `ListOfSpans` of Zipkin's protobuf; `Schemas/proto/zipkin.proto` says what the fields are.
struct ZipkinProtobufReader {
    private let limits: DecodeLimits

    init(_ limits: DecodeLimits) { self.limits = limits }

    /// Reads the list; throws when its outer framing is broken.
    func readList(_ bytes: UnsafeRawBufferPointer, into rows: inout ZipkinRows) throws(ByteCodingError) {
        var list = ProtobufReader(bytes)
        while try list.nextField() {
            guard list.fieldNumber == 1 else {
                try list.skipValue()
                continue
            }
            let message = try list.bytes()
            rows.beginSpan()
            do throws(ZipkinRefusal) {
                rows.add(try readSpan(message))
            } catch {
                rows.refuse(error)
            }
        }
    }

    private func readSpan(_ bytes: UnsafeRawBufferPointer) throws(ZipkinRefusal) -> ZipkinSpan {
        var span = ZipkinSpan()
        var ids: [UnsafeRawBufferPointer?] = [nil, nil, nil]
        do throws(ByteCodingError) {
            var fields = ProtobufReader(bytes)
            while try fields.nextField() {
                switch fields.fieldNumber {
                case 1...3: ids[Int(fields.fieldNumber) - 1] = try fields.bytes()
                case 4: span.kind = Self.kind(try fields.varint())
                case 5: span.name = try fields.string()
                case 6: span.timestamp = try Self.microseconds(try fields.fixed64())
                case 7: span.duration = try Self.microseconds(try fields.varint())
                case 8: span.local = try readEndpoint(try fields.message())
                case 9: span.remote = try readEndpoint(try fields.message())
                case 10: try readAnnotation(try fields.message(), &span)
                case 11: try readTag(try fields.message(), &span)
                case 12: span.isDebug = try fields.varint() != 0
                case 13: span.isShared = try fields.varint() != 0
                default: try fields.skipValue()
                }
            }
        } catch {
            throw ZipkinRefusal(error)
        }
        span.traceID = try Self.traceID(ids[0])
        guard let id = Self.number(ids[2], byteCount: 8), id != 0 else {
            throw ZipkinRefusal(.invalidID, "its id must be 8 bytes and not all zero")
        }
        span.id = SpanID(id)
        if let parent = ids[1], !parent.isEmpty {
            guard let id = Self.number(parent, byteCount: 8) else {
                throw ZipkinRefusal(.invalidID, "its parent_id must be 8 bytes")
            }
            span.parentID = SpanID(id)
        }
        return span
    }

    private static func traceID(_ bytes: UnsafeRawBufferPointer?) throws(ZipkinRefusal) -> TraceID {
        var id = TraceID(high: 0, low: 0)
        if let bytes, bytes.count == 16 {
            id.high = number(UnsafeRawBufferPointer(rebasing: bytes[..<8]), byteCount: 8) ?? 0
            id.low = number(UnsafeRawBufferPointer(rebasing: bytes[8...]), byteCount: 8) ?? 0
        } else {
            id.low = number(bytes, byteCount: 8) ?? 0
        }
        if id.isZero { throw ZipkinRefusal(.invalidID, "its trace_id must be 8 or 16 bytes and not all zero") }
        return id
    }

    /// The number that bytes of the network's order make.
    private static func number(_ bytes: UnsafeRawBufferPointer?, byteCount: Int) -> UInt64? {
        guard let bytes, bytes.count == byteCount else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A kind that is not known says nothing, as of any enumeration of protobuf's third version.
    private static func kind(_ number: UInt64) -> SpanKind {
        switch number {
        case 1: .client
        case 2: .server
        case 3: .producer
        case 4: .consumer
        default: .internal
        }
    }

    private static func microseconds(_ value: UInt64) throws(ByteCodingError) -> UInt64 {
        // Negative numbers that somebody put into an unsigned field say nothing, as in Zipkin.
        if Int64(bitPattern: value) < 0 { return 0 }
        if value.multipliedReportingOverflow(by: 1000).overflow {
            throw ByteCodingError(.malformed, "a timestamp or duration is no number of microseconds")
        }
        return value
    }

    private func readEndpoint(_ message: ProtobufReader) throws(ByteCodingError) -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        var fields = message
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: endpoint.serviceName = try fields.string()
            case 2: endpoint.ipv4 = try address(try fields.bytes(), byteCount: 4)
            case 3: endpoint.ipv6 = try address(try fields.bytes(), byteCount: 16)
            case 4:
                guard let port = UInt16(exactly: try fields.varint()) else {
                    throw ByteCodingError(.malformed, "the port of an endpoint is not between 0 and 65535")
                }
                endpoint.port = port
            default: try fields.skipValue()
            }
        }
        return endpoint
    }

    private func address(_ bytes: UnsafeRawBufferPointer, byteCount: Int) throws(ByteCodingError) -> String {
        if bytes.isEmpty { return "" }
        guard bytes.count == byteCount else {
            throw ByteCodingError(.malformed, "an address of an endpoint has \(bytes.count) bytes, not \(byteCount)")
        }
        return IPAddressText.text(bytes)
    }

    private func readAnnotation(_ message: ProtobufReader, _ span: inout ZipkinSpan) throws(ByteCodingError) {
        if span.annotations.count >= limits.eventCount {
            throw ByteCodingError(.tooLarge, "it has more than \(limits.eventCount) annotations")
        }
        var annotation = ZipkinSpan.Annotation(time: 0, value: "")
        var fields = message
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: annotation.time = try Self.microseconds(try fields.fixed64())
            case 2: annotation.value = try fields.string()
            default: try fields.skipValue()
            }
        }
        span.annotations.append(annotation)
    }

    private func readTag(_ message: ProtobufReader, _ span: inout ZipkinSpan) throws(ByteCodingError) {
        var key = ""
        var value = ""
        var fields = message
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: key = try fields.string()
            case 2: value = try fields.string()
            default: try fields.skipValue()
            }
        }
        span.tags.set(key, value)
        if span.tags.count > limits.attributeCount {
            throw ByteCodingError(.tooLarge, "it has more than \(limits.attributeCount) tags")
        }
    }
}
