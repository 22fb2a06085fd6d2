import ByteCoding
import TelemetryModel

/// Which series `limit_ratio` takes: always the same ones, and the same as Prometheus.
enum LabelSampling {
    /// Where between 0 and 1 a label set stands: its hash as a share of the largest one.
    static func place(of labels: Labels) -> Double {
        var bytes: [UInt8] = []
        for label in labels.list {
            append(label.name, to: &bytes)
            append(label.value, to: &bytes)
        }
        return Double(bytes.withUnsafeBytes(XXHash64.hash)) / Double(UInt64.max)
    }

    /// Prometheus hashes its labels as they lie in its memory: a text behind its length, which is one byte, or 255 and three.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        let count = text.utf8.count
        if count < 255 {
            bytes.append(UInt8(count))
        } else {
            bytes.append(255)
            for shift in [0, 8, 16] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        }
        bytes.append(contentsOf: text.utf8)
    }

    /// Whether a series at a place is among a share of all; a negative share takes those that its complement leaves.
    static func takes(_ ratio: Double, _ place: Double) -> Bool { ratio >= 0 ? place < ratio : place >= 1 + ratio }
}
