import ByteCoding
import TelemetryModel

/// The values that both versions of Zipkin's JSON are made of.
extension JSONScanner {
    mutating func zipkinKind() throws(ByteCodingError) -> SpanKind {
        switch try string().string {
        case "CLIENT": return .client
        case "SERVER": return .server
        case "PRODUCER": return .producer
        case "CONSUMER": return .consumer
        default: throw ByteCodingError(.malformed, "its kind is none of CLIENT, SERVER, PRODUCER and CONSUMER")
        }
    }

    /// Microseconds, as a number or a text of digits; what is negative says nothing, as in Zipkin.
    mutating func zipkinMicroseconds() throws(ByteCodingError) -> UInt64 {
        let problem = ByteCodingError(.malformed, "a timestamp or duration is no number of microseconds")
        let value: Int64?
        if try peek() == .string {
            value = try string().withUTF8 { JSONNumber.integer($0) }
        } else {
            value = try number().integer()
        }
        guard let value else { throw problem }
        if value <= 0 { return 0 }
        if UInt64(value).multipliedReportingOverflow(by: 1000).overflow { throw problem }
        return UInt64(value)
    }

    mutating func zipkinEndpoint() throws(ByteCodingError) -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        try beginObject()
        while let key = try nextKey() {
            if try peek() == .null {
                try null()
                continue
            }
            switch key.string {
            case "serviceName": endpoint.serviceName = try string().string
            case "ipv4": endpoint.ipv4 = try string().string
            case "ipv6": endpoint.ipv6 = try string().string
            case "port":
                guard let port = try number().integer(UInt16.self) else {
                    throw ByteCodingError(.malformed, "the port of an endpoint is not between 0 and 65535")
                }
                endpoint.port = port
            default: try skipValue()
            }
        }
        return endpoint
    }

    /// Tags are texts; numbers and truth values are taken as their text.
    mutating func zipkinTagValue() throws(ByteCodingError) -> String {
        switch try peek() {
        case .number: return try number().text
        case .bool: return try bool() ? "true" : "false"
        default: return try string().string
        }
    }

    /// An annotation, with the host that it has in version 1.
    mutating func zipkinAnnotation() throws(ByteCodingError) -> (annotation: ZipkinSpan.Annotation, endpoint: ZipkinEndpoint?) {
        var annotation = ZipkinSpan.Annotation(time: 0, value: "")
        var endpoint: ZipkinEndpoint?
        var hasTime = false
        var hasValue = false
        try beginObject()
        while let key = try nextKey() {
            switch key.string {
            case "timestamp":
                annotation.time = try zipkinMicroseconds()
                hasTime = true
            case "value":
                annotation.value = try string().string
                hasValue = true
            case "endpoint": if try peek() == .null { try null() } else { endpoint = try zipkinEndpoint() }
            default: try skipValue()
            }
        }
        if !hasTime || !hasValue { throw ByteCodingError(.malformed, "an annotation has no timestamp or no value") }
        return (annotation, endpoint)
    }

    /// A tag or an address of version 1.
    mutating func zipkinBinaryAnnotation() throws(ByteCodingError) -> ZipkinV1Span.BinaryAnnotation {
        var key: String?
        var annotation = ZipkinV1Span.BinaryAnnotation()
        try beginObject()
        while let name = try nextKey() {
            if try peek() == .null {
                try null()
                continue
            }
            switch name.string {
            case "key": key = try string().string
            case "value": annotation.value = try zipkinTagValue()
            case "endpoint": annotation.endpoint = try zipkinEndpoint()
            default: try skipValue()
            }
        }
        guard let key else { throw ByteCodingError(.malformed, "a binary annotation has no key") }
        annotation.key = key
        return annotation
    }
}
