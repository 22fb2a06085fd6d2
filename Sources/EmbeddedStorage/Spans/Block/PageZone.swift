import ByteCoding
import TelemetryModel

/// What a page holds, known without reading it: where it lies and what a search need not look for in it.
struct PageZone: Equatable, Sendable {
    /// Where the compressed page begins in the data file.
    var offset = 0
    /// Its length there.
    var storedByteCount = 0
    /// Its length uncompressed.
    var byteCount = 0
    /// CRC-32C of the stored bytes.
    var checksum: UInt32 = 0
    /// Spans.
    var rowCount = 0
    /// The earliest start of a span, nanoseconds since 1970.
    var minimumStart = UInt64.max
    /// The latest start of a span.
    var maximumStart: UInt64 = 0
    /// The latest start of a trace, a trace starting with its earliest span.
    var maximumTraceStart: UInt64 = 0
    /// The longest duration of a span, nanoseconds.
    var maximumDuration: UInt64 = 0
    /// Whether a search for errors may find something: a status, or an attribute of that name.
    var hasError = false
    /// The services, as numbers in the block's list of names, rising; nil when there are too many to list.
    var services: [UInt32]? = []
    /// The operations likewise.
    var operations: [UInt32]? = []

    /// At most so many services or operations of a page are listed.
    static let nameLimit = 256

    /// Whether a span that starts in this closed range may be in the page.
    func overlaps(from: UInt64, through: UInt64) -> Bool { minimumStart <= through && maximumStart >= from }

    func write(_ writer: inout ByteWriter) {
        writer.writeVarint(UInt64(offset))
        writer.writeVarint(UInt64(storedByteCount))
        writer.writeVarint(UInt64(byteCount))
        writer.writeInteger(checksum)
        writer.writeVarint(UInt64(rowCount))
        writer.writeInteger(minimumStart)
        writer.writeInteger(maximumStart)
        writer.writeInteger(maximumTraceStart)
        writer.writeInteger(maximumDuration)
        writer.writeByte(hasError ? 1 : 0)
        Self.write(services, &writer)
        Self.write(operations, &writer)
    }

    init() {}

    init(_ reader: inout ByteReader, nameCount: Int) throws(ByteCodingError) {
        offset = try reader.readCount(limit: SpanBlockFormat.dataByteLimit)
        storedByteCount = try reader.readCount(limit: SpanBlockFormat.pageByteLimit)
        byteCount = try reader.readCount(limit: SpanBlockFormat.pageByteLimit)
        checksum = try reader.readInteger()
        rowCount = try reader.readCount(limit: SpanBatchCodec.rowLimit)
        minimumStart = try reader.readInteger()
        maximumStart = try reader.readInteger()
        maximumTraceStart = try reader.readInteger()
        maximumDuration = try reader.readInteger()
        hasError = try reader.readByte() != 0
        services = try Self.read(&reader, nameCount: nameCount)
        operations = try Self.read(&reader, nameCount: nameCount)
    }

    /// Numbers as distances, behind their count + 1; 0 says that they are not listed.
    private static func write(_ numbers: [UInt32]?, _ writer: inout ByteWriter) {
        guard let numbers else { return writer.writeVarint(0) }
        writer.writeVarint(UInt64(numbers.count) + 1)
        var last: UInt32 = 0
        for number in numbers {
            writer.writeVarint(UInt64(number - last))
            last = number
        }
    }

    private static func read(_ reader: inout ByteReader, nameCount: Int) throws(ByteCodingError) -> [UInt32]? {
        let count = try reader.readCount(limit: nameLimit + 1)
        if count == 0 { return nil }
        var numbers: [UInt32] = []
        var last: UInt64 = 0
        for _ in 1..<count {
            let start = reader.position
            last &+= try reader.readVarint()
            if last >= UInt64(nameCount) { throw .malformed(at: start, "a name that is not in the block's list") }
            numbers.append(UInt32(last))
        }
        return numbers
    }
}
