import ByteCoding
import Testing

@testable import EmbeddedStorage

@Suite struct HashedNumbersTests {
    @Test("numbers are found by what they stand for, also where all hashes agree", arguments: [UInt64.max, 0x3F, 0])
    func finding(mask: UInt64) {
        let values = (0..<2_000).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
        var numbers = HashedNumbers()
        func hash(_ value: UInt64) -> UInt64 { SeededHash.hash(value, 1) & mask }
        for (number, value) in values.enumerated() {
            #expect(numbers.first(hash(value)) { values[$0] == value } == nil)
            numbers.insert(number, hash(value))
        }
        #expect(numbers.count == values.count)
        for (number, value) in values.enumerated() { #expect(numbers.first(hash(value)) { values[$0] == value } == number) }
        #expect(numbers.first(hash(7)) { _ in false } == nil)
    }
}
