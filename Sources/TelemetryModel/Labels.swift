import ByteCoding

/// The name and value of one label.
public struct Label: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value.
    public var value: String

    /// Puts name and value together.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What identifies a series: labels sorted by the bytes of their names, none of them empty, no name twice.
///
/// Kept as bytes (for each label: varint length, name, varint length, value) because that is how they are hashed, compared and stored.
@frozen
public struct Labels: Hashable, Sendable {
    /// The canonical bytes.
    public let bytes: [UInt8]

    /// No labels.
    public static let empty = Labels(canonicalBytes: [])

    /// Takes bytes that are canonical already.
    @inlinable
    public init(canonicalBytes: [UInt8]) { bytes = canonicalBytes }

    /// Sorts, drops empty values, and lets the last of several labels of one name win.
    public init(_ labels: some Sequence<Label>) {
        var byName: [String: String] = [:]
        for label in labels { byName[label.name] = label.value }
        let sorted = byName.filter { !$0.value.isEmpty }.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        var writer = ByteWriter()
        for (name, value) in sorted {
            writer.writeString(name)
            writer.writeString(value)
        }
        bytes = writer.bytes
    }

    /// Sorts, drops empty values, and lets the last of several labels of one name win.
    init(_ pairs: [LabelReader.Pair]) {
        let sorted = pairs.enumerated().sorted { a, b in
            if a.element.name.elementsEqual(b.element.name) { return a.offset < b.offset }
            return a.element.name.lexicographicallyPrecedes(b.element.name)
        }
        var writer = ByteWriter(capacity: pairs.reduce(0) { $0 + $1.name.count + $1.value.count + 4 })
        for (index, (_, pair)) in sorted.enumerated() where !pair.value.isEmpty {
            if index + 1 < sorted.count, sorted[index + 1].element.name.elementsEqual(pair.name) { continue }
            writer.writeLengthPrefixed(pair.name)
            writer.writeLengthPrefixed(pair.value)
        }
        bytes = writer.bytes
    }

    /// Labels from pairs, for tests and fixed series: `Labels(["__name__": "up"])`.
    public init(_ pairs: KeyValuePairs<String, String>) { self.init(pairs.map { Label($0.key, $0.value) }) }

    /// The labels in canonical order.
    public var list: [Label] {
        var list: [Label] = []
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            while !reader.isAtEnd {
                guard let name = try? reader.readLengthPrefixed(), let value = try? reader.readLengthPrefixed() else { return }
                list.append(Label(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            }
        }
        return list
    }

    /// Hashes the bytes as one.
    public func hash(into hasher: inout Hasher) {
        // An array of bytes would be hashed byte by byte.
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// The value of a label, or nil.
    public subscript(name: String) -> String? {
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            while !reader.isAtEnd {
                guard let key = try? reader.readLengthPrefixed(), let value = try? reader.readLengthPrefixed() else { return nil }
                if key.elementsEqual(name.utf8) { return String(decoding: value, as: UTF8.self) }
            }
            return nil
        }
    }

    /// The value of `__name__`, or "".
    public var metricName: String { self[Self.nameLabel] ?? "" }

    /// The label that holds the metric's name.
    public static let nameLabel = "__name__"
}

extension Labels: Comparable {
    /// Prometheus's order: label by label, name before value; a list that ends first comes first.
    public static func < (a: Labels, b: Labels) -> Bool { compare(a.bytes, b.bytes) < 0 }

    /// Below, at or above 0 as the labels of canonical bytes `a` come before, with or behind those of `b`.
    public static func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
        a.withUnsafeBytes { a in b.withUnsafeBytes { b in compare(a, b) } }
    }

    /// The same for bytes that are lent.
    public static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let difference = firstDifference(a, b)
        if difference == a.count || difference == b.count { return a.count - b.count }
        // What comes before is the same in both: only the name or value with the difference is compared.
        var left = ByteReader(a)
        var right = ByteReader(b)
        while true {
            guard let x = try? left.readLengthPrefixed(), let y = try? right.readLengthPrefixed() else { return a.count - b.count }
            if left.position <= difference, x.count == y.count { continue }
            let shared = Swift.min(x.count, y.count)
            for index in 0..<shared where x[index] != y[index] { return x[index] < y[index] ? -1 : 1 }
            return x.count - y.count
        }
    }

    /// The offset of the first byte that is not the same in both; the shorter length when there is none.
    private static func firstDifference(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let shared = Swift.min(a.count, b.count)
        var offset = 0
        while offset &+ 8 <= shared {
            // Within `shared`, which is within both.
            let x = UInt64(littleEndian: a.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let y = UInt64(littleEndian: b.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            if x != y { return offset &+ (x ^ y).trailingZeroBitCount &>> 3 }
            offset &+= 8
        }
        while offset < shared, a[offset] == b[offset] { offset &+= 1 }
        return offset
    }
}

extension Labels: CustomStringConvertible {
    /// The form that PromQL prints: `up{job="a"}`.
    public var description: String {
        let pairs = list.filter { $0.name != Self.nameLabel }.map { label in
            "\(label.name)=\"\(label.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
        }
        return metricName + (pairs.isEmpty && !metricName.isEmpty ? "" : "{\(pairs.joined(separator: ", "))}")
    }
}
