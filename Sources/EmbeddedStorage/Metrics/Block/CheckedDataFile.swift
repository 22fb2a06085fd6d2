import ByteCoding
import Platform

/// Appends data to a file of a block and keeps the checksums of its runs.
struct CheckedDataWriter {
    private let file: any AppendableFile
    /// What has not been written yet. Whoever appends calls ``flushIfFull()`` from time to time.
    var pending: ByteWriter
    private var written = 0
    private var checksums: [UInt32] = []

    private static let flushByteCount = 32 * MetricBlockFormat.checkedByteCount

    init(_ file: any AppendableFile, header: [UInt8]) {
        self.file = file
        pending = ByteWriter(capacity: Self.flushByteCount + Self.flushByteCount / 4)
        pending.writeBytes(header)
    }

    /// Where the next byte goes.
    var position: Int { written + pending.count }

    /// Writes whole runs when there are enough of them.
    mutating func flushIfFull() throws(FileError) {
        if pending.count >= Self.flushByteCount {
            try write(pending.count - pending.count % MetricBlockFormat.checkedByteCount)
        }
    }

    /// Writes the rest, makes all of it durable and returns the checksums.
    mutating func finish() throws(FileError) -> [UInt32] {
        try write(pending.count)
        try file.sync()
        file.close()
        return checksums
    }

    func close() { file.close() }

    private mutating func write(_ count: Int) throws(FileError) {
        let result = pending.bytes.withUnsafeBytes { raw in
            var start = 0
            while start < count {
                let end = min(start + MetricBlockFormat.checkedByteCount, count)
                checksums.append(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[start..<end])))
                start = end
            }
            return Result<Void, FileError> { () throws(FileError) in
                try file.append(UnsafeRawBufferPointer(rebasing: raw[0..<count]))
            }
        }
        try result.get()
        written += count
        pending.bytes.removeFirst(count)
    }
}

/// Bytes of a file of a block whose checksum was right.
final class CheckedBytes: Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
}
