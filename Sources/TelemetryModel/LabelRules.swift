import ByteCoding

/// How many labels a series may have, and how long their texts may be.
public struct LabelLimits: Hashable, Sendable {
    /// Labels of one series.
    public var labelCount = 128
    /// UTF-8 bytes of a label's name.
    public var nameByteCount = 1024
    /// UTF-8 bytes of a label's value.
    public var valueByteCount = 16384

    /// The defaults.
    public init() {}

    /// Sets each.
    public init(labelCount: Int, nameByteCount: Int, valueByteCount: Int) {
        self.labelCount = labelCount
        self.nameByteCount = nameByteCount
        self.valueByteCount = valueByteCount
    }
}

/// Why the labels of a series are not taken.
public struct LabelProblem: Error, Equatable, Sendable {
    /// The end of a sentence that begins with "its".
    public var text: String
}

/// Checks the labels of one series, one by one: names not empty and not repeated, UTF-8, a metric name, count and lengths
/// within ``LabelLimits``. Labels with an empty value do not exist, as in Prometheus.
public struct LabelRules {
    private let limits: LabelLimits
    private var names: [UnsafeRawBufferPointer] = []
    private var isSorted = true
    private var hasMetricName = false

    /// Begins with no label.
    public init(_ limits: LabelLimits) { self.limits = limits }

    /// Begins another series.
    public mutating func start() {
        names.removeAll(keepingCapacity: true)
        isSorted = true
        hasMetricName = false
    }

    /// Looks at one label, whose bytes must live until ``end()``.
    public mutating func check(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(LabelProblem) {
        if name.isEmpty { throw LabelProblem(text: "labels hold one without a name") }
        if name.count > limits.nameByteCount {
            throw LabelProblem(text: "label names must not be longer than \(limits.nameByteCount) bytes")
        }
        if value.count > limits.valueByteCount {
            throw LabelProblem(text: "label values must not be longer than \(limits.valueByteCount) bytes")
        }
        if !UTF8Check.isValid(name) || !UTF8Check.isValid(value) { throw LabelProblem(text: "labels are not UTF-8") }
        if names.count >= limits.labelCount { throw LabelProblem(text: "labels must not be more than \(limits.labelCount)") }
        if let last = names.last, isSorted { isSorted = last.lexicographicallyPrecedes(name) }
        if !isSorted, names.contains(where: { $0.elementsEqual(name) }) {
            throw LabelProblem(text: "labels hold \"\(String(decoding: name, as: UTF8.self))\" twice")
        }
        names.append(name)
        if !hasMetricName, !value.isEmpty { hasMetricName = name.elementsEqual(Labels.nameLabel.utf8) }
    }

    /// Ends the series.
    public func end() throws(LabelProblem) {
        if !hasMetricName { throw LabelProblem(text: "labels hold no __name__") }
    }
}
