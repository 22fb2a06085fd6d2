import ByteCoding
import TelemetryModel

/// Reads a JSON list of spans of version 2 or 1.
struct ZipkinJSONReader {
    private let limits: DecodeLimits
    private let isV1: Bool
    private var scanner: JSONScanner

    init(_ scanner: JSONScanner, _ limits: DecodeLimits, isV1: Bool) {
        self.scanner = scanner
        self.limits = limits
        self.isV1 = isV1
    }

    /// Reads the list; throws when the JSON is broken or no list.
    mutating func readList(into rows: inout ZipkinRows) throws(ByteCodingError) {
        try scanner.beginArray()
        while try scanner.nextElement() {
            rows.beginSpan()
            var rewound = scanner
            do throws(ByteCodingError) {
                if isV1 { try readV1(into: &rows) } else { try readV2(into: &rows) }
            } catch {
                // Only a mistake in the types is the span's own; broken JSON throws again here.
                try rewound.skipValue()
                scanner = rewound
                rows.refuse(ZipkinRefusal(error))
            }
        }
        try scanner.end()
    }

    // MARK: - Version 2

    private mutating func readV2(into rows: inout ZipkinRows) throws(ByteCodingError) {
        var span = ZipkinSpan()
        var ids = Identifiers()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if try scanner.peek() == .null {
                try scanner.null()
            } else {
                try readMember(key.string, &span, &ids)
            }
        }
        do throws(ZipkinRefusal) {
            (span.traceID, span.parentID, span.id) = try ids.parsed()
        } catch {
            return rows.refuse(error)
        }
        rows.add(span)
    }

    private mutating func readMember(
        _ key: String, _ span: inout ZipkinSpan, _ ids: inout Identifiers
    ) throws(ByteCodingError) {
        switch key {
        case "traceId": ids.traceID = try scanner.string().string
        case "parentId": ids.parentID = try scanner.string().string
        case "id": ids.id = try scanner.string().string
        case "kind": span.kind = try scanner.zipkinKind()
        case "name": span.name = try scanner.string().string
        case "timestamp": span.timestamp = try scanner.zipkinMicroseconds()
        case "duration": span.duration = try scanner.zipkinMicroseconds()
        case "localEndpoint": span.local = try scanner.zipkinEndpoint()
        case "remoteEndpoint": span.remote = try scanner.zipkinEndpoint()
        case "tags": try readTags(&span.tags)
        case "annotations": try readAnnotations(&span.annotations)
        case "shared": span.isShared = try scanner.bool()
        case "debug": span.isDebug = try scanner.bool()
        case "binaryAnnotations":
            throw ByteCodingError(.malformed, "it is of version 1, which is taken at /api/v1/spans")
        default: try scanner.skipValue()
        }
    }

    private mutating func readTags(_ tags: inout ZipkinTags) throws(ByteCodingError) {
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            tags.set(key.string, try scanner.zipkinTagValue())
            if tags.count > limits.attributeCount {
                throw ByteCodingError(.tooLarge, "it has more than \(limits.attributeCount) tags")
            }
        }
    }

    private mutating func readAnnotations(_ annotations: inout [ZipkinSpan.Annotation]) throws(ByteCodingError) {
        try scanner.beginArray()
        while try scanner.nextElement() {
            if annotations.count >= limits.eventCount {
                throw ByteCodingError(.tooLarge, "it has more than \(limits.eventCount) annotations")
            }
            annotations.append(try scanner.zipkinAnnotation().annotation)
        }
    }

    // MARK: - Version 1

    private mutating func readV1(into rows: inout ZipkinRows) throws(ByteCodingError) {
        var span = ZipkinV1Span()
        var ids = Identifiers()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if try scanner.peek() == .null {
                try scanner.null()
            } else {
                try readV1Member(key.string, &span, &ids)
            }
        }
        do throws(ZipkinRefusal) {
            (span.common.traceID, span.common.parentID, span.common.id) = try ids.parsed()
            var converter = ZipkinV1Converter(span)
            for part in try converter.convert() { rows.add(part) }
        } catch {
            rows.refuse(error)
        }
    }

    private mutating func readV1Member(
        _ key: String, _ span: inout ZipkinV1Span, _ ids: inout Identifiers
    ) throws(ByteCodingError) {
        switch key {
        case "traceId": ids.traceID = try scanner.string().string
        case "parentId": ids.parentID = try scanner.string().string
        case "id": ids.id = try scanner.string().string
        case "name": span.common.name = try scanner.string().string
        case "timestamp": span.timestamp = try scanner.zipkinMicroseconds()
        case "duration": span.duration = try scanner.zipkinMicroseconds()
        case "debug": span.common.isDebug = try scanner.bool()
        case "annotations":
            try scanner.beginArray()
            while try scanner.nextElement() {
                if span.annotations.count >= limits.eventCount {
                    throw ByteCodingError(.tooLarge, "it has more than \(limits.eventCount) annotations")
                }
                let (annotation, endpoint) = try scanner.zipkinAnnotation()
                span.annotations.append(.init(time: annotation.time, value: annotation.value, endpoint: endpoint))
            }
        case "binaryAnnotations":
            try scanner.beginArray()
            while try scanner.nextElement() {
                if span.binaryAnnotations.count >= limits.attributeCount {
                    throw ByteCodingError(.tooLarge, "it has more than \(limits.attributeCount) binary annotations")
                }
                span.binaryAnnotations.append(try scanner.zipkinBinaryAnnotation())
            }
        case "localEndpoint", "remoteEndpoint", "tags":
            throw ByteCodingError(.malformed, "it is of version 2, which is taken at /api/v2/spans")
        default: try scanner.skipValue()
        }
    }

    /// The ids of a span as they stand in the text.
    private struct Identifiers {
        var traceID = ""
        var parentID = ""
        var id = ""

        func parsed() throws(ZipkinRefusal) -> (TraceID, SpanID, SpanID) {
            guard let traceID = TraceID(hex: traceID), !traceID.isZero else {
                throw ZipkinRefusal(.invalidID, ZipkinIdentifiers.traceIDSentence)
            }
            guard let spanID = SpanID(hex: id), !spanID.isZero else {
                throw ZipkinRefusal(.invalidID, ZipkinIdentifiers.idSentence)
            }
            guard let parentID = parentID.isEmpty ? SpanID(0) : SpanID(hex: parentID) else {
                throw ZipkinRefusal(.invalidID, ZipkinIdentifiers.parentIDSentence)
            }
            return (traceID, parentID, spanID)
        }
    }
}
