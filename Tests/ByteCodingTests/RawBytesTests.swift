import Testing

@testable import ByteCoding

@Suite struct RawBytesTests {
    @Test("bytes of every length are equal to themselves and to nothing that differs in one byte or in length")
    func equality() {
        for count in 0...40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
            #expect(isEqual(bytes, bytes))
            #expect(!isEqual(bytes, bytes + [0]))
            for place in 0..<count {
                var other = bytes
                other[place] ^= 0x40
                #expect(!isEqual(bytes, other), "\(count) bytes, another one at \(place)")
            }
        }
    }

    @Test("the hash for tables in memory knows every byte and the length") func memoryHash() {
        for count in 0...40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
            var seen = Set([hash(bytes), hash(bytes + [0])])
            #expect(seen.count == 2)
            for place in 0..<count {
                var other = bytes
                other[place] ^= 0x40
                #expect(seen.insert(hash(other)).inserted, "\(count) bytes, another one at \(place)")
            }
        }
    }

    private func isEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.withUnsafeBytes { a in b.withUnsafeBytes { RawBytes.equal(a, $0) } }
    }

    private func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { SeededHash.memoryHash($0) } }
}
