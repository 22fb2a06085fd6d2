import ByteCoding
import TelemetryModel

/// Adds attributes to the resources of an OTLP request without decoding anything else. Traces, metrics and logs are alike
/// in what it needs to know: the request's field 1 is a group, the group's field 1 its resource, whose field 1 are attributes.
public struct OTLPResourceEnricher: Sendable {
    private let attributes: [Attribute]

    /// Adds these attributes, each only to resources that lack its key.
    public init(_ attributes: [Attribute]) { self.attributes = attributes }

    /// The request with the attributes added to every resource; a group without a resource gets one.
    public func enrich(_ request: UnsafeRawBufferPointer) throws(ByteCodingError) -> [UInt8] {
        var writer = ProtobufWriter(capacity: request.count + 512)
        var fields = ProtobufReader(request)
        var start = 0
        while try fields.nextField() {
            if fields.fieldNumber == 1 {
                let group = try fields.bytes()
                try writer.message(1) { (inner: inout ProtobufWriter) throws(ByteCodingError) in try enrich(group, &inner) }
            } else {
                try fields.skipValue()
                writer.encodedFields(UnsafeRawBufferPointer(rebasing: request[start..<fields.reader.position]))
            }
            start = fields.reader.position
        }
        return writer.bytes
    }

    private func enrich(_ group: UnsafeRawBufferPointer, _ writer: inout ProtobufWriter) throws(ByteCodingError) {
        // Several resources of one group are one, as protobuf merges repeated messages; so they may be put together.
        var resource: [UInt8] = []
        var fields = ProtobufReader(group)
        while try fields.nextField() {
            if fields.fieldNumber == 1 {
                resource.append(contentsOf: try fields.bytes())
            } else {
                try fields.skipValue()
            }
        }
        let known = Self.keys(resource)
        writer.message(1) { message in
            resource.withUnsafeBytes { message.encodedFields($0) }
            for attribute in attributes where !known.contains(attribute.key) {
                message.message(1) { AttributeValueCoding.write(attribute, &$0) }
            }
        }
        fields = ProtobufReader(group)
        var start = 0
        while try fields.nextField() {
            try fields.skipValue()
            if fields.fieldNumber != 1 {
                writer.encodedFields(UnsafeRawBufferPointer(rebasing: group[start..<fields.reader.position]))
            }
            start = fields.reader.position
        }
    }

    /// The keys that the resource has; whoever decodes it judges whether its attributes are sound.
    private static func keys(_ resource: [UInt8]) -> Set<String> {
        resource.withUnsafeBytes { raw in
            var keys: Set<String> = []
            var fields = ProtobufReader(raw)
            while (try? fields.nextField()) == true {
                if fields.fieldNumber == 1, let pair = try? fields.message() {
                    if let key = key(pair) { keys.insert(key) }
                } else if (try? fields.skipValue()) == nil {
                    break
                }
            }
            return keys
        }
    }

    private static func key(_ pair: ProtobufReader) -> String? {
        var fields = pair
        while (try? fields.nextField()) == true {
            if fields.fieldNumber == 1, let key = try? fields.bytes() { return String(decoding: key, as: UTF8.self) }
            if (try? fields.skipValue()) == nil { return nil }
        }
        return nil
    }
}
