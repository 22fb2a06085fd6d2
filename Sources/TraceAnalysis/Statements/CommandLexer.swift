import ByteCoding

/// Prints the fingerprint of Redis commands: the command, its keys without ids, and one `?` for its other arguments.
///
/// Several commands, one a line or behind `; `, print as `A; B`; one that prints like the one before is left out. As values
/// may hold line ends, another command begins only where a word stands that is known as one.
struct CommandLexer {
    /// Longer words are no words but ids.
    private static let wordLimit = 32

    private let text: UnsafeRawBufferPointer
    private var output: StatementOutput
    private var position = 0
    /// Where the last command and its last argument are printed.
    private var commandStart = 0
    private var previousCommand = 0..<0
    private var argumentStart = 0
    private var previousArgument = 0..<0

    /// The memory of `output` must outlive this value.
    init(_ text: UnsafeRawBufferPointer, _ output: StatementOutput) {
        self.text = text
        self.output = output
    }

    /// Prints the fingerprint and tells its length.
    mutating func run() -> Int {
        var next = word()
        while let name = next {
            commandStart = output.count
            if output.count > 0 {
                output.append(UInt8(ascii: ";"))
                output.append(StatementByte.blank)
            }
            let start = output.count
            next = command(name.range)
            if !previousCommand.isEmpty, output.equal(previousCommand, start..<output.count) {
                output.count = commandStart
            } else {
                previousCommand = start..<output.count
            }
        }
        return output.count
    }

    // MARK: - Words

    /// A run of the text between white space, without quotes around it.
    private struct Word {
        var range: Range<Int>
        /// Whether a line end or a semicolon stands before it.
        var beginsLine: Bool
    }

    private mutating func word() -> Word? {
        var beginsLine = position > 1 && text[position &- 2] == UInt8(ascii: ";") && StatementByte.isSpace(text[position &- 1])
        while position < text.count, StatementByte.isSpace(text[position]) {
            let isEnd = text[position] == 0x0A || text[position] == 0x0D
            if isEnd || (position > 0 && text[position &- 1] == UInt8(ascii: ";")) { beginsLine = true }
            position &+= 1
        }
        guard position < text.count else { return nil }
        let start = position
        let quote = text[position]
        if quote == StatementByte.quote || quote == StatementByte.doubleQuote {
            position &+= 1
            while position < text.count, text[position] != quote {
                position &+= text[position] == StatementByte.backslash ? 2 : 1
            }
            let end = min(position, text.count)
            position = min(position &+ 1, text.count)
            return Word(range: start &+ 1..<max(end, start &+ 1), beginsLine: beginsLine)
        }
        while position < text.count, !StatementByte.isSpace(text[position]) { position &+= 1 }
        // A semicolon before white space ends the command and is no part of its last argument.
        let end =
            position < text.count && text[position &- 1] == UInt8(ascii: ";") && position &- start > 1 ? position &- 1 : position
        return Word(range: start..<end, beginsLine: beginsLine)
    }

    // MARK: - Commands

    /// Prints a command and returns the name of the next one.
    private mutating func command(_ name: Range<Int>) -> Word? {
        let rule = CommandRule.of(text, name)
        printName(name)
        previousArgument = 0..<0
        var index = 0
        var keysLeft = rule?.keyCount ?? 1
        var isBehindStreams = false
        while let word = word() {
            if word.beginsLine, CommandRule.of(text, word.range) != nil { return word }
            index += 1
            let range = word.range
            if let rule, index <= rule.wordCount {
                keep(range)
                continue
            }
            switch rule?.keys ?? .positions(first: 1, step: 1) {
            case .none: value()
            case .positions(let first, let step):
                let isKey = index >= first && (index - first) % step == 0 && keysLeft > 0
                if isKey { keysLeft -= 1 }
                if isKey { key(range, endsArgument: step == 1) } else { value(beginsArgument: step == 1) }
            case .butLast: if isLastOfCommand { value() } else { key(range) }
            case .counted(let place):
                // In a print the number is gone, and all that follows are keys or `?`.
                if index == place {
                    if let count = number(range) { keysLeft = count } else { key(range) }
                } else if index == 1, place > 1, rule?.firstIsKey ?? false {
                    key(range)
                } else if index > place, keysLeft > 0 {
                    keysLeft -= 1
                    key(range)
                } else {
                    value()
                }
            case .streams:
                if isBehindStreams {
                    if isStreamID(range) { value() } else { key(range) }
                } else if CommandRule.isStreams(text, range) {
                    isBehindStreams = true
                    keep(range)
                } else {
                    value()
                }
            }
        }
        return nil
    }

    private var isLastOfCommand: Bool {
        var next = position
        while next < text.count, StatementByte.isSpace(text[next]) {
            if text[next] == 0x0A || text[next] == 0x0D { return true }
            next &+= 1
        }
        return next == text.count || (position > 0 && text[position &- 1] == UInt8(ascii: ";"))
    }

    private func number(_ range: Range<Int>) -> Int? {
        var value = 0
        guard !range.isEmpty, range.count <= 6 else { return nil }
        for byte in text[range] {
            guard StatementByte.isDigit(byte) else { return nil }
            value = value * 10 + Int(byte &- 0x30)
        }
        return value
    }

    /// `5-1`, `$`, `>` and the like, or what stands for one.
    private func isStreamID(_ range: Range<Int>) -> Bool {
        guard let first = range.first else { return true }
        if range.count == 1 { return StatementByte.isDigit(text[first]) || "-$>+*?".utf8.contains(text[first]) }
        return StatementByte.isDigit(text[first])
            && text[range].allSatisfy { StatementByte.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "*") }
    }

    // MARK: - Printing

    private mutating func beginArgument() {
        argumentStart = output.count
        output.append(StatementByte.blank)
    }

    /// Takes the argument out again when it prints like the one before it.
    private mutating func endArgument() {
        if !previousArgument.isEmpty, output.equal(previousArgument, argumentStart..<output.count) {
            output.count = argumentStart
        } else {
            previousArgument = argumentStart..<output.count
        }
    }

    /// A key and its value in MSET are one argument, so that they stay together.
    private mutating func value(beginsArgument: Bool = true) {
        if beginsArgument { beginArgument() } else { output.append(StatementByte.blank) }
        output.append(StatementByte.question)
        endArgument()
    }

    /// A word that belongs to the command.
    private mutating func keep(_ range: Range<Int>) {
        beginArgument()
        printName(range)
        previousArgument = 0..<0
    }

    private mutating func printName(_ range: Range<Int>) {
        let isName =
            !range.isEmpty && range.count <= Self.wordLimit
            && text[range].allSatisfy {
                StatementByte.isLetter($0) || StatementByte.isDigit($0) || "._-|".utf8.contains($0)
            }
        if isName {
            output.append(text, from: range.lowerBound, to: range.upperBound)
        } else {
            output.append(StatementByte.question)
        }
    }

    /// A key with its ids taken out: `session:42:items` is `session:?:items`.
    private mutating func key(_ range: Range<Int>, endsArgument: Bool = true) {
        beginArgument()
        var start = range.lowerBound
        for place in range.lowerBound...range.upperBound {
            if place < range.upperBound, !Self.separatesParts(text[place]) { continue }
            part(start..<place)
            if place < range.upperBound { output.append(text[place]) }
            start = place &+ 1
        }
        if output.count == argumentStart + 1 { output.append(StatementByte.question) }
        if endsArgument { endArgument() }
    }

    private static func separatesParts(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "|"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "#"), UInt8(ascii: "@"), UInt8(ascii: ","), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// A part of a key between colons. Dashes and underscores join words, or words and ids; ids joined by them are one.
    private mutating func part(_ range: Range<Int>) {
        if range.isEmpty { return }
        if range.count == 36, text[range].allSatisfy({ StatementByte.isHexadecimal($0) || $0 == UInt8(ascii: "-") }) {
            return output.append(StatementByte.question)
        }
        var start = range.lowerBound
        var isBehindID = false
        for place in range.lowerBound...range.upperBound {
            if place < range.upperBound, text[place] != UInt8(ascii: "-"), text[place] != UInt8(ascii: "_") { continue }
            let isWord = isWord(start..<place)
            if start > range.lowerBound, isWord || !isBehindID { output.append(text[start &- 1]) }
            if isWord {
                output.append(text, from: start, to: place)
            } else if !isBehindID {
                output.append(StatementByte.question)
            }
            isBehindID = !isWord
            start = place &+ 1
        }
    }

    /// Letters only and not too many, or a version such as `v2`, or a lone `*`; eight letters from a to f are an id.
    private func isWord(_ range: Range<Int>) -> Bool {
        if range.count > Self.wordLimit { return false }
        guard let first = range.first else { return true }
        if range.count == 1, text[first] == UInt8(ascii: "*") { return true }
        if (2...3).contains(range.count), text[first] | 0x20 == UInt8(ascii: "v") {
            if text[range].dropFirst().allSatisfy(StatementByte.isDigit) { return true }
        }
        var isPlain = true
        var isHexadecimal = true
        for byte in text[range] {
            if byte >= 0x80 {
                isPlain = false
            } else if !StatementByte.isLetter(byte) {
                return false
            }
            isHexadecimal = isHexadecimal && StatementByte.isHexadecimal(byte)
        }
        if isHexadecimal, range.count >= 8 { return false }
        return isPlain || UTF8Check.isValid(UnsafeRawBufferPointer(rebasing: text[range]))
    }
}
