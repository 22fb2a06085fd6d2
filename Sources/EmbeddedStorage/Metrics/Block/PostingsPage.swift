import ByteCoding

/// Lists of the series that have a label, by rising symbols of name and value.
///
/// For each list: distance of the name's symbol from the one before (varint), the value's symbol (varint, a distance where the
/// name is the same), number of bytes, and the list: for each run of neighbouring series the distance from the end of the last
/// (varint: twice, plus one when it is longer than one) and the length less two (varint).
struct PostingsEncoder {
    private(set) var writer = ByteWriter()
    /// The first name and value.
    private(set) var first: (name: UInt32, value: UInt32)?
    private var last: (name: UInt32, value: UInt32) = (0, 0)
    private var list = ByteWriter()

    mutating func append(name: UInt32, value: UInt32, _ series: some Sequence<UInt32>) {
        if first == nil { first = (name, value) }
        list.bytes.removeAll(keepingCapacity: true)
        var end: UInt32 = 0
        var run: (start: UInt32, count: UInt32) = (0, 0)
        for number in series {
            if run.count > 0, number == run.start &+ run.count {
                run.count &+= 1
                continue
            }
            write(run, &end)
            run = (number, 1)
        }
        write(run, &end)
        writer.writeVarint(UInt64(name - last.name))
        writer.writeVarint(UInt64(name == last.name ? value - last.value : value))
        writer.writeLengthPrefixed(list.bytes)
        last = (name, value)
    }

    private mutating func write(_ run: (start: UInt32, count: UInt32), _ end: inout UInt32) {
        if run.count == 0 { return }
        list.writeVarint(UInt64(run.start - end) << 1 | (run.count > 1 ? 1 : 0))
        if run.count > 1 { list.writeVarint(UInt64(run.count - 2)) }
        end = run.start &+ run.count
    }
}

/// A page of postings, as its bytes; lists are read when they are asked for.
final class PostingsPage: Sendable {
    private let raw: [UInt8]

    init(_ raw: [UInt8]) { self.raw = raw }

    /// The bytes it holds in memory.
    var byteCount: Int { raw.count }

    /// Calls `body` with names, values and lists from the first one on, until it returns false.
    func forEach(_ body: (_ name: UInt64, _ value: UInt64, _ list: UnsafeRawBufferPointer) throws -> Bool) throws {
        try raw.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var name: UInt64 = 0
            var value: UInt64 = 0
            while !reader.isAtEnd {
                let step = try reader.readVarint()
                let next = try reader.readVarint()
                name &+= step
                value = step == 0 ? value &+ next : next
                if try !body(name, value, try reader.readLengthPrefixed()) { return }
            }
        }
    }

    /// The series of a list.
    static func series(_ list: UnsafeRawBufferPointer, seriesCount: Int) throws -> [UInt32] {
        var reader = ByteReader(list)
        var numbers: [UInt32] = []
        var next = 0
        while !reader.isAtEnd {
            let tag = try reader.readVarint()
            guard let distance = Int(exactly: tag >> 1), distance < seriesCount - next else {
                throw ByteCodingError.malformed(at: reader.position, "a series that does not exist")
            }
            let start = next + distance
            let count = tag & 1 == 0 ? 1 : try reader.readCount(limit: seriesCount) + 2
            if count > seriesCount - start {
                throw ByteCodingError.malformed(at: reader.position, "a series that does not exist")
            }
            next = start + count
            if count == 1 { numbers.append(UInt32(start)) } else { numbers.append(contentsOf: UInt32(start)..<UInt32(next)) }
        }
        return numbers
    }
}
