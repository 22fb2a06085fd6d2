/// Prints the fingerprint of a query in JSON or in MongoDB's shell: keys stay, values print as `?`, and of the elements of
/// an array those that print like the one before are left out. The name behind a command such as `"find"` stays.
struct JSONLexer {
    /// Commands whose value names a collection.
    private static let commands: Set<String> = [
        "find", "insert", "update", "delete", "aggregate", "count", "distinct", "findAndModify", "findandmodify", "getMore",
        "create",
        "drop", "createIndexes", "collection", "mapReduce",
    ]
    /// Arrays deeper than this are printed whole.
    private static let depthLimit = 256

    /// An array that is open: where its last elements began and ended in the output.
    private struct Level {
        var isArray: Bool
        var elementStart: Int
        var previous: Range<Int>?
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var pendingBlank = false
    private var levels: [Level] = []
    private var ignoredDepth = 0
    private var keepsNextString = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func run(into output: inout [UInt8]) {
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case _ where StatementByte.isSpace(byte):
                position += 1
                pendingBlank = true
            case StatementByte.quote, StatementByte.doubleQuote: string(byte, &output)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number(&output)
            case _ where StatementByte.isWord(byte): word(&output)
            case UInt8(ascii: "["), UInt8(ascii: "{"): open(byte, &output)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): close(byte, &output)
            case UInt8(ascii: ","): comma(&output)
            default:
                position += 1
                print(CollectionOfOne(byte), &output)
            }
        }
    }

    private mutating func print(_ text: some Collection<UInt8>, _ output: inout [UInt8]) {
        if pendingBlank, !output.isEmpty { output.append(StatementByte.blank) }
        pendingBlank = false
        output.append(contentsOf: text)
    }

    private mutating func string(_ quote: UInt8, _ output: inout [UInt8]) {
        let start = position
        position += 1
        while position < bytes.count, bytes[position] != quote {
            position += bytes[position] == StatementByte.backslash ? 2 : 1
        }
        position = min(position + 1, bytes.count)
        if isBeforeColon {
            let name = position - start >= 2 ? bytes[(start + 1)..<(position - 1)] : bytes[start..<start]
            print(bytes[start..<position], &output)
            keepsNextString = levels.count <= 1 && Self.commands.contains(String(decoding: name, as: UTF8.self))
        } else if keepsNextString {
            print(bytes[start..<position], &output)
            keepsNextString = false
        } else {
            print(CollectionOfOne(StatementByte.question), &output)
        }
    }

    private var isBeforeColon: Bool {
        var next = position
        while next < bytes.count, StatementByte.isSpace(bytes[next]) { next += 1 }
        return next < bytes.count && bytes[next] == UInt8(ascii: ":")
    }

    private mutating func number(_ output: inout [UInt8]) {
        position += 1
        while position < bytes.count, StatementByte.isWord(bytes[position]) || "+-.".utf8.contains(bytes[position]) {
            position += 1
        }
        print(CollectionOfOne(StatementByte.question), &output)
        keepsNextString = false
    }

    private mutating func word(_ output: inout [UInt8]) {
        let start = position
        while position < bytes.count, StatementByte.isWord(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isBeforeColon {
            print(bytes[start..<position], &output)
            keepsNextString = levels.count <= 1 && Self.commands.contains(text)
        } else if text == "true" || text == "false" || text == "null" {
            print(CollectionOfOne(StatementByte.question), &output)
        } else {
            print(bytes[start..<position], &output)
        }
    }

    private mutating func open(_ byte: UInt8, _ output: inout [UInt8]) {
        position += 1
        keepsNextString = false
        print(CollectionOfOne(byte), &output)
        if levels.count < Self.depthLimit {
            levels.append(Level(isArray: byte == UInt8(ascii: "["), elementStart: output.count))
        } else {
            ignoredDepth += 1
        }
    }

    private mutating func close(_ byte: UInt8, _ output: inout [UInt8]) {
        position += 1
        if ignoredDepth > 0 {
            ignoredDepth -= 1
        } else {
            endElement(&output)
            _ = levels.popLast()
        }
        print(CollectionOfOne(byte), &output)
    }

    private mutating func comma(_ output: inout [UInt8]) {
        position += 1
        if ignoredDepth == 0 { endElement(&output) }
        pendingBlank = false
        output.append(UInt8(ascii: ","))
    }

    /// Takes the element that ends here out again when it prints like the one before it.
    private mutating func endElement(_ output: inout [UInt8]) {
        guard let level = levels.last, level.isArray else { return }
        let element = Self.trimmed(level.elementStart, output)
        if let previous = level.previous, output[previous].elementsEqual(output[element]) {
            output.removeSubrange(previous.upperBound...)
            pendingBlank = false
        } else {
            levels[levels.count - 1].previous = element
        }
        // The comma that follows belongs to the next element.
        levels[levels.count - 1].elementStart = output.count + 1
    }

    private static func trimmed(_ start: Int, _ output: [UInt8]) -> Range<Int> {
        var start = min(start, output.count)
        while start < output.count, output[start] == StatementByte.blank { start += 1 }
        return start..<output.count
    }
}
