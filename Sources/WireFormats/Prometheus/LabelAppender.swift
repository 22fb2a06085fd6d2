import ByteCoding
import TelemetryModel

/// Appends the labels of one series to a batch and checks them: names not empty and not repeated, UTF-8, a metric name,
/// count and lengths within ``DecodeLimits``. Labels with an empty value do not exist, as in Prometheus.
struct LabelAppender {
    private let limits: DecodeLimits
    private var names: [UnsafeRawBufferPointer] = []
    private var isSorted = true
    private var hasMetricName = false
    /// What is wrong with the labels since ``start()``, as the end of a sentence that begins with "its".
    private(set) var problem: String?

    init(limits: DecodeLimits) { self.limits = limits }

    /// Begins a series.
    mutating func start() {
        names.removeAll(keepingCapacity: true)
        isSorted = true
        hasMetricName = false
        problem = nil
    }

    /// Takes one label, whose bytes must live until ``end()``.
    @inline(__always)
    mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        if problem != nil { return }
        check(name, value)
        if value.isEmpty || problem != nil { return }
        Self.append(name, to: &bytes)
        Self.append(value, to: &bytes)
    }

    /// Ends a series.
    mutating func end() {
        if problem == nil, !hasMetricName { problem = "labels hold no __name__" }
    }

    @inline(__always)
    private static func append(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var rest = text.count
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
        bytes.append(contentsOf: text)
    }

    private mutating func check(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if name.isEmpty { return problem = "labels hold one without a name" }
        if name.count > limits.labelNameByteCount {
            return problem = "label names must not be longer than \(limits.labelNameByteCount) bytes"
        }
        if value.count > limits.labelValueByteCount {
            return problem = "label values must not be longer than \(limits.labelValueByteCount) bytes"
        }
        if !UTF8Check.isValid(name) || !UTF8Check.isValid(value) { return problem = "labels are not UTF-8" }
        if names.count >= limits.labelCount { return problem = "labels must not be more than \(limits.labelCount)" }
        if let last = names.last, isSorted { isSorted = Self.precedes(last, name) }
        if !isSorted, names.contains(where: { $0.elementsEqual(name) }) {
            return problem = "labels hold \"\(String(decoding: name, as: UTF8.self))\" twice"
        }
        names.append(name)
        if !hasMetricName, !value.isEmpty { hasMetricName = name.elementsEqual(Self.metricName.utf8) }
    }

    private static let metricName = "__name__"

    private static func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        let count = min(a.count, b.count)
        var index = 0
        while index < count {
            if a[index] != b[index] { return a[index] < b[index] }
            index &+= 1
        }
        return a.count < b.count
    }
}
