import ByteCoding
import TelemetryModel

/// What a block says of the traces that are not in it, or were nearly not: `Schemas/format/span-block.md` describes it.
struct SamplingSection: Equatable {
    /// Until when the spans of the block are held back, nanoseconds since 1970; 0 when they are to be seen.
    var heldUntil: UInt64 = 0
    /// What the block was thinned to when its time was over.
    var thinning: Thinning = []
    /// The traces that chance kept, by the bits of the probability, as hashes by rising value.
    var hashes: [UInt64: [UInt64]] = [:]

    /// Which traces stay beyond the time of the others.
    struct Thinning: OptionSet, Hashable, Sendable {
        let rawValue: UInt8
        /// Those with a span of status error.
        static let errors = Thinning(rawValue: 1)
        /// Those with a slow span.
        static let slow = Thinning(rawValue: 2)
    }

    init() {}

    /// Whether there is nothing to be said.
    var isEmpty: Bool { self == SamplingSection() }

    /// Notes the probability with which a trace was kept.
    mutating func note(_ id: TraceID, probability: Double) {
        if probability < 1 { hashes[probability.bitPattern, default: []].append(TraceFilter.hash(id)) }
    }

    /// The probability with which the trace of a hash was kept; 1 when the block does not say.
    func probability(ofHash hash: UInt64) -> Double {
        for (bits, own) in hashes {
            let place = Search.lowerBound(own.count) { own[$0] < hash }
            if place < own.count, own[place] == hash { return Double(bitPattern: bits) }
        }
        return 1
    }

    /// What several blocks say, for the one that replaces them.
    init(merging sections: [SamplingSection]) {
        heldUntil = sections.map(\.heldUntil).max() ?? 0
        if let first = sections.first { thinning = sections.reduce(first.thinning) { $0.intersection($1.thinning) } }
        for section in sections { for (bits, own) in section.hashes { hashes[bits, default: []] += own } }
    }

    /// The bytes of the section; none when there is nothing to be said.
    var bytes: [UInt8] {
        if isEmpty { return [] }
        var writer = ByteWriter()
        writer.writeInteger(heldUntil)
        writer.writeByte(thinning.rawValue)
        writer.writeVarint(UInt64(hashes.count))
        for (bits, own) in hashes.sorted(by: { $0.key < $1.key }) {
            writer.writeInteger(bits)
            let distinct = Set(own).sorted()
            writer.writeVarint(UInt64(distinct.count))
            for hash in distinct { writer.writeInteger(hash) }
        }
        return writer.bytes
    }

    /// Reads the bytes of the section.
    init(_ bytes: [UInt8]) throws(ByteCodingError) {
        if bytes.isEmpty { return }
        self = try Self.read(bytes)
    }

    private static func read(_ bytes: [UInt8]) throws(ByteCodingError) -> SamplingSection {
        do {
            return try bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                var section = SamplingSection()
                section.heldUntil = try reader.readInteger()
                section.thinning = Thinning(rawValue: try reader.readByte())
                for _ in 0..<(try reader.readCount(limit: reader.remaining)) {
                    let bits: UInt64 = try reader.readInteger()
                    let count = try reader.readCount(limit: reader.remaining / 8)
                    var own: [UInt64] = []
                    own.reserveCapacity(count)
                    for _ in 0..<count { own.append(try reader.readInteger()) }
                    if zip(own, own.dropFirst()).contains(where: { $0 >= $1 }) || section.hashes[bits] != nil {
                        throw ByteCodingError.malformed(at: reader.position, "hashes of traces that do not rise")
                    }
                    section.hashes[bits] = own
                }
                if !reader.isAtEnd { throw ByteCodingError.malformed(at: reader.position, "bytes behind the end of sampling") }
                return section
            }
        } catch let error as ByteCodingError {
            throw error
        } catch {
            throw ByteCodingError(.malformed, "\(error)")
        }
    }
}
