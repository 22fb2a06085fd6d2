import ByteCoding
import TelemetryModel

/// Which series of the head have a label: pairs of name and value, and the numbers of their series.
struct LabelIndex {
    /// A pair by its bytes as they stand in ``Labels``: symbol n + 1 is pair n.
    private var pairs = SymbolTable()
    /// By pair: the series with it, by rising number.
    private var lists: [[UInt32]] = []
    /// By name: its pairs. Keyed by bytes: text compares by meaning, labels do not.
    private var names: [[UInt8]: [UInt32]] = [:]

    /// Adds a series, whose number is above all others.
    mutating func add(_ labels: Labels, _ number: UInt32) {
        labels.bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            while !reader.isAtEnd {
                let start = reader.position
                guard let name = try? reader.readLengthPrefixed(), (try? reader.readLengthPrefixed()) != nil else { return }
                let pair = pairs.intern(UnsafeRawBufferPointer(rebasing: raw[start..<reader.position])) - 1
                if Int(pair) == lists.count {
                    lists.append([number])
                    names[Array(name), default: []].append(pair)
                } else {
                    lists[Int(pair)].append(number)
                }
            }
        }
    }

    /// The series with a label, by rising number.
    func postings(_ name: [UInt8], _ value: [UInt8]) -> [UInt32] {
        var writer = ByteWriter(capacity: name.count + value.count + 4)
        writer.writeLengthPrefixed(name)
        writer.writeLengthPrefixed(value)
        guard let symbol = writer.bytes.withUnsafeBytes({ pairs.find($0) }), symbol > 0 else { return [] }
        return lists[Int(symbol) - 1]
    }

    /// Calls `body` with the name of every label.
    func forEachName(_ body: ([UInt8]) throws -> Void) rethrows { for name in names.keys { try body(name) } }

    /// Calls `body` with every value of a label and the series that have it, by rising number.
    func forEachList(of name: [UInt8], _ body: (_ value: [UInt8], _ list: [UInt32]) throws -> Void) rethrows {
        for pair in names[name] ?? [] {
            try pairs.withBytes(pair + 1) { raw in
                var reader = ByteReader(raw)
                guard (try? reader.readLengthPrefixed()) != nil, let value = try? reader.readLengthPrefixed() else { return }
                try body(Array(value), lists[Int(pair)])
            }
        }
    }
}
