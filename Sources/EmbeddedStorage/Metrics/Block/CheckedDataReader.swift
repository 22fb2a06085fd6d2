import ByteCoding
import Platform

/// Reads from a file of a block whose runs have checksums; a run is checked when it is read from the disk.
final class CheckedDataReader: Sendable {
    private let file: any ReadableFile
    private let checksums: [UInt32]
    private let part: MetricPageCache.Part
    private let block: UInt64
    private let cache: MetricPageCache

    init(
        _ file: any ReadableFile, _ checksums: [UInt32], _ part: MetricPageCache.Part, block: UInt64, _ cache: MetricPageCache
    ) {
        self.file = file
        self.checksums = checksums
        self.part = part
        self.block = block
        self.cache = cache
    }

    deinit { file.close() }

    /// Reads every run.
    func verify() throws {
        var last: (number: Int, run: CheckedBytes)?
        for number in checksums.indices { _ = try run(number, &last) }
    }

    /// Calls `body` with `count` bytes from `offset` on. `last` is the run that was used last: neighbours mostly lie in it.
    func withBytes<Result>(
        at offset: Int, count: Int, last: inout (number: Int, run: CheckedBytes)?,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        if count == 0 { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        guard offset >= 0, count > 0, offset <= file.byteCount, count <= file.byteCount - offset else {
            throw ByteCodingError.truncated(at: offset, needing: count)
        }
        let runByteCount = MetricBlockFormat.checkedByteCount
        let first = offset / runByteCount
        if (offset + count - 1) / runByteCount == first {
            let run = try run(first, &last)
            let start = offset - first * runByteCount
            return try run.bytes.withUnsafeBytes {
                try body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + count)]))
            }
        }
        var joined: [UInt8] = []
        joined.reserveCapacity(count)
        while joined.count < count {
            let position = offset + joined.count
            let number = position / runByteCount
            let bytes = try run(number, &last).bytes
            let start = position - number * runByteCount
            joined += bytes[start..<min(bytes.count, start + count - joined.count)]
        }
        return try joined.withUnsafeBytes(body)
    }

    private func run(_ number: Int, _ last: inout (number: Int, run: CheckedBytes)?) throws -> CheckedBytes {
        if let last, last.number == number { return last.run }
        let key = MetricPageCache.Key(block: block, part: part, number: number)
        if case .bytes(let run) = cache.find(key) {
            last = (number, run)
            return run
        }
        let start = number * MetricBlockFormat.checkedByteCount
        let bytes = try file.read(count: min(MetricBlockFormat.checkedByteCount, file.byteCount - start), at: start)
        if number >= checksums.count || CRC32C.checksum(bytes) != checksums[number] {
            throw ByteCodingError.malformed(at: start, "data with a wrong checksum")
        }
        let run = CheckedBytes(bytes)
        last = (number, run)
        cache.insert(.bytes(run), key, byteCount: bytes.count)
        return run
    }
}
