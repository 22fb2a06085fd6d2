import ByteCoding
import Storage
import TelemetryModel

/// What a search may know of the pages of a block without reading them: the operations on each with their longest duration
/// and whether one failed, the keys of its attributes, and a filter of short texts that stand under them.
///
/// A page of which one of these was too much says nothing about it, and is looked at.
struct PageDigests: Sendable {
    /// An operation on a page.
    struct PageOperation: Sendable {
        /// Its index in ``operations``.
        var operation: UInt32
        /// The bucket of the longest duration, see `DurationSketch.bucketIndex`.
        var duration: UInt16
        /// Whether a span of it has the status error.
        var hasError: Bool
    }

    /// A key on a page.
    struct PageKey: Sendable {
        /// Its index in ``keys``.
        var key: UInt32
        /// A bit for each type of value that stands under it, and ``PageDigests/eventBit``.
        var types: UInt8
    }

    /// A page.
    struct Page: Sendable {
        /// Nil when there are too many to list.
        var operations: Range<Int>?
        /// Nil when there are too many to list.
        var keys: Range<Int>?
        /// Nil when there are too many texts for a filter.
        var values: TraceFilter?
    }

    /// At most so many operations of a page are listed.
    static let pageOperationLimit = 1_024
    /// At most so many operations of pages are listed in a block.
    static let operationLimit = 16_384
    /// At most so many keys of a page are listed.
    static let pageKeyLimit = 1_024
    /// At most so many keys are listed in a block.
    static let keyLimit = 16_384
    /// Longer texts are not in the filters.
    static let valueByteLimit = 64
    /// A page with more different texts has no filter.
    static let pageValueLimit = 1 << 16
    /// In the types of a key: an event has this name.
    static let eventBit: UInt8 = 1 << 7
    /// In the types of a key: a text stands under it.
    static let textBit: UInt8 = 1 << AttributeType.string.rawValue

    /// The operations of the block.
    private(set) var operations: [OperationName] = []
    /// The keys of attributes and the names of events.
    private(set) var keys: [String] = []
    /// The pages.
    private(set) var pages: [Page] = []
    private(set) var pageOperations: [PageOperation] = []
    private(set) var pageKeys: [PageKey] = []

    /// Whether the list of operations was not cut.
    var hasAllOperations: Bool { operations.count < Self.operationLimit }

    /// The hash under which a text is in a page's filter.
    static func hash(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> UInt64 {
        SeededHash.hash(SeededHash.hash(key), SeededHash.hash(value))
    }

    /// The hash under which a text would be in a page's filter; nil when it is too long.
    static func hash(key: String, value: String) -> UInt64? {
        var (key, value) = (key, value)
        return key.withUTF8 { key in
            value.withUTF8 { value in
                value.count > valueByteLimit
                    ? nil : hash(key: UnsafeRawBufferPointer(key), value: UnsafeRawBufferPointer(value))
            }
        }
    }

    /// Reads the section of a block with so many pages.
    init(_ bytes: UnsafeRawBufferPointer, pageCount: Int) throws(ByteCodingError) {
        var reader = ByteReader(bytes)
        let texts = try Self.texts(&reader)
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            let service = try Self.text(try reader.readVarint(), texts, &reader)
            let name = try Self.text(try reader.readVarint(), texts, &reader)
            guard let kind = SpanKind(rawValue: try reader.readByte()) else {
                throw .malformed(at: reader.position, "an operation of unknown kind")
            }
            operations.append(OperationName(service: service, operation: name, kind: kind))
        }
        for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
            keys.append(try Self.text(try reader.readVarint(), texts, &reader))
        }
        if try reader.readVarint() != UInt64(pageCount) {
            throw .malformed(at: reader.position, "digests of other pages than the block has")
        }
        pages.reserveCapacity(pageCount)
        for _ in 0..<pageCount {
            var page = Page()
            page.operations = try readOperations(&reader)
            page.keys = try readKeys(&reader)
            page.values = try Self.readValues(&reader)
            pages.append(page)
        }
        if !reader.isAtEnd { throw .malformed(at: reader.position, "bytes behind the end of the digests") }
    }

    /// About how much memory it takes.
    var memoryByteCount: Int {
        operations.count * 96 + keys.count * 48 + pageOperations.count * MemoryLayout<PageOperation>.stride
            + pageKeys.count * MemoryLayout<PageKey>.stride + pages.reduce(0) { $0 + 64 + ($1.values?.words.count ?? 0) * 8 }
    }

    private static func texts(_ reader: inout ByteReader) throws(ByteCodingError) -> [String] {
        var texts = [""]
        let count = try reader.readCount(limit: reader.remaining + 1)
        for _ in 1..<max(1, count) { texts.append(try reader.readString()) }
        return texts
    }

    private static func text(
        _ number: UInt64, _ texts: [String], _ reader: inout ByteReader
    ) throws(ByteCodingError) -> String {
        guard number < UInt64(texts.count) else { throw .malformed(at: reader.position, "a text that is not there") }
        return texts[Int(number)]
    }

    private mutating func readOperations(_ reader: inout ByteReader) throws(ByteCodingError) -> Range<Int>? {
        let count = try reader.readCount(limit: Self.pageOperationLimit + 1)
        if count == 0 { return nil }
        let start = pageOperations.count
        var number: UInt64 = 0
        for _ in 1..<count {
            number &+= try reader.readVarint()
            let value = try reader.readVarint()
            guard number < UInt64(operations.count), value >> 1 < UInt64(DurationSketch.bucketLimit) else {
                throw .malformed(at: reader.position, "an operation that is not there")
            }
            pageOperations.append(
                PageOperation(operation: UInt32(number), duration: UInt16(value >> 1), hasError: value & 1 != 0))
        }
        return start..<pageOperations.count
    }

    private mutating func readKeys(_ reader: inout ByteReader) throws(ByteCodingError) -> Range<Int>? {
        let count = try reader.readCount(limit: Self.pageKeyLimit + 1)
        if count == 0 { return nil }
        let start = pageKeys.count
        var number: UInt64 = 0
        for _ in 1..<count {
            number &+= try reader.readVarint()
            guard number < UInt64(keys.count) else { throw .malformed(at: reader.position, "a key that is not there") }
            pageKeys.append(PageKey(key: UInt32(number), types: try reader.readByte()))
        }
        return start..<pageKeys.count
    }

    private static func readValues(_ reader: inout ByteReader) throws(ByteCodingError) -> TraceFilter? {
        let count = try reader.readCount(limit: reader.remaining)
        return count == 0 ? nil : try TraceFilter(try reader.readBytes(count))
    }
}
