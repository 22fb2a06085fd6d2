import TelemetryModel

/// A span of Zipkin's version 1: perhaps of several hosts, which stand with its annotations.
struct ZipkinV1Span {
    struct Annotation {
        /// Microseconds since 1970.
        var time: UInt64
        var value: String
        var endpoint: ZipkinEndpoint?
    }

    struct BinaryAnnotation {
        var key = ""
        /// The text of the value; nil when there is none.
        var value: String?
        var endpoint: ZipkinEndpoint?
    }

    /// Ids, name and debug.
    var common = ZipkinSpan()
    /// Microseconds since 1970, or 0.
    var timestamp: UInt64 = 0
    /// Microseconds, or 0.
    var duration: UInt64 = 0
    var annotations: [Annotation] = []
    var binaryAnnotations: [BinaryAnnotation] = []
}
