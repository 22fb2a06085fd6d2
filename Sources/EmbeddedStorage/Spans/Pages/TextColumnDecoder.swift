import ByteCoding
import TelemetryModel

/// A column of texts as ``TextColumnEncoder`` wrote it. The rows are known at once; a text is put together when a row of it
/// is wanted.
struct TextColumnDecoder {
    private let shared: SpanTables.Entries
    private let textOfRow: [UInt32]
    private let templateOfText: [UInt32]
    private var templates: [Template] = []
    private let own: [UInt8]
    /// Where the variables of each text begin; none when all texts have one template.
    private var starts: [Start] = []
    /// The texts of the rows that are wanted are among these.
    private let firstText: Int
    /// The numbers of these texts.
    private let numbers: [UInt64]
    private let bytes: UnsafeRawBufferPointer
    /// The symbols of texts that have been put together, + 1.
    private var symbols: [UInt32]
    private var text: [UInt8] = []

    private struct Template {
        /// In the block's table; nil for one of the column's own.
        var number: Int?
        /// Where in `own` it stands.
        var range: Range<Int>
        var needs = Start()
    }

    /// A place among the numbers and the bytes of a column, or how many of them a text takes.
    private struct Start {
        var number = 0
        var byte = 0
    }

    /// Reads a column of `count` rows, of which `wanted` will be asked for; nil for any of them.
    init(
        _ count: Int, wanted: Range<Int>? = nil, from reader: inout ByteReader, _ shared: SpanTables.Entries,
        _ unpacker: ZstdUnpacker
    ) throws(ByteCodingError) {
        self.shared = shared
        let textCount: Int
        (textOfRow, textCount) = try Self.readPlaces(count, &reader, unpacker)
        let templateCount: Int
        (templateOfText, templateCount) = try Self.readPlaces(textCount, &reader, unpacker)
        symbols = [UInt32](repeating: 0, count: textCount)
        let references = try NumberColumn.decode(templateCount, from: &reader, unpacker)
        let ownCount = references.reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
        let ends: [Int]
        (own, ends) = try Self.readOwn(ownCount, &reader, unpacker)
        templates = try Self.templates(references, own, ends, shared)
        let end: Start
        (starts, end) = try Self.starts(templateOfText, templates, byteLimit: reader.bytes.count)
        let texts = Self.texts(of: (wanted ?? 0..<count).clamped(to: 0..<count), textOfRow)
        firstText = texts.lowerBound
        var range = 0..<end.number
        if let first = templates.first, starts.isEmpty {
            range = (texts.lowerBound * first.needs.number)..<(texts.upperBound * first.needs.number)
        } else if !starts.isEmpty {
            range = starts[texts.lowerBound].number..<(texts.upperBound < textCount ? starts[texts.upperBound].number : end.number)
        }
        numbers = try NumberColumn.decode(end.number, only: range, from: &reader, unpacker)
        bytes = try reader.readBytes(end.byte)
    }

    /// The templates with what they need.
    private static func templates(
        _ references: [UInt64], _ own: [UInt8], _ ends: [Int], _ shared: SpanTables.Entries
    ) throws(ByteCodingError) -> [Template] {
        var nextOwn = 0
        var templates: [Template] = []
        templates.reserveCapacity(references.count)
        for reference in references {
            var template: Template
            if reference == 0 {
                template = Template(number: nil, range: (nextOwn == 0 ? 0 : ends[nextOwn - 1])..<ends[nextOwn])
                nextOwn += 1
            } else if reference <= UInt64(shared.count) {
                template = Template(number: Int(reference) - 1, range: 0..<0)
            } else {
                throw ByteCodingError(.malformed, "a text of a template that the block does not have")
            }
            (template.needs.number, template.needs.byte) = try withBytes(template, own, shared) {
                (bytes) throws(ByteCodingError) in
                try TextTemplate.needs(bytes)
            }
            templates.append(template)
        }
        return templates
    }

    /// Where the variables of each text begin, unless there is one template, and where they end.
    private static func starts(
        _ templateOfText: [UInt32], _ templates: [Template], byteLimit: Int
    ) throws(ByteCodingError) -> ([Start], Start) {
        var starts: [Start] = []
        var end = Start()
        if templates.count == 1 {
            let needs = templates[0].needs
            end = Start(number: needs.number * templateOfText.count, byte: needs.byte * templateOfText.count)
        } else {
            starts.reserveCapacity(templateOfText.count)
            for template in templateOfText {
                starts.append(end)
                let needs = templates[Int(template)].needs
                end.number += needs.number
                end.byte += needs.byte
            }
        }
        if end.number > SpanPageFormat.numberLimit || end.byte > byteLimit {
            throw .beyond(limit: SpanPageFormat.numberLimit, "the numbers in a column of texts")
        }
        return (starts, end)
    }

    /// From the first to the last text of some rows.
    private static func texts(of rows: Range<Int>, _ textOfRow: [UInt32]) -> Range<Int> {
        guard let first = textOfRow[rows].min(), let last = textOfRow[rows].max() else { return 0..<0 }
        return Int(first)..<(Int(last) + 1)
    }

    /// The symbol of a row's text in `table`, which must be the same one in each call.
    @inline(__always)
    mutating func symbol(_ row: Int, _ table: inout SymbolTable) throws(ByteCodingError) -> UInt32 {
        let index = Int(textOfRow[row])
        if symbols[index] != 0 { return symbols[index] &- 1 }
        return try join(index, &table)
    }

    private mutating func join(_ index: Int, _ table: inout SymbolTable) throws(ByteCodingError) -> UInt32 {
        let template = templates[Int(templateOfText[index])]
        let needs = template.needs
        let start = starts.isEmpty ? Start(number: index * needs.number, byte: index * needs.byte) : starts[index]
        let first = starts.isEmpty ? firstText * needs.number : starts[firstText].number
        let range = (start.number - first)..<(start.number - first + needs.number)
        // Of rows that are not wanted the numbers are not there.
        if range.lowerBound < 0 || range.upperBound > numbers.count {
            throw ByteCodingError(.malformed, "a text that was not asked for")
        }
        let raw = UnsafeRawBufferPointer(rebasing: bytes[start.byte..<(start.byte + needs.byte)])
        var text: [UInt8] = []
        swap(&text, &self.text)
        try Self.withBytes(template, own, shared) { (bytes) throws(ByteCodingError) in
            try TextTemplate.join(bytes, numbers[range], raw, &text)
        }
        if text.count > SpanPageFormat.textByteLimit - table.byteCount {
            throw .beyond(limit: SpanPageFormat.textByteLimit, "the texts of a page go on")
        }
        let symbol = text.withUnsafeBytes { table.intern($0) }
        swap(&text, &self.text)
        symbols[index] = symbol &+ 1
        return symbol
    }

    /// For each row the number of its distinct value, and how many of those there are.
    private static func readPlaces(
        _ count: Int, _ reader: inout ByteReader, _ unpacker: ZstdUnpacker
    ) throws(ByteCodingError) -> ([UInt32], Int) {
        if count == 0 { return ([], 0) }
        let codes = try NumberColumn.decode(count - 1, from: &reader, unpacker)
        var places = [UInt32](repeating: 0, count: count)
        var met: UInt64 = 1
        for (index, code) in codes.enumerated() {
            if code > met { throw .malformed(at: reader.position, "a value from before the first one") }
            if code == 0 { met &+= 1 }
            places[index &+ 1] = UInt32(truncatingIfNeeded: code == 0 ? met &- 1 : met &- code)
        }
        return (places, Int(met))
    }

    private static func readOwn(
        _ count: Int, _ reader: inout ByteReader, _ unpacker: ZstdUnpacker
    ) throws(ByteCodingError) -> ([UInt8], [Int]) {
        if count == 0 { return ([], []) }
        var ends: [Int] = []
        var end = 0
        for length in try NumberColumn.decode(count, from: &reader, unpacker) {
            if length > UInt64(SpanPageFormat.textByteLimit - end) {
                throw .beyond(limit: SpanPageFormat.textByteLimit, "the templates of a column")
            }
            end += Int(length)
            ends.append(end)
        }
        let isPacked = try reader.readByte() != 0
        let stored = try reader.readLengthPrefixed()
        let bytes = isPacked ? try unpacker.unpack(stored, limit: end) : Array(stored)
        if bytes.count != end { throw .malformed(at: reader.position, "templates of another length") }
        return (bytes, ends)
    }

    private static func withBytes<Result>(
        _ template: Template, _ own: [UInt8], _ shared: SpanTables.Entries,
        _ body: (UnsafeRawBufferPointer) throws(ByteCodingError) -> Result
    ) throws(ByteCodingError) -> Result {
        do {
            if let number = template.number { return try shared.withBytes(number) { try body($0) } }
            return try own.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[template.range])) }
        } catch let error as ByteCodingError { throw error } catch { throw ByteCodingError(.malformed, "\(error)") }
    }
}
