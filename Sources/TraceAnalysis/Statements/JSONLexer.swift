/// Prints the fingerprint of a query in JSON or in MongoDB's shell: keys stay, values print as `?`, and of the elements of
/// an array those that print like the one before are left out, but for stages of a pipeline. The name behind a command
/// such as `"find"` stays.
struct JSONLexer {
    /// An open bracket, with places of the output, which is never longer than 128 KiB.
    struct Level {
        var isArray = false
        /// Where the element began that is being printed.
        var elementStart: Int32 = 0
        /// The element before it: its beginning and end.
        var previousStart: Int32 = 0
        var previousEnd: Int32 = -1
    }

    private let text: UnsafeRawBufferPointer
    private var output: StatementOutput
    private let levels: UnsafeMutableBufferPointer<Level>
    private var depth = 0
    private var ignoredDepth = 0
    private var position = 0
    private var pendingBlank = false
    /// The name of a collection comes.
    private var keepsNextString = false
    /// What was read last: behind it a slash divides, elsewhere it begins a regular expression.
    private var isBehindOperand = false

    /// The first of `levels` must be initialised; they must outlive this value, as must the memory of `output`.
    init(_ text: UnsafeRawBufferPointer, _ output: StatementOutput, _ levels: UnsafeMutableBufferPointer<Level>) {
        self.text = text
        self.output = output
        self.levels = levels
    }

    /// Prints the fingerprint and tells its length.
    mutating func run() -> Int {
        while position < text.count {
            let byte = text[position]
            switch byte {
            case _ where StatementByte.isSpace(byte):
                position &+= 1
                pendingBlank = true
            case StatementByte.quote, StatementByte.doubleQuote: string(byte)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number()
            case _ where StatementByte.isWord(byte): word()
            case UInt8(ascii: "["), UInt8(ascii: "{"): open(byte)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): close(byte)
            case UInt8(ascii: ","): comma()
            case UInt8(ascii: "/") where !isBehindOperand: regularExpression()
            default:
                position &+= 1
                flushBlank()
                output.append(byte)
                isBehindOperand = byte == UInt8(ascii: ")") || byte == StatementByte.question
            }
        }
        return output.count
    }

    private mutating func flushBlank() {
        if pendingBlank, output.count > 0 { output.append(StatementByte.blank) }
        pendingBlank = false
    }

    private mutating func value() {
        flushBlank()
        output.append(StatementByte.question)
        isBehindOperand = true
    }

    private mutating func kept(from start: Int) {
        flushBlank()
        output.append(text, from: start, to: position)
        isBehindOperand = true
    }

    // MARK: - Keys and values

    private mutating func string(_ quote: UInt8) {
        let start = position
        position &+= 1
        while position < text.count, text[position] != quote {
            position &+= text[position] == StatementByte.backslash ? 2 : 1
        }
        position = min(position &+ 1, text.count)
        if isBeforeColon {
            kept(from: start)
            keepsNextString = depth <= 1 && ignoredDepth == 0 && isCommand(start &+ 1, position &- 1)
        } else if keepsNextString {
            kept(from: start)
            keepsNextString = false
        } else {
            value()
        }
    }

    private var isBeforeColon: Bool {
        var next = position
        while next < text.count, StatementByte.isSpace(text[next]) { next &+= 1 }
        return next < text.count && text[next] == UInt8(ascii: ":")
    }

    private mutating func number() {
        position &+= 1
        while position < text.count, StatementByte.isWord(text[position]) || "+-.".utf8.contains(text[position]) { position &+= 1 }
        keepsNextString = false
        value()
    }

    private mutating func word() {
        let start = position
        while position < text.count, StatementByte.isWord(text[position]) { position &+= 1 }
        if isBeforeColon {
            kept(from: start)
            keepsNextString = depth <= 1 && ignoredDepth == 0 && isCommand(start, position)
        } else if matches(start, position, "true") || matches(start, position, "false") || matches(start, position, "null")
            || matches(start, position, "undefined") || matches(start, position, "NaN") || matches(start, position, "Infinity")
        {
            value()
        } else {
            kept(from: start)
        }
    }

    /// `/…/flags`, on one line; a slash alone if no other follows.
    private mutating func regularExpression() {
        var end = position &+ 1
        while end < text.count, text[end] != UInt8(ascii: "/"), text[end] != 0x0A {
            end &+= text[end] == StatementByte.backslash ? 2 : 1
        }
        guard end < text.count, text[end] == UInt8(ascii: "/") else {
            // What follows up to the end of the line is part of it.
            position = min(end, text.count)
            return value()
        }
        position = end &+ 1
        while position < text.count, StatementByte.isWord(text[position]) { position &+= 1 }
        value()
    }

    /// Whether a key is that of a command whose value names a collection.
    private func isCommand(_ start: Int, _ end: Int) -> Bool {
        switch text[min(start, text.count &- 1)] {
        case UInt8(ascii: "f"):
            matches(start, end, "find") || matches(start, end, "findAndModify") || matches(start, end, "findandmodify")
        case UInt8(ascii: "i"): matches(start, end, "insert")
        case UInt8(ascii: "u"): matches(start, end, "update")
        case UInt8(ascii: "a"): matches(start, end, "aggregate")
        case UInt8(ascii: "c"):
            matches(start, end, "count") || matches(start, end, "collection") || matches(start, end, "create")
                || matches(start, end, "createIndexes")
        case UInt8(ascii: "d"): matches(start, end, "delete") || matches(start, end, "distinct") || matches(start, end, "drop")
        case UInt8(ascii: "g"): matches(start, end, "getMore")
        case UInt8(ascii: "m"): matches(start, end, "mapReduce")
        default: false
        }
    }

    private func matches(_ start: Int, _ end: Int, _ word: StaticString) -> Bool {
        guard end &- start == word.utf8CodeUnitCount, end <= text.count else { return false }
        for index in 0..<word.utf8CodeUnitCount where text[start &+ index] != word.utf8Start[index] { return false }
        return true
    }

    // MARK: - Brackets

    private mutating func open(_ byte: UInt8) {
        position &+= 1
        keepsNextString = false
        isBehindOperand = false
        flushBlank()
        output.append(byte)
        if ignoredDepth == 0, depth + 1 < levels.count {
            depth += 1
            levels.initializeElement(
                at: depth, to: Level(isArray: byte == UInt8(ascii: "["), elementStart: Int32(truncatingIfNeeded: output.count)))
        } else {
            ignoredDepth += 1
        }
    }

    private mutating func close(_ byte: UInt8) {
        position &+= 1
        keepsNextString = false
        if ignoredDepth > 0 {
            ignoredDepth -= 1
        } else if depth > 0 {
            endElement()
            depth -= 1
        }
        flushBlank()
        output.append(byte)
        isBehindOperand = true
    }

    private mutating func comma() {
        position &+= 1
        keepsNextString = false
        isBehindOperand = false
        if ignoredDepth == 0 { endElement() }
        pendingBlank = false
        output.append(UInt8(ascii: ","))
        if ignoredDepth == 0 { levels[depth].elementStart = Int32(truncatingIfNeeded: output.count) }
    }

    /// Takes the element of an array that ends here out again when it prints like the one before it.
    private mutating func endElement() {
        guard depth > 0, levels[depth].isArray else { return }
        var start = min(Int(levels[depth].elementStart), output.count)
        while start < output.count, output[start] == StatementByte.blank { start += 1 }
        let previousEnd = Int(levels[depth].previousEnd)
        if previousEnd >= 0, !isStage(start), output.equal(Int(levels[depth].previousStart)..<previousEnd, start..<output.count) {
            output.count = previousEnd
            pendingBlank = false
            return
        }
        levels[depth].previousStart = Int32(truncatingIfNeeded: start)
        levels[depth].previousEnd = Int32(truncatingIfNeeded: output.count)
    }

    /// Whether an element that was printed is a stage of a pipeline: a document whose first key begins with a dollar sign
    /// and, as far as its letters tell, is no type of Extended JSON (`$oid`, `$date`, `$numberLong`, `$binary`, `$uuid`, …).
    private func isStage(_ start: Int) -> Bool {
        guard output[start] == UInt8(ascii: "{") else { return false }
        var place = start + 1
        while output[place] == StatementByte.blank { place += 1 }
        if output[place] == StatementByte.doubleQuote || output[place] == StatementByte.quote { place += 1 }
        guard output[place] == UInt8(ascii: "$") else { return false }
        func begins(_ word: StaticString) -> Bool {
            for index in 0..<word.utf8CodeUnitCount where output[place + 1 + index] != word.utf8Start[index] { return false }
            return true
        }
        return
            !(begins("oid") || begins("date\"") || begins("number") || begins("binary") || begins("uuid") || begins("timestamp")
            || begins("regularExpression") || begins("symbol") || begins("undefined") || begins("minKey") || begins("maxKey"))
    }
}
