import ByteCoding
import Storage
import TelemetryModel

// Names and values of labels. Without conditions they come from the inverted indexes, and no series is looked at.
extension MetricStore {
    /// What is listed.
    private enum Part {
        case names
        case values(of: [UInt8])
    }

    /// The label names of the matching series; without conditions, of all series of the blocks that reach into the range.
    public func labelNames(_ query: SeriesQuery, limit: Int) throws -> [String] {
        Self.sorted(try query.matchers.isEmpty ? listed(.names, query) : matching(.names, query), limit)
    }

    /// The values of one label among the matching series; without conditions, among all series of the blocks that reach into
    /// the range.
    public func labelValues(_ name: String, _ query: SeriesQuery, limit: Int) throws -> [String] {
        if name.isEmpty { return [] }
        let part = Part.values(of: Array(name.utf8))
        return Self.sorted(try query.matchers.isEmpty ? listed(part, query) : matching(part, query), limit)
    }

    private static func sorted(_ texts: Set<ByteText>, _ limit: Int) -> [String] {
        texts.sorted().prefix(max(0, limit)).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    private func matching(_ part: Part, _ query: SeriesQuery) throws -> Set<ByteText> {
        var found: Set<ByteText> = []
        try reading(query) { try Self.add(part, of: $0, query, to: &found) }
        return found
    }

    private static func add(_ part: Part, of scan: MetricScan, _ query: SeriesQuery, to found: inout Set<ByteText>) throws {
        try scan.forEachSeries(from: query.from, through: query.through) { labels in
            var reader = ByteReader(labels)
            while !reader.isAtEnd {
                let name = try reader.readLengthPrefixed()
                let value = try reader.readLengthPrefixed()
                switch part {
                case .names: if !name.isEmpty { found.insert(ByteText(bytes: Array(name))) }
                case .values(let wanted): if name.elementsEqual(wanted) { found.insert(ByteText(bytes: Array(value))) }
                }
            }
            return true
        }
    }

    private func listed(_ part: Part, _ query: SeriesQuery) throws -> Set<ByteText> {
        try settingDamageAside {
            var found: Set<ByteText> = []
            let (blocks, frozen) = try state.withLock { state in
                try Self.requireOpen(state)
                try Self.add(part, of: state.head, to: &found)
                return (state.blocks + state.downsampled.blocks, state.frozen?.head)
            }
            if let frozen { try Self.add(part, of: frozen, to: &found) }
            for block in blocks where block.overlaps(from: query.from, through: query.through) {
                if block.deleted.withLock({ $0.isEmpty }) {
                    try block.checked { try Self.add(part, of: block.index, to: &found) { _ in true } }
                } else {
                    var scan = MetricScan()
                    try scan.add(block, [])
                    try Self.add(part, of: scan, query, to: &found)
                }
            }
            return found
        }
    }

    /// A head knows series that have no samples in it.
    private static func add(_ part: Part, of head: MetricHead, to found: inout Set<ByteText>) throws {
        try add(part, of: head.chooser, to: &found) { label in
            try head.chooser.postings(label.name, label.value).contains { !head.series[Int($0)].isEmpty }
        }
    }

    /// Adds those names or values that have a series that counts.
    private static func add(
        _ part: Part, of index: some PostingsSource, to found: inout Set<ByteText>,
        where counts: (_ label: (name: [UInt8], value: [UInt8])) throws -> Bool
    ) throws {
        switch part {
        case .names:
            try index.forEachName { name in
                // That of aggregates is none.
                if name.isEmpty { return }
                var isFound = false
                try index.forEachValue(of: name) { isFound = try isFound || counts((name, $0)) }
                if isFound { found.insert(ByteText(bytes: name)) }
            }
        case .values(let name):
            try index.forEachValue(of: name) { value in
                let text = ByteText(bytes: value)
                if try !found.contains(text) && counts((name, value)) { found.insert(text) }
            }
        }
    }
}

/// A text as its bytes, which is how labels are compared.
private struct ByteText: Hashable, Comparable {
    let bytes: [UInt8]

    func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }

    static func < (a: ByteText, b: ByteText) -> Bool {
        a.bytes.withUnsafeBytes { a in b.bytes.withUnsafeBytes { RawBytes.precedes(a, $0) } }
    }
}
