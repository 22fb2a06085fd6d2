import ByteCoding

/// Text divided into what is the same in many texts and what is different in each: numbers and hexadecimal digits.
///
/// In a template the bytes 0 to 3 are marks: ``escape`` stands before a byte of the text that is smaller than 4, ``number``
/// for decimal digits (at most ``digitLimit``), ``hexadecimal`` with a byte n for 2n digits, ``identifier`` for the 36
/// characters of a UUID; letters are lower case. Digits become a number that tells texts with leading zeros apart: all texts of one
/// digit come first, then all of two, and so on. What is hexadecimal becomes raw bytes.
enum TextTemplate {
    static let escape: UInt8 = 0
    static let number: UInt8 = 1
    static let hexadecimal: UInt8 = 2
    static let identifier: UInt8 = 3

    /// More digits are divided among several numbers.
    static let digitLimit = 18
    /// Shorter runs of hexadecimal digits stay in the template.
    static let leastHexadecimalCount = 8
    private static let longestHexadecimalCount = 2 * 255
    private static let identifierCount = 36
    private static let identifierByteCount = 16

    /// What is different in each text of a template.
    struct Variables {
        var numbers: [UInt64] = []
        var bytes: [UInt8] = []
    }

    // MARK: - Dividing

    /// Replaces `template` by the template of `text` and appends the variables of the text.
    static func divide(_ text: UnsafeRawBufferPointer, _ template: inout [UInt8], _ variables: inout Variables) {
        template.removeAll(keepingCapacity: true)
        var position = 0
        var literal = 0
        func flush(_ template: inout [UInt8]) {
            if literal < position { template.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[literal..<position])) }
        }
        while position < text.count {
            let byte = text[position]
            if byte <= identifier {
                flush(&template)
                template.append(escape)
                template.append(byte)
                position &+= 1
                literal = position
                continue
            }
            guard isAlphanumeric(byte) else {
                position &+= 1
                continue
            }
            let word = Word(text, from: position)
            if word.end &- position == 8, word.isHexadecimal, isIdentifier(text, position) {
                flush(&template)
                template.append(identifier)
                for index in identifierDigits { appendByte(text, position &+ index, &variables.bytes) }
                position &+= identifierCount
                literal = position
            } else if word.isHexadecimalNumber(from: position) {
                flush(&template)
                template.append(hexadecimal)
                template.append(UInt8(truncatingIfNeeded: (word.end &- position) / 2))
                while position < word.end {
                    appendByte(text, position, &variables.bytes)
                    position &+= 2
                }
                literal = position
            } else if word.firstDigit >= 0, !word.hasLetterBehindDigit {
                position = word.firstDigit
                flush(&template)
                while position < word.end {
                    let end = min(word.end, position &+ digitLimit)
                    template.append(number)
                    variables.numbers.append(ordinal(text, position..<end))
                    position = end
                }
                literal = position
            } else {
                position = word.end
            }
        }
        flush(&template)
    }

    /// Letters and digits in a row.
    private struct Word {
        var end: Int
        var firstDigit = -1
        var hasLetter = false
        var hasLetterBehindDigit = false
        var isHexadecimal = true

        init(_ text: UnsafeRawBufferPointer, from start: Int) {
            end = start
            while end < text.count {
                let byte = text[end]
                if byte &- 0x30 < 10 {
                    if firstDigit < 0 { firstDigit = end }
                } else if isAlphanumeric(byte) {
                    hasLetter = true
                    if firstDigit >= 0 { hasLetterBehindDigit = true }
                    if byte &- 0x61 >= 6 { isHexadecimal = false }
                } else {
                    return
                }
                end &+= 1
            }
        }

        func isHexadecimalNumber(from start: Int) -> Bool {
            let count = end &- start
            return isHexadecimal && hasLetter && firstDigit >= 0 && count >= leastHexadecimalCount && count & 1 == 0
                && count <= longestHexadecimalCount
        }
    }

    /// Where in a UUID the pairs of digits begin.
    private static let identifierDigits = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

    private static func isIdentifier(_ text: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        if text.count &- start < identifierCount { return false }
        for index in 0..<identifierCount {
            let byte = text[start &+ index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                if byte != 0x2D { return false }
            } else if byte &- 0x30 >= 10, byte &- 0x61 >= 6 {
                return false
            }
        }
        return true
    }

    @inline(__always)
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte >= 0x80 }

    private static func appendByte(_ text: UnsafeRawBufferPointer, _ position: Int, _ bytes: inout [UInt8]) {
        bytes.append(digit(text[position]) &<< 4 | digit(text[position &+ 1]))
    }

    @inline(__always)
    private static func digit(_ byte: UInt8) -> UInt8 { byte < 0x3A ? byte &- 0x30 : byte &- 0x57 }

    /// The place of a text of digits among all texts of digits, shorter ones first.
    private static func ordinal(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64 {
        var value: UInt64 = 0
        var shorter: UInt64 = 0
        var power: UInt64 = 1
        for index in range {
            value = value &* 10 &+ UInt64(text[index] &- 0x30)
            if index > range.lowerBound {
                power &*= 10
                shorter &+= power
            }
        }
        return shorter &+ value
    }

    // MARK: - Putting together

    /// How many numbers and raw bytes a text of this template takes.
    static func needs(_ template: UnsafeRawBufferPointer) throws(ByteCodingError) -> (numberCount: Int, byteCount: Int) {
        var numberCount = 0
        var byteCount = 0
        var position = 0
        while position < template.count {
            switch template[position] {
            case number: numberCount &+= 1
            case identifier: byteCount &+= identifierByteCount
            case escape, hexadecimal:
                if position &+ 1 == template.count { throw ByteCodingError(.truncated, "a template ends behind a mark") }
                if template[position] == hexadecimal { byteCount &+= Int(template[position &+ 1]) }
                position &+= 1
            default: break
            }
            position &+= 1
        }
        return (numberCount, byteCount)
    }

    /// Replaces `text` by the text of a template that ``needs(_:)`` has looked through and of variables of that number.
    static func join(
        _ template: UnsafeRawBufferPointer, _ numbers: ArraySlice<UInt64>, _ bytes: UnsafeRawBufferPointer, _ text: inout [UInt8]
    ) throws(ByteCodingError) {
        text.removeAll(keepingCapacity: true)
        var nextNumber = numbers.startIndex
        var nextByte = bytes.startIndex
        var position = 0
        while position < template.count {
            let byte = template[position]
            position &+= 1
            switch byte {
            case number:
                try appendDigits(numbers[nextNumber], &text)
                nextNumber &+= 1
            case escape:
                text.append(template[position])
                position &+= 1
            case hexadecimal:
                for _ in 0..<template[position] {
                    appendHexadecimal(bytes[nextByte], &text)
                    nextByte &+= 1
                }
                position &+= 1
            case identifier:
                for index in 0..<identifierByteCount {
                    if index == 4 || index == 6 || index == 8 || index == 10 { text.append(0x2D) }
                    appendHexadecimal(bytes[nextByte], &text)
                    nextByte &+= 1
                }
            default:
                var end = position
                while end < template.count, template[end] > identifier { end &+= 1 }
                text.append(contentsOf: UnsafeRawBufferPointer(rebasing: template[(position &- 1)..<end]))
                position = end
            }
        }
    }

    private static func appendHexadecimal(_ byte: UInt8, _ text: inout [UInt8]) {
        text.append(letter(byte &>> 4))
        text.append(letter(byte & 15))
    }

    @inline(__always)
    private static func letter(_ digit: UInt8) -> UInt8 { digit < 10 ? digit &+ 0x30 : digit &+ 0x57 }

    private static func appendDigits(_ ordinal: UInt64, _ text: inout [UInt8]) throws(ByteCodingError) {
        var value = ordinal
        var power: UInt64 = 10
        var count = 1
        while value >= power {
            value &-= power
            power &*= 10
            count &+= 1
            if count > digitLimit { throw ByteCodingError(.malformed, "a number of more than \(digitLimit) digits in a text") }
        }
        let start = text.count
        text.append(contentsOf: repeatElement(0x30, count: count))
        for index in stride(from: start &+ count &- 1, through: start, by: -1) where value > 0 {
            text[index] = 0x30 &+ UInt8(truncatingIfNeeded: value % 10)
            value /= 10
        }
    }
}
