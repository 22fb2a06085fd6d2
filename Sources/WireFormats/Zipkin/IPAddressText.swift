/// Internet addresses as text.
enum IPAddressText {
    /// The text of 4 bytes (`192.0.2.1`) or 16 (RFC 5952: `2001:db8::1`).
    static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        let gap = longestRunOfZeros(groups)
        func part(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        if gap.isEmpty { return part(0..<groups.count) }
        return part(0..<gap.lowerBound) + "::" + part(gap.upperBound..<groups.count)
    }

    /// The first of the longest runs of at least two groups of zeros.
    private static func longestRunOfZeros(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > longest.count { longest = start..<end }
            start = max(end, start + 1)
        }
        return longest
    }

    /// Whether a text is an address of version 4: four numbers up to 255.
    static func isVersion4(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy { (0x30...0x39).contains($0) }
                    && part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    /// Whether a text looks like an address of version 6: hexadecimal digits and at least two colons, perhaps with a zone.
    static func isVersion6(_ text: String) -> Bool {
        let address = text.utf8.prefix { $0 != UInt8(ascii: "%") }
        return address.count >= 2 && address.count { $0 == UInt8(ascii: ":") } >= 2
            && address.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20) || byte == UInt8(ascii: ":")
                    || byte == UInt8(ascii: ".")
            }
    }
}
