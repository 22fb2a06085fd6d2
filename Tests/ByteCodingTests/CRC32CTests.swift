import ByteCoding
import Testing

@Suite("CRC32C")
struct CRC32CTests {
    @Test("the published check value and RFC 3720's vectors come out")
    func vectors() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
        #expect(CRC32C.checksum([UInt8]()) == 0)
    }

    @Test("a checksum continued over any split is that of the whole")
    func extending() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        bytes.withUnsafeBytes { raw in
            let whole = CRC32C.checksum(raw)
            for split in 0...raw.count {
                let head = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[..<split]))
                #expect(CRC32C.extend(head, UnsafeRawBufferPointer(rebasing: raw[split...])) == whole)
            }
        }
    }

    @Test("long runs have the checksum that they have piece by piece", arguments: [3_071, 3_072, 3_073, 6_150, 10_007])
    func longRuns(byteCount: Int) {
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 &+ $0 >> 3) }
        var checksum: UInt32 = 0
        for piece in stride(from: 0, to: byteCount, by: 61) {
            checksum = bytes[piece..<min(piece + 61, byteCount)].withUnsafeBytes { CRC32C.extend(checksum, $0) }
        }
        #expect(CRC32C.checksum(bytes) == checksum)
    }
}
