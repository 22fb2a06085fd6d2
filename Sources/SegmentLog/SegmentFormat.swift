import ByteCoding

/// The bytes of a segment, as `Schemas/format/segment-log.md` describes them. Integers are little-endian.
public enum SegmentFormat {
    /// "HRLG" in the order of the file.
    public static let magic: UInt32 = 0x474C_5248
    /// The version that is written, and the newest that is read.
    public static let version: UInt32 = 1
    /// Magic, version, segment number, first sequence, CRC-32C of these.
    public static let fileHeaderByteCount = 28
    /// Length, type, version, tenant, sequence, CRC-32C.
    public static let recordHeaderByteCount = 22
    /// Where the CRC-32C stands in a record's header; it covers what is before it, and the payload.
    public static let recordChecksumOffset = 18
    /// The largest payload that is written or believed.
    public static let payloadByteLimit = 128 << 20
    /// The largest file that is read.
    public static let fileByteLimit = 1 << 30
    /// How many digits a segment's number has in its name.
    static let digitCount = 10

    /// The name of a segment's file: its number in ten digits.
    static func fileName(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, digitCount - digits.count)) + digits + ".log"
    }

    /// What is put before the name of a damaged segment that is done with, so that nothing deletes it by routine.
    static let damagedPrefix = "damaged-"

    /// The name of a damaged segment that was set aside.
    static func setAsideName(_ number: UInt64) -> String { damagedPrefix + fileName(number) }

    /// The number in the path of a segment that was set aside, or nil for other files.
    static func number(setAside path: String) -> UInt64? {
        path.split(separator: "/").last.flatMap { number(fileName: String($0.dropFirst(damagedPrefix.count))) }
    }

    /// The number in a segment's name, or nil for other files.
    static func number(fileName: String) -> UInt64? {
        guard fileName.hasSuffix(".log"), fileName.utf8.count >= digitCount + 4 else { return nil }
        return UInt64(fileName.dropLast(4))
    }

    static func fileHeader(number: UInt64, firstSequence: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: fileHeaderByteCount)
        writer.writeInteger(magic)
        writer.writeInteger(version)
        writer.writeInteger(number)
        writer.writeInteger(firstSequence)
        writer.writeInteger(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Starts a record; ``finishRecord(_:)`` fills in length and checksum when the payload stands behind it.
    static func startRecord(_ writer: inout ByteWriter, type: UInt8, version: UInt8, sequence: UInt64) {
        writer.bytes.removeAll(keepingCapacity: true)
        writer.writeInteger(UInt32(0))
        writer.writeByte(type)
        writer.writeByte(version)
        writer.writeInteger(UInt32(0))
        writer.writeInteger(sequence)
        writer.writeInteger(UInt32(0))
    }

    /// The payload must not be larger than ``payloadByteLimit``.
    static func finishRecord(_ writer: inout ByteWriter) {
        writer.patch(UInt32(writer.count - recordHeaderByteCount), at: 0)
        writer.patch(writer.bytes.withUnsafeBytes { recordChecksum($0) }, at: recordChecksumOffset)
    }

    static func recordChecksum(_ record: UnsafeRawBufferPointer) -> UInt32 {
        let header = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: record[..<recordChecksumOffset]))
        return CRC32C.extend(header, UnsafeRawBufferPointer(rebasing: record[recordHeaderByteCount...]))
    }
}

/// One record, lent for the time of a call.
public struct LogRecord {
    /// Its number, rising by one in the log.
    public var sequence: UInt64
    /// The number of the segment it was read from.
    public var segment: UInt64
    /// Whether records of its segment are missing before it: what is coded against them cannot be believed.
    public var followsGap: Bool
    /// What kind of payload it has; the log's user decides.
    public var type: UInt8
    /// The version of the payload's form; the log's user decides.
    public var version: UInt8
    /// The payload; not to be kept.
    public var payload: UnsafeRawBufferPointer
}
