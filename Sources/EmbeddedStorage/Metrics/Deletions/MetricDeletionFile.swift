import ByteCoding
import Platform
import TelemetryModel

/// The deletions that are in force, in the file that `Schemas/format/metric-deletions.md` describes.
enum MetricDeletionFile {
    static let name = "deletions"
    /// What a file that cannot be read is renamed to.
    static let damagedName = "damaged-deletions"
    /// "HRMD" in the order of the file.
    static let magic: UInt32 = 0x444D_5248
    /// The version that is written, and the newest that is read.
    static let version: UInt32 = 1
    /// So many deletions may wait for their blocks to be rewritten.
    static let countLimit = 1_000
    /// The longest deletion, without length and checksum.
    static let deletionByteLimit = 1 << 20
    static let fileByteLimit = 64 << 20

    /// Replaces the file, durably; without deletions there is none.
    static func write(_ deletions: [MetricDeletion], in directory: String, _ fileSystem: any FileSystem) throws(FileError) {
        let path = "\(directory)/\(name)"
        if deletions.isEmpty {
            try fileSystem.remove(path)
            try fileSystem.syncDirectory(directory)
        } else {
            try fileSystem.writeAtomically(encode(deletions), to: path)
        }
    }

    /// The deletions in force, and a sentence for each that is damaged; reads nothing but this file and changes nothing.
    static func read(
        in directory: String, _ fileSystem: any FileSystem
    ) throws(FileError) -> (
        deletions: [MetricDeletion], damages: [String]
    ) {
        let path = "\(directory)/\(name)"
        if try fileSystem.status(path) == nil { return ([], []) }
        let bytes = try fileSystem.readAll(path, limit: fileByteLimit)
        return bytes.withUnsafeBytes { decode($0, path: path) }
    }

    static func encode(_ deletions: [MetricDeletion]) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInteger(magic)
        writer.writeInteger(version)
        for deletion in deletions {
            let body = encode(deletion)
            writer.writeInteger(UInt32(body.count))
            writer.writeInteger(CRC32C.checksum(body))
            writer.writeBytes(body)
        }
        return writer.bytes
    }

    static func encode(_ deletion: MetricDeletion) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeInteger(deletion.sequence)
        writer.writeInteger(deletion.blockLimit)
        writer.writeInteger(deletion.from)
        writer.writeInteger(deletion.through)
        writer.writeVarint(UInt64(deletion.matchers.count))
        for matcher in deletion.matchers {
            for text in [matcher.name, matcher.operation.rawValue, matcher.value] { writer.writeString(text) }
        }
        return writer.bytes
    }

    /// Each deletion has a checksum of its own, so that a damaged one does not bring back what others deleted.
    static func decode(_ raw: UnsafeRawBufferPointer, path: String) -> (deletions: [MetricDeletion], damages: [String]) {
        var deletions: [MetricDeletion] = []
        var damages: [String] = []
        var reader = ByteReader(raw)
        do {
            if try reader.readInteger(UInt32.self) != magic {
                throw ByteCodingError.malformed(at: 0, "no list of deletions starts")
            }
            let found = try reader.readInteger(UInt32.self)
            if found == 0 { throw ByteCodingError.malformed(at: 4, "format version 0, which there never was, stands") }
            if found > version { throw ByteCodingError.malformed(at: 4, "format version \(found) of a newer Headrope stands") }
            while !reader.isAtEnd {
                let start = reader.position
                let count = try reader.readCount(fixed: deletionByteLimit)
                let checksum = try reader.readInteger(UInt32.self)
                let body = try reader.readBytes(count)
                do {
                    if CRC32C.checksum(body) != checksum { throw ByteCodingError.malformed(at: start, "a wrong checksum stands") }
                    deletions.append(try deletion(body))
                } catch {
                    damages.append("\(path): a deletion is damaged and no longer in force (\(error)).")
                }
            }
        } catch {
            damages.append("\(path): what follows is damaged, deletions in it are no longer in force (\(error)).")
        }
        return (deletions, damages)
    }

    private static func deletion(_ body: UnsafeRawBufferPointer) throws -> MetricDeletion {
        var reader = ByteReader(body)
        var deletion = MetricDeletion(
            sequence: try reader.readInteger(), blockLimit: try reader.readInteger(), from: try reader.readInteger(),
            through: try reader.readInteger(), matchers: [])
        for _ in 0..<(try reader.readCount(limit: body.count)) {
            let name = try reader.readString()
            guard let operation = LabelMatcher.Operation(rawValue: try reader.readString()) else {
                throw ByteCodingError.malformed(at: reader.position, "an unknown comparison stands")
            }
            deletion.matchers.append(try LabelMatcher(name, operation, try reader.readString()))
        }
        // Without a condition every series would be deleted.
        if deletion.matchers.isEmpty || !reader.isAtEnd {
            throw ByteCodingError.malformed(at: reader.position, "no end of a deletion stands")
        }
        return deletion
    }
}

extension ByteReader {
    /// A length in four bytes, at most `limit`.
    fileprivate mutating func readCount(fixed limit: Int) throws(ByteCodingError) -> Int {
        let start = position
        let count = Int(try readInteger(UInt32.self))
        if count > limit { throw .malformed(at: start, "an impossible length stands") }
        return count
    }
}
