import ByteCoding
import TelemetryModel

/// Appends the labels of one series to a batch and checks them by ``LabelRules``.
struct LabelAppender {
    private var rules: LabelRules
    /// What is wrong with the labels since ``start()``, as the end of a sentence that begins with "its".
    private(set) var problem: String?

    init(limits: DecodeLimits) { rules = LabelRules(limits.labels) }

    /// Begins a series.
    mutating func start() {
        rules.start()
        problem = nil
    }

    /// Takes one label, whose bytes must live until ``end()``.
    @inline(__always)
    mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        if problem != nil { return }
        do throws(LabelProblem) { try rules.check(name, value) } catch { return problem = error.text }
        if value.isEmpty { return }
        Self.append(name, to: &bytes)
        Self.append(value, to: &bytes)
    }

    /// Says what is wrong with labels that could not even be looked at.
    mutating func fail(_ problem: String) { self.problem = problem }

    /// Ends a series.
    mutating func end() {
        if problem != nil { return }
        do throws(LabelProblem) { try rules.end() } catch { problem = error.text }
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
}
