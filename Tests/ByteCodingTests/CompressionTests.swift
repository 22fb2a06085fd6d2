import ByteCoding
import Platform
import Testing

/// One way of compressing, so that all are asked the same.
struct Codec: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let compress: @Sendable ([UInt8]) throws -> [UInt8]
    let decompress: @Sendable ([UInt8], Int) throws -> [UInt8]

    static let all = [
        Codec(
            testDescription: "snappy", compress: { SnappyBlock.compress($0) },
            decompress: { block, limit in try block.withUnsafeBytes { try SnappyBlock.decompress($0, limit: limit) } }),
        Codec(testDescription: "zstd", compress: { try Zstd.compress($0) }, decompress: { try Zstd.decompress($0, limit: $1) }),
        Codec(
            testDescription: "gzip", compress: { try Deflate.compress($0, as: .gzip) },
            decompress: { try Deflate.decompress($0, as: .gzip, limit: $1) }),
        Codec(
            testDescription: "zlib", compress: { try Deflate.compress($0, as: .zlib) },
            decompress: { try Deflate.decompress($0, as: .zlib, limit: $1) }),
        Codec(
            testDescription: "deflate", compress: { try Deflate.compress($0, as: .none) },
            decompress: { try Deflate.decompress($0, as: .none, limit: $1) }),
    ]

    static let samples: [[UInt8]] = {
        var random = SeededRandom(seed: 11)
        let noise = (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let words = (0..<3_000).flatMap { _ in
            Array("http_requests_total{code=\"\(Int.random(in: 200...599, using: &random))\"}".utf8)
        }
        return [[], [7], Array("abcabcabcabcabcabc".utf8), [UInt8](repeating: 0, count: 200_000), noise, words]
    }()
}

@Suite("Compression")
struct CompressionTests {
    @Test("what was compressed comes back", arguments: Codec.all)
    func roundTrip(codec: Codec) throws {
        for sample in Codec.samples {
            let packed = try codec.compress(sample)
            #expect(try codec.decompress(packed, sample.count) == sample)
        }
    }

    @Test("one byte above the limit is refused as too large", arguments: Codec.all)
    func limit(codec: Codec) throws {
        for sample in Codec.samples where !sample.isEmpty {
            let packed = try codec.compress(sample)
            let error = #expect(throws: ByteCodingError.self) { try codec.decompress(packed, sample.count - 1) }
            #expect(error?.kind == .tooLarge)
        }
    }

    @Test("a bomb of 256 MiB is refused at a limit of 64 KiB")
    func bomb() throws {
        // A zlib block of zeros, repeated: each member expands a thousandfold.
        let member = try Deflate.compress([UInt8](repeating: 0, count: 16 << 20), as: .gzip, level: 9)
        let bomb = Array(repeatElement(member, count: 16).joined())
        let error = #expect(throws: ByteCodingError.self) { try Deflate.decompress(bomb, as: .gzip, limit: 64 << 10) }
        #expect(error?.kind == .tooLarge)
    }

    @Test("gzip members one after the other are read as one")
    func members() throws {
        let joined = try Deflate.compress([1, 2], as: .gzip) + Deflate.compress([3], as: .gzip)
        #expect(try Deflate.decompress(joined, as: .gzip, limit: 10) == [1, 2, 3])
    }

    @Test("every proper prefix of compressed data is refused", arguments: Codec.all)
    func truncated(codec: Codec) throws {
        let packed = try codec.compress(Array("a text that is long enough, long enough, long enough".utf8))
        for length in 0..<packed.count {
            #expect(throws: ByteCodingError.self) { try codec.decompress(Array(packed[..<length]), 1_000) }
        }
    }

    @Test("mutated data throws or stays within the limit, and never traps", arguments: Codec.all)
    func mutations(codec: Codec) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for round in 0..<400 {
            let sample = Codec.samples[round % Codec.samples.count].prefix(4_000)
            var packed = try codec.compress(Array(sample))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where !packed.isEmpty:
                    packed[Int.random(in: 0..<packed.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1 where !packed.isEmpty: packed.remove(at: Int.random(in: 0..<packed.count, using: &random))
                default:
                    packed.insert(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0...packed.count, using: &random))
                }
            }
            if let output = try? codec.decompress(packed, 5_000) {
                #expect(output.count <= 5_000, "seed \(seed)")
            }
        }
    }
}
