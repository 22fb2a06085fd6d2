import ByteCoding
import TelemetryModel

/// The labels of one data point, put together as bytes in canonical order: its attributes, and what the resource adds.
///
/// Where several attributes get one label name their values are joined by `;` in the order of their keys. Memory is kept
/// from point to point.
struct OTLPLabelSet {
    /// A label before sorting. The ranges are in ``arena``.
    private struct Entry {
        var name: Range<Int>
        var value: Range<Int>
        var key: Range<Int>
        var origin: Origin
    }

    /// Where a label is from; of one name the first origin counts.
    private enum Origin: UInt8 {
        case overriding, attribute, promoted
    }

    private let limits: DecodeLimits
    private var arena: [UInt8] = []
    private var entries: [Entry] = []
    /// The labels but those of the metric: its name, `le` and `quantile`.
    private(set) var bytes: [UInt8] = []
    /// Where the label of the name belongs in ``bytes``.
    private(set) var namePlace = 0
    /// Where the metric's other label belongs in ``bytes``, behind the name's.
    private(set) var extraPlace = 0

    init(limits: DecodeLimits) { self.limits = limits }

    /// Puts labels together. Attributes that would get the name of the metric's own labels, `__name__` and `extra` (`le`,
    /// `quantile` or none), are left out.
    mutating func build(
        attributes: [UnsafeRawBufferPointer], resource: OTLPResourceLabels, extra: StaticString?
    ) throws(OTLPPointError) {
        arena.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        for attribute in attributes {
            do throws(ByteCodingError) {
                try add(attribute)
            } catch {
                throw OTLPPointError(WireRefusalReason(error), error.message)
            }
        }
        for label in resource.overriding { add(label, .overriding) }
        for label in resource.promoted { add(label, .promoted) }
        sort()
        try write(extra)
    }

    // MARK: - Collecting

    private mutating func add(_ label: Label, _ origin: Origin) {
        let name = append(label.name.utf8)
        entries.append(Entry(name: name, value: append(label.value.utf8), key: name, origin: origin))
    }

    private mutating func append(_ text: some Collection<UInt8>) -> Range<Int> {
        let start = arena.count
        arena.append(contentsOf: text)
        return start..<arena.count
    }

    /// Takes a `KeyValue`.
    private mutating func add(_ bytes: UnsafeRawBufferPointer) throws(ByteCodingError) {
        var key = UnsafeRawBufferPointer(start: nil, count: 0)
        var value = UnsafeRawBufferPointer(start: nil, count: 0)
        var fields = ProtobufReader(bytes)
        while try fields.nextField() {
            switch fields.fieldNumber {
            case 1: key = try fields.bytes()
            case 2: value = try fields.bytes()
            default: try fields.skipValue()
            }
        }
        guard UTF8Check.isValid(key) else { throw ByteCodingError(.malformed, "the key of an attribute is not UTF-8") }
        let valueRange = try appendText(of: value)
        if key.isEmpty { return }
        let keyRange = append(key)
        let start = arena.count
        PrometheusNaming.appendLabelName(key, to: &arena)
        entries.append(Entry(name: start..<arena.count, value: valueRange, key: keyRange, origin: .attribute))
    }

    /// Appends the text form of an `AnyValue`.
    private mutating func appendText(of bytes: UnsafeRawBufferPointer) throws(ByteCodingError) -> Range<Int> {
        // Nearly all values are texts.
        var fields = ProtobufReader(bytes)
        if try fields.nextField(), fields.fieldNumber == 1 {
            let text = try fields.bytes()
            if fields.reader.isAtEnd {
                guard UTF8Check.isValid(text) else { throw ByteCodingError(.malformed, "the value of an attribute is not UTF-8") }
                return append(text)
            }
        }
        return append(try AttributeValueCoding.decode(bytes).text.utf8)
    }

    // MARK: - Sorting

    /// By name, then origin, then key. Points have few attributes, mostly in order.
    private mutating func sort() {
        // Taken out of `self`, so that it can be changed while the arena is read.
        var sorted = entries
        entries = []
        arena.withUnsafeBytes { raw in
            for index in sorted.indices.dropFirst() {
                let entry = sorted[index]
                var place = index
                while place > 0, Self.precedes(entry, sorted[place - 1], raw) {
                    sorted[place] = sorted[place - 1]
                    place -= 1
                }
                sorted[place] = entry
            }
        }
        entries = sorted
    }

    private static func precedes(_ a: Entry, _ b: Entry, _ raw: UnsafeRawBufferPointer) -> Bool {
        let names = compare(raw, a.name, b.name)
        if names != 0 { return names < 0 }
        if a.origin != b.origin { return a.origin.rawValue < b.origin.rawValue }
        return compare(raw, a.key, b.key) < 0
    }

    /// Less than, equal to or greater than 0, as `memcmp` says.
    private static func compare(_ raw: UnsafeRawBufferPointer, _ a: Range<Int>, _ b: Range<Int>) -> Int {
        let count = min(a.count, b.count)
        var offset = 0
        while offset < count {
            let difference = Int(raw[a.lowerBound &+ offset]) &- Int(raw[b.lowerBound &+ offset])
            if difference != 0 { return difference }
            offset &+= 1
        }
        return a.count &- b.count
    }

    // MARK: - Writing

    private mutating func write(_ extra: StaticString?) throws(OTLPPointError) {
        bytes.removeAll(keepingCapacity: true)
        namePlace = -1
        extraPlace = -1
        var count = 0
        var index = 0
        while index < entries.count {
            let first = entries[index]
            var end = index + 1
            while end < entries.count, arena[entries[end].name].elementsEqual(arena[first.name]) { end += 1 }
            defer { index = end }
            let order = Self.order(of: arena[first.name], Self.metricName)
            if namePlace < 0, order > 0 { namePlace = bytes.count }
            let extraOrder = extra.map { Self.order(of: arena[first.name], $0) } ?? 0
            if extraPlace < 0, extraOrder > 0 { extraPlace = bytes.count }
            if order == 0 || extra != nil && extraOrder == 0 { continue }
            if try write(first.name, entries[index..<end]) { count += 1 }
        }
        if namePlace < 0 { namePlace = bytes.count }
        if extraPlace < 0 { extraPlace = bytes.count }
        if count > limits.labelCount {
            throw OTLPPointError(.invalidLabels, "its labels must not be more than \(limits.labelCount)")
        }
    }

    private static let metricName: StaticString = "__name__"

    /// How a name stands to another one: before (less than 0), the same (0) or behind.
    private static func order(of name: ArraySlice<UInt8>, _ other: StaticString) -> Int {
        other.withUTF8Buffer { other in
            for (a, b) in zip(name, other) where a != b { return Int(a) - Int(b) }
            return name.count - other.count
        }
    }

    /// Writes one label from those of its name; says whether there was a value.
    private mutating func write(_ name: Range<Int>, _ group: ArraySlice<Entry>) throws(OTLPPointError) -> Bool {
        var value = ArraySlice<UInt8>()
        for entry in group {
            // What the resource says is only asked for when the attributes of the point say nothing, or it overrides them.
            if entry.origin == .promoted, !value.isEmpty { break }
            value = value.isEmpty ? arena[entry.value] : value + [UInt8(ascii: ";")] + arena[entry.value]
            if entry.origin == .overriding, !value.isEmpty { break }
        }
        if value.isEmpty { return false }
        if name.count > limits.labelNameByteCount || value.count > limits.labelValueByteCount {
            let text = String(decoding: arena[name].prefix(64), as: UTF8.self)
            throw OTLPPointError(.invalidLabels, "its label \"\(text)\" is too long")
        }
        OTLPLabelBytes.append(arena[name], value, to: &bytes)
        return true
    }
}

/// Writes labels in the form of ``MetricBatch``.
enum OTLPLabelBytes {
    /// A label by itself.
    static func label(_ name: String, _ value: String) -> [UInt8] {
        var bytes: [UInt8] = []
        append(name.utf8, value.utf8, to: &bytes)
        return bytes
    }

    /// Appends a label.
    static func append(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>, to bytes: inout [UInt8]) {
        appendCount(name.count, to: &bytes)
        bytes.append(contentsOf: name)
        appendCount(value.count, to: &bytes)
        bytes.append(contentsOf: value)
    }

    private static func appendCount(_ count: Int, to bytes: inout [UInt8]) {
        var rest = count
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
