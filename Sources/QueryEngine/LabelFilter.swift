import ByteCoding
import TelemetryModel

/// Takes some labels of a series and leaves the others.
struct LabelFilter {
    private let names: [[UInt8]]
    private let keeps: Bool

    /// Keeps only these labels.
    static func keeping(_ names: [String]) -> LabelFilter { LabelFilter(names: names.map { Array($0.utf8) }, keeps: true) }

    /// Drops these labels.
    static func dropping(_ names: [String]) -> LabelFilter { LabelFilter(names: names.map { Array($0.utf8) }, keeps: false) }

    /// Drops the metric's name.
    static let withoutName = LabelFilter.dropping([Labels.nameLabel])

    /// The labels that stay, in the same order.
    func callAsFunction(_ labels: Labels) -> Labels {
        labels.bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            var kept: [UInt8] = []
            kept.reserveCapacity(raw.count)
            while !reader.isAtEnd {
                let start = reader.position
                guard let name = try? reader.readLengthPrefixed(), (try? reader.readLengthPrefixed()) != nil else { break }
                if names.contains(where: { name.elementsEqual($0) }) == keeps {
                    kept.append(contentsOf: raw[start..<reader.position])
                }
            }
            return Labels(canonicalBytes: kept)
        }
    }
}

extension Labels {
    /// With one label set, or removed when the value is empty.
    func setting(_ name: String, _ value: String) -> Labels { Labels(list.filter { $0.name != name } + [Label(name, value)]) }

    /// With every label in braces, as error messages show series.
    var explicitDescription: String {
        "{" + list.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", ") + "}"
    }
}
