/// Lines and fields of the text that `/proc` files and status pages are made of. Nothing here believes its input:
/// numbers that do not fit read as nil, and every loop has a limit.
public enum TextFields {
    /// The lines of `bytes` without their ends (LF or CR LF), at most `limit`; empty lines are left out.
    public static func lines(_ bytes: [UInt8], limit: Int = 16_384) -> [ArraySlice<UInt8>] {
        bytes.split(separator: 0x0A, maxSplits: limit, omittingEmptySubsequences: true).prefix(limit).compactMap { line in
            let content = line.last == 0x0D ? line.dropLast() : line
            return content.isEmpty ? nil : content
        }
    }

    /// The fields of `line` that blanks or tabs part, at most `limit`.
    public static func fields(_ line: ArraySlice<UInt8>, limit: Int = 64) -> [ArraySlice<UInt8>] {
        Array(line.split(maxSplits: limit, omittingEmptySubsequences: true) { $0 == 0x20 || $0 == 0x09 }.prefix(limit))
    }

    /// What stands before and behind the first `separator` of `line`; nil when there is none.
    public static func pair(_ line: ArraySlice<UInt8>, _ separator: Character) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        guard let code = separator.asciiValue, let position = line.firstIndex(of: code) else { return nil }
        return (line[line.startIndex..<position], line[line.index(after: position)...])
    }
}

extension ArraySlice<UInt8> {
    /// The text; bytes that are no UTF-8 become replacement characters.
    public var text: String { String(decoding: self, as: UTF8.self) }

    /// The decimal number; nil when anything else is there or it does not fit in 64 bits.
    public var unsigned: UInt64? {
        guard !isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in self {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(UInt64(byte &- 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// The finite number; nil when anything else is there.
    public var finiteNumber: Double? {
        guard count <= 64, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// Whether the bytes are exactly those of `text`.
    public func equals(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { elementsEqual($0) }
    }

    /// Whether the bytes begin with those of `text`.
    public func begins(with text: StaticString) -> Bool {
        text.withUTF8Buffer { starts(with: $0) }
    }
}
