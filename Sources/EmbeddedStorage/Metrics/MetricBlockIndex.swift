import ByteCoding
import TelemetryModel

/// The index of a block, kept as its bytes: everything is looked up in place and believed only within bounds.
struct MetricBlockIndex: Sendable {
    private let bytes: [UInt8]
    private let symbols: Table
    private let series: Table
    private let hashes: Range<Int>
    private let nameCount: Int
    private let names: Int
    private let values: Int
    private let valueCount: Int
    private let lists: Range<Int>

    /// Items one behind the other, each found through where it ends.
    private struct Table {
        var count: Int
        var ends: Int
        var items: Range<Int>
    }

    private static let tableEndByteCount = 8
    private static let hashEntryByteCount = 12
    private static let nameEntryByteCount = 8
    private static let valueEntryByteCount = 12

    /// Checks header and checksums of the sections.
    init(_ bytes: [UInt8]) throws(ByteCodingError) {
        self.bytes = bytes
        let sections: [Range<Int>]
        do { sections = try bytes.withUnsafeBytes { try Self.sections($0) } } catch { throw Self.wrap(error) }
        symbols = try Self.table(bytes, sections[0])
        series = try Self.table(bytes, sections[1])
        if sections[2].count != 4 + series.count * Self.hashEntryByteCount {
            throw .malformed(at: sections[2].lowerBound, "a wrong number of label hashes")
        }
        let version = UInt32(truncatingIfNeeded: try Self.integer(bytes, sections[2].lowerBound, byteCount: 4))
        if version != SeededHash.version { throw .malformed(at: sections[2].lowerBound, "an unknown hash function") }
        hashes = (sections[2].lowerBound + 4)..<sections[2].upperBound
        let postings = sections[3]
        nameCount = Int(try Self.integer(bytes, postings.lowerBound, byteCount: 4))
        names = postings.lowerBound + 4
        let namesEnd = names + nameCount * Self.nameEntryByteCount
        if namesEnd + 4 > postings.upperBound { throw .truncated(at: names, needing: namesEnd + 4 - names) }
        valueCount = Int(try Self.integer(bytes, namesEnd, byteCount: 4))
        values = namesEnd + 4
        let valuesEnd = values + valueCount * Self.valueEntryByteCount
        if valuesEnd > postings.upperBound { throw .truncated(at: values, needing: valuesEnd - values) }
        lists = valuesEnd..<postings.upperBound
    }

    private static func wrap(_ error: any Error) -> ByteCodingError {
        error as? ByteCodingError ?? ByteCodingError(.malformed, "\(error)")
    }

    private static func sections(_ raw: UnsafeRawBufferPointer) throws(ByteCodingError) -> [Range<Int>] {
        var reader = ByteReader(raw)
        if try reader.readInteger(UInt32.self) != MetricBlockFormat.indexMagic {
            throw .malformed(at: 0, "no index of metrics starts")
        }
        let version = try reader.readInteger(UInt32.self)
        if version > MetricBlockFormat.version { throw .malformed(at: 4, "format version \(version) of a newer Headrope stands") }
        var sections: [(range: Range<Int>, checksum: UInt32)] = []
        for _ in 0..<MetricBlockFormat.sectionCount {
            let offset = try reader.readInteger(UInt64.self)
            let count = try reader.readInteger(UInt64.self)
            if offset > UInt64(raw.count) || count > UInt64(raw.count) - offset {
                throw .malformed(at: reader.position, "a section beyond the end of the index")
            }
            sections.append((Int(offset)..<Int(offset + count), try reader.readInteger()))
        }
        let header = UnsafeRawBufferPointer(rebasing: raw[..<reader.position])
        if try reader.readInteger(UInt32.self) != CRC32C.checksum(header) {
            throw .malformed(at: 0, "a wrong checksum of the header")
        }
        for (range, checksum) in sections where CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[range])) != checksum {
            throw .malformed(at: range.lowerBound, "a section with a wrong checksum starts")
        }
        return sections.map(\.range)
    }

    private static func table(_ bytes: [UInt8], _ range: Range<Int>) throws(ByteCodingError) -> Table {
        let count = Int(try integer(bytes, range.lowerBound, byteCount: 4))
        let ends = range.lowerBound + 4
        let items = ends + count * tableEndByteCount
        if items > range.upperBound { throw .truncated(at: ends, needing: items - ends) }
        return Table(count: count, ends: ends, items: items..<range.upperBound)
    }

    /// A little-endian integer of up to eight bytes.
    private static func integer(_ bytes: [UInt8], _ offset: Int, byteCount: Int) throws(ByteCodingError) -> UInt64 {
        if offset < 0 || offset + byteCount > bytes.count { throw .truncated(at: offset, needing: byteCount) }
        var value: UInt64 = 0
        for index in 0..<byteCount { value |= UInt64(bytes[offset &+ index]) &<< UInt64(8 &* index) }
        return value
    }

    private func item(_ table: Table, _ number: Int) throws(ByteCodingError) -> Range<Int> {
        if number < 0 || number >= table.count { throw .malformed(at: table.ends, "an item \(number) that does not exist") }
        let end = table.ends + number * Self.tableEndByteCount
        let low = number == 0 ? 0 : try Self.integer(bytes, end - Self.tableEndByteCount, byteCount: 8)
        let high = try Self.integer(bytes, end, byteCount: 8)
        if low > high || high > UInt64(table.items.count) { throw .malformed(at: end, "an item with an impossible end") }
        return (table.items.lowerBound + Int(low))..<(table.items.lowerBound + Int(high))
    }

    // MARK: - Series

    /// The labels of a series and where its chunks are.
    func entry(_ number: UInt32) throws(ByteCodingError) -> (labels: Labels, chunks: [ChunkReference]) {
        let range = try item(series, Int(number))
        do {
            return try bytes.withUnsafeBytes { try readEntry(UnsafeRawBufferPointer(rebasing: $0[range])) }
        } catch { throw Self.wrap(error) }
    }

    private func readEntry(_ raw: UnsafeRawBufferPointer) throws(ByteCodingError) -> (labels: Labels, chunks: [ChunkReference]) {
        var reader = ByteReader(raw)
        var labels = ByteWriter()
        for _ in 0..<(try reader.readCount(limit: raw.count)) {
            for _ in 0..<2 { labels.writeLengthPrefixed(Array(bytes[try item(symbols, try reader.readCount(limit: .max))])) }
        }
        if try reader.readByte() != SampleKind.float.rawValue { throw .malformed(at: reader.position, "an unknown kind of values") }
        var chunks: [ChunkReference] = []
        for _ in 0..<(try reader.readCount(limit: raw.count)) {
            chunks.append(
                ChunkReference(
                    first: try reader.readSignedVarint(), last: try reader.readSignedVarint(),
                    count: try reader.readCount(limit: MetricBlockFormat.chunkSampleLimit),
                    timesOffset: try reader.readCount(limit: .max),
                    timesByteCount: try reader.readCount(limit: MetricBlockFormat.columnByteLimit),
                    valuesOffset: try reader.readCount(limit: .max),
                    valuesByteCount: try reader.readCount(limit: MetricBlockFormat.columnByteLimit)))
        }
        return (Labels(canonicalBytes: labels.bytes), chunks)
    }

    /// The number of the series with exactly these labels.
    func find(_ labels: Labels) throws(ByteCodingError) -> UInt32? {
        let wanted = labels.bytes.withUnsafeBytes { SeededHash.hash($0, seed: MetricBlockFormat.hashSeed) }
        var slot = try Self.lowerBound(series.count) { slot throws(ByteCodingError) in
            try Self.integer(bytes, hashes.lowerBound + slot * Self.hashEntryByteCount, byteCount: 8) < wanted
        }
        while slot < series.count {
            let offset = hashes.lowerBound + slot * Self.hashEntryByteCount
            if try Self.integer(bytes, offset, byteCount: 8) != wanted { return nil }
            let number = UInt32(truncatingIfNeeded: try Self.integer(bytes, offset + 8, byteCount: 4))
            if try entry(number).labels == labels { return number }
            slot += 1
        }
        return nil
    }

    /// The first of `count` places for which `isBefore` is false.
    private static func lowerBound(
        _ count: Int, _ isBefore: (Int) throws(ByteCodingError) -> Bool
    ) throws(ByteCodingError) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if try isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: - Postings

    private func symbol(_ text: [UInt8]) throws(ByteCodingError) -> UInt32? {
        let place = try Self.lowerBound(symbols.count) { place throws(ByteCodingError) in
            bytes[try item(symbols, place)].lexicographicallyPrecedes(text)
        }
        guard place < symbols.count, bytes[try item(symbols, place)].elementsEqual(text) else { return nil }
        return UInt32(place)
    }

    private func name(_ place: Int) throws(ByteCodingError) -> UInt32 {
        UInt32(truncatingIfNeeded: try Self.integer(bytes, names + place * Self.nameEntryByteCount, byteCount: 4))
    }

    /// The places of the values of a label.
    private func valueRange(_ label: [UInt8]) throws(ByteCodingError) -> Range<Int> {
        guard let wanted = try symbol(label) else { return 0..<0 }
        let place = try Self.lowerBound(nameCount) { place throws(ByteCodingError) in try name(place) < wanted }
        guard place < nameCount, try name(place) == wanted else { return 0..<0 }
        let start = Int(try Self.integer(bytes, names + place * Self.nameEntryByteCount + 4, byteCount: 4))
        let next = names + (place + 1) * Self.nameEntryByteCount
        let end = place + 1 == nameCount ? valueCount : Int(try Self.integer(bytes, next + 4, byteCount: 4))
        if start > end || end > valueCount { throw .malformed(at: next, "an impossible range of values") }
        return start..<end
    }

    private func value(_ place: Int) throws(ByteCodingError) -> UInt32 {
        UInt32(truncatingIfNeeded: try Self.integer(bytes, values + place * Self.valueEntryByteCount, byteCount: 4))
    }

    private func list(_ place: Int) throws(ByteCodingError) -> [UInt32] {
        let offset = try Self.integer(bytes, values + place * Self.valueEntryByteCount + 4, byteCount: 8)
        if offset > UInt64(lists.count) { throw .malformed(at: values, "postings beyond the end") }
        do {
            return try bytes.withUnsafeBytes { raw in
                var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[(lists.lowerBound + Int(offset))..<lists.upperBound]))
                var numbers: [UInt32] = []
                var last: UInt64 = 0
                for _ in 0..<(try reader.readCount(limit: series.count)) {
                    last &+= try reader.readVarint()
                    if last >= UInt64(series.count) {
                        throw ByteCodingError.malformed(at: reader.position, "a series that does not exist")
                    }
                    numbers.append(UInt32(last))
                }
                return numbers
            }
        } catch { throw Self.wrap(error) }
    }

    /// The names of all labels.
    func labelNames() throws(ByteCodingError) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for place in 0..<nameCount { found.append(Array(bytes[try item(symbols, Int(try name(place)))])) }
        return found
    }
}

extension MetricBlockIndex: PostingsSource {
    var seriesCount: Int { series.count }

    func postings(_ label: [UInt8], _ text: [UInt8]) throws -> [UInt32] {
        guard let wanted = try symbol(text) else { return [] }
        let range = try valueRange(label)
        let place =
            try range.lowerBound
            + Self.lowerBound(range.count) { place throws(ByteCodingError) in
                try value(range.lowerBound + place) < wanted
            }
        guard place < range.upperBound, try value(place) == wanted else { return [] }
        return try list(place)
    }

    func forEachValue(of label: [UInt8], _ body: ([UInt8]) throws -> Void) throws {
        for place in try valueRange(label) { try body(Array(bytes[try item(symbols, Int(try value(place)))])) }
    }
}
