import ByteCoding

/// Reads character classes and escapes of a regular expression.
struct PatternClassReader {
    private let scalars: [Unicode.Scalar]
    private let ignoresCase: Bool
    /// Where reading goes on.
    private(set) var position: Int

    init(_ scalars: [Unicode.Scalar], _ position: Int, ignoresCase: Bool) {
        self.scalars = scalars
        self.position = position
        self.ignoresCase = ignoresCase
    }

    private static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    private static let word: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    private static let space: [ClosedRange<UInt32>] = [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]

    /// The classes of POSIX, over ASCII.
    private static let posix: [String: [ClosedRange<UInt32>]] = [
        "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "alpha": [0x41...0x5A, 0x61...0x7A], "ascii": [0...0x7F],
        "blank": [0x09...0x09, 0x20...0x20], "cntrl": [0...0x1F, 0x7F...0x7F], "digit": digits, "graph": [0x21...0x7E],
        "lower": [0x61...0x7A], "print": [0x20...0x7E], "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
        "space": [0x09...0x0D, 0x20...0x20], "upper": [0x41...0x5A], "word": word,
        "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
    ]

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    private func error(_ problem: PatternProblem, from start: Int) -> LabelPatternError {
        problem.error(scalars[min(start, position)..<min(position, scalars.count)])
    }

    /// Reads a backslash and what it stands for, outside of a class.
    mutating func readEscape() throws(LabelPatternError) -> PatternNode {
        var set = ScalarSet()
        if try addNamedClass(to: &set) { return .scalar(set.sealed(ignoresCase: ignoresCase)) }
        let value = try readEscapedScalar()
        guard let scalar = Unicode.Scalar(value) else { return .scalar(ScalarSet().sealed()) }
        return .one(scalar, ignoresCase: ignoresCase)
    }

    /// Reads a class from its opening to its closing bracket.
    mutating func readClass() throws(LabelPatternError) -> ScalarSet {
        let start = position
        var set = ScalarSet()
        position += 1
        let negated = peek() == "^"
        if negated { position += 1 }
        var isFirst = true
        while let scalar = peek() {
            if scalar == "]", !isFirst {
                position += 1
                return set.sealed(negated: negated, ignoresCase: ignoresCase)
            }
            isFirst = false
            if try addPosixClass(to: &set) { continue }
            if try addNamedClass(to: &set) { continue }
            try addRange(to: &set, ofClassAt: start)
        }
        throw PatternProblem.missingBracket.error(scalars[start...])
    }

    private mutating func addRange(to set: inout ScalarSet, ofClassAt start: Int) throws(LabelPatternError) {
        let place = position
        let low = try readClassScalar(ofClassAt: start)
        var high = low
        if peek() == "-", let following = peek(1), following != "]" {
            position += 1
            high = try readClassScalar(ofClassAt: start)
        }
        if low > high { throw error(.characterClassRange, from: place) }
        set.add(low...high)
    }

    private mutating func readClassScalar(ofClassAt start: Int) throws(LabelPatternError) -> UInt32 {
        guard let scalar = peek() else { throw PatternProblem.missingBracket.error(scalars[start...]) }
        if scalar == "\\" { return try readEscapedScalar() }
        position += 1
        return scalar.value
    }

    /// Reads `[:alpha:]` and its like; false, reading nothing, when something else stands here.
    private mutating func addPosixClass(to set: inout ScalarSet) throws(LabelPatternError) -> Bool {
        guard peek() == "[", peek(1) == ":" else { return false }
        var cursor = position + 2
        while cursor + 1 < scalars.count, scalars[cursor] != ":" || scalars[cursor + 1] != "]" { cursor += 1 }
        guard cursor + 1 < scalars.count else { return false }
        var name = String(String.UnicodeScalarView(scalars[(position + 2)..<cursor]))
        let negated = name.hasPrefix("^")
        if negated { name.removeFirst() }
        let start = position
        position = cursor + 2
        guard let ranges = Self.posix[name] else { throw error(.characterClassRange, from: start) }
        set.add(ranges, negated: negated)
        return true
    }

    /// Reads `\d`, `\pL` and their like; false, reading nothing, when something else stands here.
    private mutating func addNamedClass(to set: inout ScalarSet) throws(LabelPatternError) -> Bool {
        guard peek() == "\\", let letter = peek(1) else { return false }
        switch letter {
        case "d", "D": set.add(Self.digits, negated: letter == "D")
        case "w", "W": set.add(Self.word, negated: letter == "W")
        case "s", "S": set.add(Self.space, negated: letter == "S")
        case "p", "P":
            try addUnicodeClass(to: &set, negated: letter == "P")
            return true
        default: return false
        }
        position += 2
        return true
    }

    private mutating func addUnicodeClass(to set: inout ScalarSet, negated: Bool) throws(LabelPatternError) {
        let start = position
        position += 2
        var name = ""
        if peek() == "{" {
            while let scalar = peek(), scalar != "}" {
                name.unicodeScalars.append(scalar)
                position += 1
            }
            name.removeFirst()
            guard peek() == "}" else { throw error(.characterClassRange, from: start) }
        } else if let scalar = peek() {
            name = String(scalar)
        }
        position = min(position + 1, scalars.count)
        var isNegated = negated
        if name.hasPrefix("^") {
            name.removeFirst()
            isNegated.toggle()
        }
        if name == "Any" {
            set.add([0...0x10FFFF], negated: isNegated)
        } else if let categories = Unicode.GeneralCategory.named(name) {
            set.add(categories: categories, negated: isNegated)
        } else if let ranges = UnicodeScripts.ranges[name] {
            set.add(ranges, negated: isNegated)
        } else {
            throw error(.characterClassRange, from: start)
        }
    }

    /// Reads a backslash with the one character that it stands for, which may be a surrogate that no text has.
    private mutating func readEscapedScalar() throws(LabelPatternError) -> UInt32 {
        let start = position
        position += 1
        guard let letter = peek() else { throw PatternProblem.trailingBackslash.error(scalars[scalars.count...]) }
        position += 1
        switch letter {
        case "a": return 0x07
        case "f": return 0x0C
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "v": return 0x0B
        case "x": if let value = readHexadecimal() { return value }
        case "0"..."7": if let value = readOctal(letter) { return value }
        default:
            let isWord = letter.properties.isAlphabetic || ("0"..."9").contains(letter)
            if letter.isASCII && !isWord { return letter.value }
        }
        throw error(.escape, from: start)
    }

    /// `\0` with up to two digits more; `\1` to `\7` need one more, for back references do not exist.
    private mutating func readOctal(_ first: Unicode.Scalar) -> UInt32? {
        var value = first.value - 48
        var count = 1
        while count < 3, let digit = peek(), ("0"..."7").contains(digit) {
            value = value * 8 + digit.value - 48
            position += 1
            count += 1
        }
        return first != "0" && count == 1 ? nil : value
    }

    /// Two digits, or any number of them in braces.
    private mutating func readHexadecimal() -> UInt32? {
        guard peek() == "{" else {
            let digits = [readDigit(), readDigit()]
            guard let high = digits[0], let low = digits[1] else { return nil }
            return high * 16 + low
        }
        position += 1
        var value: UInt32 = 0
        var count = 0
        while let scalar = peek() {
            if scalar == "}" {
                position += 1
                return count == 0 ? nil : value
            }
            guard let digit = readDigit() else { return nil }
            value = value * 16 + digit
            if value > 0x10FFFF { return nil }
            count += 1
        }
        return nil
    }

    /// Reads one character, and tells its value as a hexadecimal digit.
    private mutating func readDigit() -> UInt32? {
        guard let scalar = peek() else { return nil }
        position += 1
        return scalar.isASCII ? Hexadecimal.value(UInt8(scalar.value)).map { UInt32($0) } : nil
    }
}
