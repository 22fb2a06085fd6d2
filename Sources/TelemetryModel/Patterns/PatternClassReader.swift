import ByteCoding

/// Reads character classes and escapes of a regular expression; what is not valid gives nil.
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

    /// Reads a backslash and what it stands for, outside of a class.
    mutating func readEscape() -> PatternNode? {
        var set = ScalarSet()
        if addNamedClass(to: &set) { return .scalar(set.sealed()) }
        guard let scalar = readEscapedScalar() else { return nil }
        return .one(scalar, ignoresCase: ignoresCase)
    }

    /// Reads a class from its opening to its closing bracket.
    mutating func readClass() -> ScalarSet? {
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
            if scalar == "[", peek(1) == ":" {
                guard addPosixClass(to: &set) else { return nil }
            } else if !addNamedClass(to: &set) {
                guard addRange(to: &set) else { return nil }
            }
        }
        return nil
    }

    private mutating func addRange(to set: inout ScalarSet) -> Bool {
        guard let low = readClassScalar() else { return false }
        var high = low
        if peek() == "-", let following = peek(1), following != "]" {
            position += 1
            guard let end = readClassScalar() else { return false }
            high = end
        }
        guard low <= high else { return false }
        set.add(low.value...high.value)
        return true
    }

    private mutating func readClassScalar() -> Unicode.Scalar? {
        guard let scalar = peek() else { return nil }
        if scalar == "\\" { return readEscapedScalar() }
        position += 1
        return scalar
    }

    private mutating func addPosixClass(to set: inout ScalarSet) -> Bool {
        var name = ""
        var cursor = position + 2
        let negated = cursor < scalars.count && scalars[cursor] == "^"
        if negated { cursor += 1 }
        while cursor < scalars.count, scalars[cursor] != ":" {
            name.unicodeScalars.append(scalars[cursor])
            cursor += 1
        }
        guard cursor + 1 < scalars.count, scalars[cursor + 1] == "]", let ranges = Self.posix[name] else { return false }
        position = cursor + 2
        if negated { set.addComplement(of: ranges) } else { ranges.forEach { set.add($0) } }
        return true
    }

    /// Reads `\d`, `\pL` and their like; false, reading nothing, when something else stands here.
    private mutating func addNamedClass(to set: inout ScalarSet) -> Bool {
        guard peek() == "\\", let letter = peek(1) else { return false }
        switch letter {
        case "d": Self.digits.forEach { set.add($0) }
        case "w": Self.word.forEach { set.add($0) }
        case "s": Self.space.forEach { set.add($0) }
        case "D": set.addComplement(of: Self.digits)
        case "W": set.addComplement(of: Self.word)
        case "S": set.addComplement(of: Self.space)
        case "p", "P": return addCategory(to: &set, negated: letter == "P")
        default: return false
        }
        position += 2
        return true
    }

    private mutating func addCategory(to set: inout ScalarSet, negated: Bool) -> Bool {
        var cursor = position + 2
        guard cursor < scalars.count else { return false }
        var name = ""
        if scalars[cursor] == "{" {
            cursor += 1
            while cursor < scalars.count, scalars[cursor] != "}" {
                name.unicodeScalars.append(scalars[cursor])
                cursor += 1
            }
            guard cursor < scalars.count else { return false }
        } else {
            name.unicodeScalars.append(scalars[cursor])
        }
        var isNegated = negated
        if name.hasPrefix("^") {
            name.removeFirst()
            isNegated.toggle()
        }
        if name == "Any" {
            if !isNegated { set.add(0...0x10FFFF) }
        } else {
            guard Unicode.GeneralCategory.names.contains(name) else { return false }
            set.add(category: name, negated: isNegated)
        }
        position = cursor + 1
        return true
    }

    /// Reads a backslash with the one scalar that it stands for.
    private mutating func readEscapedScalar() -> Unicode.Scalar? {
        guard peek() == "\\", let letter = peek(1) else { return nil }
        position += 2
        switch letter {
        case "a": return "\u{07}"
        case "f": return "\u{0C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{0B}"
        case "x": return readHexadecimal()
        case "0"..."7": return readOctal(letter)
        default:
            let isWord = letter.properties.isAlphabetic || ("0"..."9").contains(letter) || letter == "_"
            return letter.isASCII && (!isWord || letter == "_") ? letter : nil
        }
    }

    /// `\0` with up to two digits more; `\1` to `\7` need one more, for back references do not exist.
    private mutating func readOctal(_ first: Unicode.Scalar) -> Unicode.Scalar? {
        var value = first.value - 48
        var count = 1
        while count < 3, let digit = peek(), ("0"..."7").contains(digit) {
            value = value * 8 + digit.value - 48
            position += 1
            count += 1
        }
        return first != "0" && count == 1 ? nil : Unicode.Scalar(value)
    }

    private mutating func readHexadecimal() -> Unicode.Scalar? {
        let isBraced = peek() == "{"
        if isBraced { position += 1 }
        var value: UInt32 = 0
        var count = 0
        while let digit = peek(), digit.isASCII, let nibble = Hexadecimal.value(UInt8(digit.value)), isBraced || count < 2 {
            value = min(value * 16 + UInt32(nibble), 0x11_0000)
            count += 1
            position += 1
        }
        if isBraced {
            guard peek() == "}" else { return nil }
            position += 1
        }
        return count == 0 || (!isBraced && count != 2) ? nil : Unicode.Scalar(value)
    }
}
