import ByteCoding
import Platform

/// What was found in one segment.
public struct SegmentScan: Sendable, Equatable {
    /// The file.
    public var path: String
    /// The number in its name.
    public var number: UInt64
    /// The sequence of its first record, also when it has none yet.
    public var firstSequence: UInt64
    /// The sequence of the last good record, `firstSequence` - 1 when there is none.
    public var lastSequence: UInt64
    /// How many good records there are.
    public var recordCount = 0
    /// Where the good records end.
    public var goodByteCount = 0
    /// How long the file is.
    public var byteCount: Int
    /// What is wrong behind the good records, as a sentence, or nil.
    public var damage: String?
}

/// Reads segments and believes nothing in them.
enum SegmentReader {
    /// The numbers of the segments in a directory, rising.
    static func numbers(in directory: String, _ fileSystem: any FileSystem) throws(FileError) -> [UInt64] {
        try fileSystem.list(directory).compactMap { SegmentFormat.number(fileName: $0) }.sorted()
    }

    /// Calls `body` with every good record of a segment, up to the first that is damaged or for which it returns false.
    ///
    /// What follows a damaged record in its segment is not read: records may be coded against the ones before.
    static func read(
        _ path: String, number: UInt64, _ fileSystem: any FileSystem, _ body: (LogRecord) throws -> Bool
    ) throws -> SegmentScan {
        let bytes = try fileSystem.readAll(path, limit: SegmentFormat.fileByteLimit)
        var scan = SegmentScan(path: path, number: number, firstSequence: 0, lastSequence: 0, byteCount: bytes.count)
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            do {
                scan.firstSequence = try readHeader(&reader, number: number)
            } catch {
                scan.damage = "\(path): its header is damaged (\(error)); nothing in it was read."
                return
            }
            scan.lastSequence = scan.firstSequence &- 1
            scan.goodByteCount = reader.position
            while !reader.isAtEnd {
                let record: LogRecord
                do {
                    record = try readRecord(&reader, sequence: scan.lastSequence &+ 1, segment: number)
                } catch {
                    let lost = raw.count - scan.goodByteCount
                    scan.damage = "\(path): \(error); \(lost) bytes from byte \(scan.goodByteCount) on were not read."
                    return
                }
                scan.lastSequence = record.sequence
                scan.recordCount += 1
                scan.goodByteCount = reader.position
                if try !body(record) { return }
            }
        }
        return scan
    }

    private static func readHeader(_ reader: inout ByteReader, number: UInt64) throws(ByteCodingError) -> UInt64 {
        let header = try reader.readBytes(SegmentFormat.fileHeaderByteCount)
        var fields = ByteReader(header)
        if try fields.readInteger(UInt32.self) != SegmentFormat.magic { throw .malformed(at: 0, "no segment of a log starts") }
        let version = try fields.readInteger(UInt32.self)
        let named = try fields.readInteger(UInt64.self)
        let firstSequence = try fields.readInteger(UInt64.self)
        let covered = UnsafeRawBufferPointer(rebasing: header[..<fields.position])
        if try fields.readInteger(UInt32.self) != CRC32C.checksum(covered) { throw .malformed(at: 0, "a wrong checksum") }
        if version > SegmentFormat.version { throw .malformed(at: 4, "format version \(version) of a newer Headrope stands") }
        if named != number { throw .malformed(at: 8, "the number of another segment, \(named), stands") }
        if firstSequence == 0 { throw .malformed(at: 16, "sequence 0 stands") }
        return firstSequence
    }

    private static func readRecord(
        _ reader: inout ByteReader, sequence: UInt64, segment: UInt64
    ) throws(ByteCodingError) -> LogRecord {
        let start = reader.position
        let length = Int(try reader.readInteger(UInt32.self))
        if length > SegmentFormat.payloadByteLimit { throw .malformed(at: start, "a record of \(length) bytes starts") }
        reader.position = start
        let bytes = try reader.readBytes(SegmentFormat.recordHeaderByteCount + length)
        var fields = ByteReader(bytes)
        try fields.skip(4)
        let type = try fields.readByte()
        let version = try fields.readByte()
        let tenant = try fields.readInteger(UInt32.self)
        let found = try fields.readInteger(UInt64.self)
        if try fields.readInteger(UInt32.self) != SegmentFormat.recordChecksum(bytes) {
            throw .malformed(at: start, "a record with a wrong checksum starts")
        }
        if tenant != 0 { throw .malformed(at: start, "a record of tenant \(tenant) starts") }
        if found != sequence { throw .malformed(at: start, "record \(found) stands where \(sequence) should,") }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[fields.position...])
        return LogRecord(sequence: found, segment: segment, type: type, version: version, payload: payload)
    }
}
