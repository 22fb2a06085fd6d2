import ByteCoding
import TelemetryModel

/// A span of Zipkin's version 2, whichever form it came in: one host's view of an operation.
struct ZipkinSpan {
    /// A moment with a name.
    struct Annotation: Equatable {
        /// Microseconds since 1970.
        var time: UInt64
        var value: String
    }

    var traceID = TraceID(high: 0, low: 0)
    /// Zero for a root.
    var parentID = SpanID(0)
    var id = SpanID(0)
    /// `internal` when it names none.
    var kind = SpanKind.internal
    var name = ""
    /// Microseconds since 1970; 0 when it names none.
    var timestamp: UInt64 = 0
    /// Microseconds; 0 when it names none.
    var duration: UInt64 = 0
    var local: ZipkinEndpoint?
    var remote: ZipkinEndpoint?
    var tags = ZipkinTags()
    var annotations: [Annotation] = []
    var isShared = false
    var isDebug = false
}

/// A node of the network as a span names it.
struct ZipkinEndpoint: Equatable {
    var serviceName = ""
    var ipv4 = ""
    var ipv6 = ""
    var port: UInt16 = 0

    /// Whether it says nothing.
    var isEmpty: Bool { serviceName.isEmpty && ipv4.isEmpty && ipv6.isEmpty && port == 0 }
}

/// Keys with values in the order of their first appearance; of a key that repeats the last value stays, as in Zipkin.
struct ZipkinTags {
    private(set) var list: [(key: String, value: String)] = []
    /// Only kept for lists that are too long to be looked through.
    private var places: [String: Int] = [:]

    private static let scannedCount = 16

    var count: Int { list.count }

    subscript(key: String) -> String? { place(key).map { list[$0].value } }

    mutating func set(_ key: String, _ value: String) {
        if let place = place(key) {
            list[place].value = value
            return
        }
        list.append((key, value))
        if list.count == Self.scannedCount + 1 {
            for (place, tag) in list.enumerated() { places[tag.key] = place }
        } else if list.count > Self.scannedCount {
            places[key] = list.count - 1
        }
    }

    private func place(_ key: String) -> Int? {
        list.count > Self.scannedCount ? places[key] : list.firstIndex { $0.key == key }
    }
}

/// The ids of a span as texts, and what is wrong with them.
enum ZipkinIdentifiers {
    static let traceIDSentence = "its traceId must be 16 or 32 hexadecimal digits and not all zero"
    static let idSentence = "its id must be 16 hexadecimal digits and not all zero"
    static let parentIDSentence = "its parentId must be 16 hexadecimal digits"
}

/// Why one span of a list is refused.
struct ZipkinRefusal: Error {
    var reason: WireRefusalReason
    var problem: String

    init(_ reason: WireRefusalReason, _ problem: String) {
        self.reason = reason
        self.problem = problem
    }

    init(_ error: ByteCodingError) { self.init(WireRefusalReason(error), error.message) }
}
