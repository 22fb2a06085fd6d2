import ByteCoding
import Platform

/// What was found in one segment.
public struct SegmentScan: Sendable, Equatable {
    /// The file.
    public var path: String
    /// The number in its name.
    public var number: UInt64
    /// The sequence of its first record, also when it has none yet.
    public var firstSequence: UInt64 = 0
    /// The sequence of the last good record, `firstSequence` - 1 when there is none.
    public var lastSequence: UInt64 = 0
    /// How many good records there are.
    public var recordCount = 0
    /// Where the last good record ends.
    public var goodByteCount = 0
    /// How long the file is.
    public var byteCount: Int
    /// What is wrong, a sentence for each damaged part.
    public var damages: [String] = []
    /// Whether the file ends in a record that was not written to its end, as a loss of power leaves it.
    public var hasTornTail = false

    /// Whether more is wrong than a torn tail.
    var isDamaged: Bool { damages.count > (hasTornTail ? 1 : 0) }
}

/// Reads segments and believes nothing in them.
enum SegmentReader {
    /// The numbers of the segments in a directory, rising.
    static func numbers(in directory: String, _ fileSystem: any FileSystem) throws(FileError) -> [UInt64] {
        try fileSystem.list(directory).compactMap { SegmentFormat.number(fileName: $0) }.sorted()
    }

    /// Calls `body` with every good record of a segment, until it returns false. Damaged parts are named and passed over;
    /// the next record says that some are missing before it, as it may be coded against them.
    static func read(
        _ path: String, number: UInt64, _ fileSystem: any FileSystem, _ body: (LogRecord) throws -> Bool
    ) throws -> SegmentScan {
        let bytes = try fileSystem.readAll(path, limit: SegmentFormat.fileByteLimit)
        return try bytes.withUnsafeBytes { raw in
            var pass = SegmentPass(raw, SegmentScan(path: path, number: number, byteCount: bytes.count))
            try pass.run(body)
            return pass.scan
        }
    }
}

/// One way through the bytes of a segment.
private struct SegmentPass {
    private(set) var scan: SegmentScan
    private let raw: UnsafeRawBufferPointer
    private var reader: ByteReader
    /// Whether records are missing before the next one.
    private var followsGap = false
    private var damageCount = 0
    /// How many bytes may still be checked in search of records behind damaged parts: what looks like records there may be
    /// a sender's invention, made to keep us busy.
    private var searchByteCount = 256 << 20

    /// So many damaged parts are named.
    private static let damageLimit = 20

    init(_ raw: UnsafeRawBufferPointer, _ scan: SegmentScan) {
        self.scan = scan
        self.raw = raw
        reader = ByteReader(raw)
    }

    mutating func run(_ body: (LogRecord) throws -> Bool) throws {
        guard readHeader() else { return }
        var goesOn = true
        while goesOn, !reader.isAtEnd {
            let record: LogRecord
            do {
                record = try readRecord()
            } catch {
                goesOn = passOver(error)
                continue
            }
            take(record)
            goesOn = try body(record)
        }
        if damageCount > Self.damageLimit {
            scan.damages.append("\(scan.path): \(damageCount - Self.damageLimit) more parts are damaged.")
        }
    }

    private mutating func note(_ damage: String) {
        damageCount += 1
        if damageCount <= Self.damageLimit { scan.damages.append("\(scan.path): \(damage)") }
    }

    // MARK: - Header

    /// Whether records may follow. When only the header is damaged they are looked for behind it.
    private mutating func readHeader() -> Bool {
        do {
            scan.firstSequence = try parseHeader()
            scan.lastSequence = scan.firstSequence &- 1
            scan.goodByteCount = reader.position
            return true
        } catch {
            let length = SegmentFormat.fileHeaderByteCount
            scan.hasTornTail = raw.count <= length || raw.allSatisfy { $0 == 0 }
            // What a header with a good checksum says is true: this is another file than it should be.
            let mayHaveRecords = !scan.hasTornTail && !isHeaderWhole
            note("its header is damaged (\(error))\(mayHaveRecords ? "." : "; nothing in it was read.")")
            reader.position = min(length, raw.count)
            return mayHaveRecords
        }
    }

    private var isHeaderWhole: Bool {
        let length = SegmentFormat.fileHeaderByteCount
        guard raw.count >= length else { return false }
        let stored = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: length - 4, as: UInt32.self))
        return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[..<(length - 4)])) == stored
    }

    private mutating func parseHeader() throws(ByteCodingError) -> UInt64 {
        var fields = ByteReader(try reader.readBytes(SegmentFormat.fileHeaderByteCount))
        if try fields.readInteger(UInt32.self) != SegmentFormat.magic { throw .malformed(at: 0, "no segment of a log starts") }
        let version = try fields.readInteger(UInt32.self)
        let named = try fields.readInteger(UInt64.self)
        let firstSequence = try fields.readInteger(UInt64.self)
        if !isHeaderWhole { throw .malformed(at: 0, "a wrong checksum") }
        if version > SegmentFormat.version { throw .malformed(at: 4, "format version \(version) of a newer Headrope stands") }
        if named != scan.number { throw .malformed(at: 8, "the number of another segment, \(named), stands") }
        if firstSequence == 0 { throw .malformed(at: 16, "sequence 0 stands") }
        return firstSequence
    }

    // MARK: - Records

    private mutating func readRecord() throws(ByteCodingError) -> LogRecord {
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
        let sequence = try fields.readInteger(UInt64.self)
        if try fields.readInteger(UInt32.self) != SegmentFormat.recordChecksum(bytes) {
            throw .malformed(at: start, "a record with a wrong checksum starts")
        }
        if tenant != 0 { throw .malformed(at: start, "a record of tenant \(tenant) starts") }
        if sequence <= scan.lastSequence {
            throw .malformed(at: start, "record \(sequence) stands behind record \(scan.lastSequence),")
        }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[fields.position...])
        return LogRecord(
            sequence: sequence, segment: scan.number, followsGap: followsGap || sequence != expected, type: type, version: version,
            payload: payload)
    }

    /// The sequence of the next record; nil when nothing says so.
    private var expected: UInt64? { scan.firstSequence == 0 ? nil : scan.lastSequence &+ 1 }

    private mutating func take(_ record: LogRecord) {
        if !followsGap, let expected, record.sequence != expected {
            note("records \(expected) to \(record.sequence - 1) are missing before byte \(scan.goodByteCount).")
        }
        if scan.firstSequence == 0 { scan.firstSequence = record.sequence }
        scan.lastSequence = record.sequence
        scan.recordCount += 1
        scan.goodByteCount = reader.position
        followsGap = false
    }

    // MARK: - Damage

    /// Goes on behind a damaged part; false when no good record follows.
    private mutating func passOver(_ error: ByteCodingError) -> Bool {
        let start = max(scan.goodByteCount, min(SegmentFormat.fileHeaderByteCount, raw.count))
        followsGap = true
        if let next = nextRecord(behind: start) {
            note("\(error); \(next.place - start) bytes from byte \(start) on were passed over\(lost(before: next.sequence)).")
            reader.position = next.place
            return true
        }
        note("\(error); \(raw.count - start) bytes from byte \(start) on were not read.")
        scan.hasTornTail = isTorn(start)
        return false
    }

    private func lost(before sequence: UInt64) -> String {
        guard let expected, sequence > expected else { return "" }
        return sequence == expected + 1 ? ", with record \(expected)" : ", with records \(expected) to \(sequence - 1)"
    }

    /// Where the next good record starts: its header fits, its sequence rises by no more than there was room for, and its
    /// checksum is right.
    private mutating func nextRecord(behind start: Int) -> (place: Int, sequence: UInt64)? {
        let header = SegmentFormat.recordHeaderByteCount
        var place = start + 1
        while place <= raw.count - header {
            let candidate = place
            place += 1
            if raw.loadUnaligned(fromByteOffset: candidate + 6, as: UInt32.self) != 0 { continue }
            let sequence = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: candidate + 10, as: UInt64.self))
            let room = UInt64((candidate - start) / header)
            if sequence <= scan.lastSequence || (expected.map { sequence - $0 > room } ?? false) { continue }
            let length = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: candidate, as: UInt32.self)))
            if length > raw.count - header - candidate { continue }
            searchByteCount -= header + length
            if searchByteCount < 0 { return nil }
            let bytes = UnsafeRawBufferPointer(rebasing: raw[candidate..<(candidate + header + length)])
            let stored = raw.loadUnaligned(fromByteOffset: candidate + SegmentFormat.recordChecksumOffset, as: UInt32.self)
            if UInt32(littleEndian: stored) == SegmentFormat.recordChecksum(bytes) { return (candidate, sequence) }
        }
        return nil
    }

    /// Whether what follows looks like a write that did not come to its end, not like a record that was changed.
    private func isTorn(_ start: Int) -> Bool {
        let count = raw.count - start
        if count < SegmentFormat.recordHeaderByteCount { return true }
        let length = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        return length > count - SegmentFormat.recordHeaderByteCount || raw[start...].allSatisfy { $0 == 0 }
    }
}
