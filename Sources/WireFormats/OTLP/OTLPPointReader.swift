import ByteCoding
import TelemetryModel

/// The kinds of points of OTLP metrics.
enum OTLPPointKind {
    case number, histogram, exponentialHistogram, summary

    /// The kind that belongs to a field of `Metric`: 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary.
    init(_ field: UInt32) {
        switch field {
        case 9: self = .histogram
        case 10: self = .exponentialHistogram
        case 11: self = .summary
        default: self = .number
        }
    }
}

/// One data point of any kind, as far as series need it. The kinds share the meaning of most fields but not their numbers.
///
/// One reader reads point after point and keeps its memory. Attributes and exemplars stay bytes of the request.
struct OTLPPointReader {
    /// Buckets of an exponential histogram that follow each other.
    struct Buckets {
        var offset: Int32 = 0
        var counts: [UInt64] = []
    }

    private(set) var kind = OTLPPointKind.number
    private let limits: DecodeLimits

    /// Nanoseconds since 1970.
    private(set) var time: UInt64 = 0
    /// `KeyValue` messages.
    private(set) var attributes: [UnsafeRawBufferPointer] = []
    /// `Exemplar` messages.
    private(set) var exemplars: [UnsafeRawBufferPointer] = []
    private(set) var flags: UInt64 = 0
    /// The value of a number.
    private(set) var value: Double?
    private(set) var count: UInt64 = 0
    private(set) var sum: Double?
    /// Counts of a histogram, each for itself.
    private(set) var bucketCounts: [UInt64] = []
    /// Upper bounds of a histogram, one fewer than counts.
    private(set) var bounds: [Double] = []
    private(set) var quantiles: [(quantile: Double, value: Double)] = []
    private(set) var scale: Int32 = 0
    private(set) var zeroCount: UInt64 = 0
    private(set) var zeroThreshold = 0.0
    private(set) var positive = Buckets()
    private(set) var negative = Buckets()

    init(limits: DecodeLimits) { self.limits = limits }

    private mutating func reset(_ kind: OTLPPointKind) {
        self.kind = kind
        (time, flags, value, count, sum) = (0, 0, nil, 0, nil)
        attributes.removeAll(keepingCapacity: true)
        exemplars.removeAll(keepingCapacity: true)
        if kind == .number { return }
        bucketCounts.removeAll(keepingCapacity: true)
        bounds.removeAll(keepingCapacity: true)
        quantiles.removeAll(keepingCapacity: true)
        (scale, zeroCount, zeroThreshold) = (0, 0, 0)
        positive = Buckets()
        negative = Buckets()
    }

    /// Whether the sender says that there is no value at this time.
    var isWithoutValue: Bool { flags & 1 != 0 }

    /// Reads all fields of another point.
    mutating func read(_ bytes: UnsafeRawBufferPointer, _ kind: OTLPPointKind) throws(ByteCodingError) {
        reset(kind)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch (kind, fields.fieldNumber) {
            case (_, 3): time = try fields.fixed64()
            case (.exponentialHistogram, 1), (.number, 7), (.summary, 7), (.histogram, 9): try readAttribute(&fields)
            case (.number, 8), (.summary, 8), (.histogram, 10), (.exponentialHistogram, 10): flags = try fields.varint()
            case (.number, 5), (.histogram, 8), (.exponentialHistogram, 11): exemplars.append(try fields.bytes())
            case (.number, 4): value = try fields.double()
            case (.number, 6): value = Double(Int64(bitPattern: try fields.fixed64()))
            case (.number, _): try fields.skipValue()
            case (_, 4): count = try fields.fixed64()
            case (_, 5): sum = try fields.double()
            case (.histogram, _): try readHistogramField(&fields)
            case (.exponentialHistogram, _): try readExponentialField(&fields)
            case (.summary, 6): try readQuantile(&fields)
            case (.summary, _): try fields.skipValue()
            }
        }
    }

    private mutating func readAttribute(_ fields: inout ProtobufReader) throws(ByteCodingError) {
        try limit(attributes.count, limits.attributeCount, "attributes")
        attributes.append(try fields.bytes())
    }

    private mutating func readHistogramField(_ fields: inout ProtobufReader) throws(ByteCodingError) {
        switch fields.fieldNumber {
        case 6:
            try fields.readFixed64s { (bits: UInt64) throws(ByteCodingError) in
                try limit(bucketCounts.count, limits.bucketCount, "buckets")
                bucketCounts.append(bits)
            }
        case 7:
            try fields.readFixed64s { (bits: UInt64) throws(ByteCodingError) in
                try limit(bounds.count, limits.bucketCount, "buckets")
                bounds.append(Double(bitPattern: bits))
            }
        default: try fields.skipValue()
        }
    }

    private mutating func readExponentialField(_ fields: inout ProtobufReader) throws(ByteCodingError) {
        switch fields.fieldNumber {
        case 6: scale = Self.zigzag(try fields.varint())
        case 7: zeroCount = try fields.fixed64()
        case 8: positive = try readBuckets(try fields.message())
        case 9: negative = try readBuckets(try fields.message())
        case 14: zeroThreshold = try fields.double()
        default: try fields.skipValue()
        }
    }

    private func readBuckets(_ message: ProtobufReader) throws(ByteCodingError) -> Buckets {
        var fields = message
        var buckets = Buckets()
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: buckets.offset = Self.zigzag(try fields.varint())
            case 2:
                try fields.readVarints { (count: UInt64) throws(ByteCodingError) in
                    try limit(buckets.counts.count, limits.bucketCount, "buckets")
                    buckets.counts.append(count)
                }
            default: try fields.skipValue()
            }
        }
        return buckets
    }

    private mutating func readQuantile(_ fields: inout ProtobufReader) throws(ByteCodingError) {
        try limit(quantiles.count, limits.bucketCount, "quantiles")
        var pair = (quantile: 0.0, value: 0.0)
        var message = try fields.message()
        while try message.nextField() {
            switch message.fieldNumber {
            case 1: pair.quantile = try message.double()
            case 2: pair.value = try message.double()
            default: try message.skipValue()
            }
        }
        quantiles.append(pair)
    }

    private func limit(_ count: Int, _ limit: Int, _ what: String) throws(ByteCodingError) {
        if count >= limit { throw ByteCodingError(.tooLarge, "it has more than \(limit) \(what)") }
    }

    private static func zigzag(_ raw: UInt64) -> Int32 {
        let bits = UInt32(truncatingIfNeeded: raw)
        return Int32(bitPattern: bits &>> 1) ^ -Int32(bitPattern: bits & 1)
    }
}

extension ProtobufReader {
    /// Reads a repeated field of eight-byte values, packed or not.
    fileprivate mutating func readFixed64s(_ take: (UInt64) throws(ByteCodingError) -> Void) throws(ByteCodingError) {
        if wireType == .fixed64 { return try take(try fixed64()) }
        var packed = ByteReader(try bytes())
        while !packed.isAtEnd { try take(try packed.readInteger(UInt64.self)) }
    }

    /// Reads a repeated field of varints, packed or not.
    fileprivate mutating func readVarints(_ take: (UInt64) throws(ByteCodingError) -> Void) throws(ByteCodingError) {
        if wireType == .varint { return try take(try varint()) }
        var packed = ByteReader(try bytes())
        while !packed.isAtEnd { try take(try packed.readVarint()) }
    }
}
