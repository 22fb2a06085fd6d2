import ByteCoding
import TelemetryModel

/// Appends exemplars to a batch, series by series. Series and exemplars with bad labels are refused, and counted apart from
/// samples.
struct ExemplarAppender {
    private var labels: LabelAppender
    /// The labels of the series at hand; nil when they are bad.
    private var series: RowRange?
    private var labelStart = 0
    /// What is wrong with the labels of the series.
    private var problem = ""

    init(limits: DecodeLimits) { labels = LabelAppender(limits: limits) }

    // MARK: - The series

    /// Begins the labels of a series.
    mutating func beginSeries(_ decoded: inout DecodedMetrics) {
        labelStart = decoded.batch.exemplarBytes.count
        labels.start()
    }

    /// Takes a label of the series or of the exemplar that has begun.
    mutating func appendLabel(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ decoded: inout DecodedMetrics
    ) {
        labels.append(name, value, to: &decoded.batch.exemplarBytes)
    }

    /// Says what is wrong with labels that could not even be looked at.
    mutating func fail(_ problem: String) { labels.fail(problem) }

    /// Ends the labels of the series; its exemplars follow.
    mutating func endSeries(_ decoded: inout DecodedMetrics) {
        labels.end()
        series = endLabels(&decoded)
        problem = labels.problem ?? ""
    }

    private func endLabels(_ decoded: inout DecodedMetrics) -> RowRange? {
        if labels.problem == nil { return rows(labelStart, decoded.batch.exemplarBytes.count) }
        decoded.batch.exemplarBytes.removeLast(decoded.batch.exemplarBytes.count - labelStart)
        return nil
    }

    private func rows(_ start: Int, _ end: Int) -> RowRange { RowRange(start: UInt32(start), count: UInt32(end - start)) }

    // MARK: - Exemplars

    /// Begins an exemplar of the series.
    mutating func begin(_ decoded: inout DecodedMetrics) {
        labelStart = decoded.batch.exemplarBytes.count
        labels.start()
    }

    /// Ends the exemplar; an exemplar need not have labels.
    mutating func end(value: Double, timestamp: Int64, _ decoded: inout DecodedMetrics) {
        let own = endLabels(&decoded)
        let problem = labels.problem ?? problem
        guard let own, let series else {
            decoded.exemplarRefusals.add(.invalidLabels, "An exemplar: its \(problem).")
            return
        }
        decoded.batch.exemplars.append(ExemplarRow(series: series, labels: own, value: value, timestamp: timestamp))
    }

    /// Takes the exemplar back, because it cannot be read.
    mutating func refuse(_ error: ByteCodingError, _ decoded: inout DecodedMetrics) {
        decoded.batch.exemplarBytes.removeLast(decoded.batch.exemplarBytes.count - labelStart)
        decoded.exemplarRefusals.add(WireRefusalReason(error), "An exemplar: \(error.message).")
    }
}
