import ByteCoding
import TelemetryModel

/// Reads Zipkin's lists of spans: version 2 (zipkin.io/zipkin-api/#/default/post_spans) as JSON and protobuf, version 1 as
/// JSON.
///
/// The local endpoint's service becomes the resource, addresses and the remote endpoint become attributes (see
/// ``ZipkinNames``), tags attributes, annotations events. `shared` makes the span the server's half of its id, a tag
/// `error` makes its status an error. Parts of one span within a list are joined as Zipkin joins them. A span that cannot be
/// read is refused alone.
public enum ZipkinDecoder {
    /// How deep the JSON may be nested; Zipkin's own spans need four levels.
    public static let depthLimit = 64

    /// Decodes a list. Bytes whose outer framing is broken, or that are no list, are thrown back whole.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, as format: ZipkinFormat = .json, limits: DecodeLimits = DecodeLimits()
    ) throws(ByteCodingError) -> DecodedSpans {
        var rows = ZipkinRows(limits)
        switch format {
        case .json, .jsonV1:
            var reader = ZipkinJSONReader(JSONScanner(bytes, depthLimit: depthLimit), limits, isV1: format == .jsonV1)
            try reader.readList(into: &rows)
        case .protobuf:
            try ZipkinProtobufReader(limits).readList(bytes, into: &rows)
        }
        return rows.finish()
    }
}
