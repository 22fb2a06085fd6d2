import ByteCoding
import TelemetryModel

/// The inverted index of a head as it was at a moment: it stays so while the head goes on, and can be asked without the store's
/// lock, for as long as patterns take.
struct HeadIndex: PostingsSource {
    let index: LabelIndex
    let labels: [Labels]

    var seriesCount: Int { labels.count }

    func list(_ name: [UInt8], _ value: [UInt8]) -> PostingsList { .numbers(index.postings(name, value)) }

    func forEachName(_ body: ([UInt8]) throws -> Void) rethrows { try index.forEachName(body) }

    func forEachList(
        of name: [UInt8], _ body: (_ value: [UInt8], _ list: () throws -> PostingsList) throws -> Void
    ) rethrows {
        try index.forEachList(of: name) { value, list in try body(value) { .numbers(list) } }
    }

    func filter(_ series: [UInt32], by name: [UInt8], _ keeps: (String) throws -> Bool) rethrows -> [UInt32] {
        let keepsAbsent = try keeps("")
        return try series.filter { number in
            try labels[Int(number)].bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                while let found = try? reader.readLengthPrefixed(), let value = try? reader.readLengthPrefixed() {
                    if found.elementsEqual(name) { return try keeps(String(decoding: value, as: UTF8.self)) }
                }
                return keepsAbsent
            }
        }
    }
}
