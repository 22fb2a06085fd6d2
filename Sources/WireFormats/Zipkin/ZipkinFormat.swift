/// The forms in which Zipkin's reporters send lists of spans.
public enum ZipkinFormat: Sendable, Hashable, CaseIterable {
    /// Version 2 as JSON: a list of spans of one host each.
    case json
    /// Version 2 as protobuf: `ListOfSpans`, see `Schemas/proto/zipkin.proto`.
    case protobuf
    /// Version 1 as JSON: spans whose hosts stand with their annotations.
    case jsonV1
}
