import ByteCoding
import Platform
import Testing

@Suite("Columns of numbers")
struct NumberColumnTests {
    private func columns(_ random: inout SeededRandom) -> [[UInt64]] {
        let counts = [0, 1, 2, 7, 24, 129, 700]
        var columns: [[UInt64]] = []
        for count in counts {
            columns.append((0..<count).map { _ in random.next() })
            columns.append((0..<count).map { _ in random.next() >> (random.next() % 64) })
            columns.append((0..<count).map { _ in 1_000_000 + random.next() % 1000 })
            columns.append((0..<count).map { UInt64($0 % 5) })
            columns.append([UInt64](repeating: .max, count: count))
            columns.append((0..<count).map { $0 % 2 == 0 ? 0 : .max })
        }
        return columns
    }

    @Test("numbers come back exactly, whatever they are", arguments: 0..<10 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let packer = try ZstdPacker()
        let unpacker = try ZstdUnpacker()
        for column in columns(&random) {
            for nature in [NumberColumn.Nature.codes, .measures] {
                var writer = ByteWriter()
                try NumberColumn.encode(column, nature, to: &writer, packer)
                try writer.bytes.withUnsafeBytes { raw in
                    var reader = ByteReader(raw)
                    let read = try NumberColumn.decode(column.count, from: &reader, unpacker)
                    #expect(read == column, "seed \(seed)")
                    #expect(reader.isAtEnd)
                }
            }
        }
    }

    @Test("some numbers of a column are read as in the whole, and the reader goes on behind it", arguments: 0..<5 as Range<UInt64>)
    func someNumbers(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let packer = try ZstdPacker()
        let unpacker = try ZstdUnpacker()
        for column in columns(&random) {
            for nature in [NumberColumn.Nature.codes, .measures] {
                var writer = ByteWriter()
                try NumberColumn.encode(column, nature, to: &writer, packer)
                for _ in 0..<10 {
                    let first = Int(random.next() % UInt64(column.count + 1))
                    let wanted = first..<(first + Int(random.next() % UInt64(column.count - first + 1)))
                    try writer.bytes.withUnsafeBytes { raw in
                        var reader = ByteReader(raw)
                        let read = try NumberColumn.decode(column.count, only: wanted, from: &reader, unpacker)
                        #expect(read == Array(column[wanted]), "seed \(seed) \(wanted)")
                        #expect(reader.isAtEnd)
                    }
                }
            }
        }
    }

    @Test("changed and cut columns are refused or read", arguments: 0..<10 as Range<UInt64>)
    func mutation(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let packer = try ZstdPacker()
        let unpacker = try ZstdUnpacker()
        for column in columns(&random) where !column.isEmpty {
            var writer = ByteWriter()
            try NumberColumn.encode(column, .codes, to: &writer, packer)
            for _ in 0..<30 {
                var bytes = writer.bytes
                bytes[Int(random.next() % UInt64(min(bytes.count, 40)))] = UInt8(truncatingIfNeeded: random.next())
                if random.next() % 3 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
                bytes.withUnsafeBytes { raw in
                    var reader = ByteReader(raw)
                    if let read = try? NumberColumn.decode(column.count, from: &reader, unpacker) {
                        #expect(read.count == column.count)
                    }
                    reader = ByteReader(raw)
                    let wanted = column.count / 3..<(column.count + 1) / 2
                    if let read = try? NumberColumn.decode(column.count, only: wanted, from: &reader, unpacker) {
                        #expect(read.count == wanted.count)
                    }
                }
            }
        }
    }

    @Test("pieces of zstd come back, and what is none is refused", arguments: 0..<10 as Range<UInt64>)
    func pieces(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let packer = try ZstdPacker()
        let unpacker = try ZstdUnpacker()
        let bytes = (0..<1000).map { UInt8($0 % 7) }
        let piece = try #require(try bytes.withUnsafeBytes { try packer.pack($0) })
        #expect(try Array(piece).withUnsafeBytes { try unpacker.unpack($0, limit: 1000) } == bytes)
        #expect(throws: ByteCodingError.self) { try Array(piece).withUnsafeBytes { try unpacker.unpack($0, limit: 999) } }
        for _ in 0..<200 {
            var changed = Array(piece)
            changed[Int(random.next() % UInt64(changed.count))] = UInt8(truncatingIfNeeded: random.next())
            if let read = try? changed.withUnsafeBytes({ try unpacker.unpack($0, limit: 5000) }) { #expect(read.count <= 5000) }
        }
    }
}
