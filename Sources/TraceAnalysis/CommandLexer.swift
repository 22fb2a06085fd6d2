/// Prints the fingerprint of a Redis command: the command, its key without ids, and one `?` for its other arguments.
/// Of several commands, one a line, those that print like the one before are left out.
enum CommandLexer {
    /// Commands of which every argument is a key.
    private static let keyCommands: Set<String> = [
        "DEL", "UNLINK", "EXISTS", "TOUCH", "MGET", "WATCH", "SUNION", "SINTER", "SDIFF", "PFCOUNT", "PFMERGE", "RENAME", "get",
        "gets",
    ]
    /// Commands whose first argument is a word of the command.
    private static let containerCommands: Set<String> = [
        "ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "OBJECT", "PUBSUB",
        "SCRIPT", "SLOWLOG", "XGROUP", "XINFO", "INFO",
    ]
    /// Commands that have no key at all.
    private static let keylessCommands: Set<String> = [
        "AUTH", "ECHO", "EVAL", "EVALSHA", "HELLO", "PING", "SELECT", "SCAN", "KEYS",
    ]
    /// Longer words are no words but ids.
    private static let wordLimit = 32

    static func fingerprint(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var previous: [UInt8] = []
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let print = command(UnsafeRawBufferPointer(rebasing: line))
            if print.isEmpty || print == previous { continue }
            if !output.isEmpty { output.append(contentsOf: "; ".utf8) }
            output.append(contentsOf: print)
            previous = print
        }
    }

    private static func command(_ line: UnsafeRawBufferPointer) -> [UInt8] {
        let words = arguments(line)
        guard let name = words.first else { return [] }
        var parts = [name]
        let upper = String(decoding: name, as: UTF8.self).uppercased()
        for (index, argument) in words.enumerated().dropFirst() {
            let isWord = index == 1 && containerCommands.contains(upper)
            let isKey = keyCommands.contains(upper) || (index == 1 && !keylessCommands.contains(upper))
            let part = isWord ? argument : isKey ? key(argument) : [StatementByte.question]
            if isWord || part != parts.last { parts.append(part) }
        }
        return Array(parts.joined(separator: [StatementByte.blank]))
    }

    /// Arguments by white space; quotes keep it together and are taken off.
    private static func arguments(_ line: UnsafeRawBufferPointer) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var position = 0
        while position < line.count {
            if StatementByte.isSpace(line[position]) {
                position += 1
                continue
            }
            var word: [UInt8] = []
            let quote = line[position]
            if quote == StatementByte.quote || quote == StatementByte.doubleQuote {
                position += 1
                while position < line.count, line[position] != quote {
                    if line[position] == StatementByte.backslash { position += 1 }
                    if position < line.count { word.append(line[position]) }
                    position += 1
                }
                position += 1
            } else {
                while position < line.count, !StatementByte.isSpace(line[position]) {
                    word.append(line[position])
                    position += 1
                }
            }
            words.append(word)
        }
        return words
    }

    /// A key with its ids taken out: `session:42:items` is `session:?:items`.
    private static func key(_ key: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var start = 0
        for index in 0...key.count {
            if index < key.count, !":/.|{}".utf8.contains(key[index]) { continue }
            output.append(contentsOf: part(key[start..<index]))
            if index < key.count { output.append(key[index]) }
            start = index + 1
        }
        return output
    }

    /// A part of a key between colons. Dashes and underscores join words, or words and ids, unless it is a UUID.
    private static func part(_ part: ArraySlice<UInt8>) -> [UInt8] {
        if part.isEmpty { return [] }
        if part.count == 36, part.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: "-") }) { return [StatementByte.question] }
        var output: [UInt8] = []
        var start = part.startIndex
        for index in part.startIndex...part.endIndex {
            if index < part.endIndex, part[index] != UInt8(ascii: "-"), part[index] != UInt8(ascii: "_") { continue }
            let word = part[start..<index]
            if isWord(word) { output.append(contentsOf: word) } else { output.append(StatementByte.question) }
            if index < part.endIndex { output.append(part[index]) }
            start = index + 1
        }
        return output
    }

    /// Letters only and not too many, or a version such as `v2`.
    private static func isWord(_ word: ArraySlice<UInt8>) -> Bool {
        if word.count > wordLimit { return false }
        if let first = word.first, first | 0x20 == UInt8(ascii: "v"), (2...3).contains(word.count) {
            if word.dropFirst().allSatisfy(StatementByte.isDigit) { return true }
        }
        return !word.contains(where: StatementByte.isDigit)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        StatementByte.isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66)
    }
}
