import ByteCoding
import QueryLanguages
import TelemetryModel

/// Takes some labels of a series and leaves the others.
struct LabelFilter {
    private let names: [[UInt8]]
    /// The one of them that comes behind the others.
    private let last: [UInt8]
    private let keeps: Bool

    private init(_ names: [String], keeps: Bool) {
        self.names = names.map { Array($0.utf8) }
        last = self.names.max { $0.lexicographicallyPrecedes($1) } ?? []
        self.keeps = keeps
    }

    /// Keeps only these labels.
    static func keeping(_ names: [String]) -> LabelFilter { LabelFilter(names, keeps: true) }

    /// Drops these labels.
    static func dropping(_ names: [String]) -> LabelFilter { LabelFilter(names, keeps: false) }

    /// The labels that say what a measurement is; what is calculated of it has another name, type and unit.
    static let metadataLabels = [Labels.nameLabel, "__type__", "__unit__"]

    /// Drops the metric's name, type and unit.
    static let withoutName = LabelFilter.dropping(metadataLabels)

    /// Whether nothing stays of any labels.
    var dropsAll: Bool { keeps && names.isEmpty }

    /// The labels that stay, in the same order.
    func callAsFunction(_ labels: Labels) -> Labels {
        var kept: [UInt8] = []
        labels.bytes.withUnsafeBytes { apply($0, into: &kept) }
        return Labels(canonicalBytes: kept)
    }

    /// Puts the labels that stay of canonical ones, in the same order, in the place of other bytes.
    func apply(_ labels: UnsafeRawBufferPointer, into kept: inout [UInt8]) {
        kept.removeAll(keepingCapacity: true)
        if dropsAll { return }
        var reader = ByteReader(labels)
        // Neighbours that both stay are copied together.
        var run = 0..<0
        while !reader.isAtEnd {
            let start = reader.position
            guard let name = try? reader.readLengthPrefixed(), (try? reader.readLengthPrefixed()) != nil else { break }
            if isNamed(name) == keeps {
                if run.upperBound != start {
                    kept.append(contentsOf: UnsafeRawBufferPointer(rebasing: labels[run]))
                    run = start..<start
                }
                run = run.lowerBound..<reader.position
            }
            // Labels stand in the order of their names: what comes behind the last of them is all of one kind.
            if !last.withUnsafeBytes({ RawBytes.precedes(name, $0) }) { break }
        }
        kept.append(contentsOf: UnsafeRawBufferPointer(rebasing: labels[run]))
        if !keeps { kept.append(contentsOf: UnsafeRawBufferPointer(rebasing: labels[reader.position...])) }
    }

    @inline(__always)
    private func isNamed(_ name: UnsafeRawBufferPointer) -> Bool {
        for candidate in names where candidate.count == name.count {
            if candidate.withUnsafeBytes({ RawBytes.equal($0, name) }) { return true }
        }
        return false
    }
}

extension Labels {
    /// With one label set, or removed when the value is empty.
    func setting(_ name: String, _ value: String) -> Labels { Labels(list.filter { $0.name != name } + [Label(name, value)]) }

    /// With every label in braces, as error messages show series.
    var explicitDescription: String {
        "{" + list.map { PromQLLabelName.text($0.name) + "=" + GoText.quoted($0.value) }.joined(separator: ", ") + "}"
    }
}
