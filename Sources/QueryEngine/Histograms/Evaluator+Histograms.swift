import QueryLanguages
import TelemetryModel

// Functions of classic histograms: counters with the label `le`.
extension Evaluator {
    /// The series that make up one histogram, with their upper bounds.
    private struct Histogram {
        var labels: Labels
        var name: String
        var buckets: [(bound: Double, column: Column)] = []
    }

    func classicHistogram(_ name: String, _ arguments: [PromQLExpression]) throws -> [Column] {
        guard let source = arguments.first(where: { $0.type == .instantVector }) else { return [] }
        let histograms = try histograms(source)
        let numbers = try arguments.filter { $0.type == .scalar }.map(scalar)
        if name == "histogram_fraction" {
            return try calculate(histograms) { $0.fraction(from: numbers[0][$2], to: numbers[1][$2]) }.merged()
        }
        let quantileArguments = arguments.filter { $0.type == .scalar }
        for (argument, quantiles) in zip(quantileArguments, numbers) {
            for quantile in quantiles { checkQuantile(quantile, argument) }
        }
        if name == "histogram_quantile" {
            return try calculate(histograms) { quantile(numbers[0][$2], &$0, $1, source) }.merged()
        }
        return try labelledQuantiles(histograms, source, label: try text(arguments[1]), numbers)
    }

    /// The quantile at one time; says so when counts had to be raised for it.
    private func quantile(_ q: Double, _ buckets: inout ClassicBuckets, _ name: String, _ source: PromQLExpression) -> Double {
        let result = buckets.quantile(q)
        if result.isRaised {
            annotations.add(
                .info,
                "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name \"\(name)\"",
                about: source.unwrapped)
        }
        return result.value
    }

    /// One series for each quantile, which is told by a label.
    private func labelledQuantiles(
        _ histograms: [Histogram], _ source: PromQLExpression, label: String, _ quantiles: [[Double]]
    ) throws -> [Column] {
        var result: [Column] = []
        for values in quantiles {
            // A quantile that changes over time changes its label, too.
            for quantile in Set(values.map(\.bitPattern)).map(Double.init(bitPattern:)) {
                try context.check()
                let columns = try calculate(histograms) { buckets, name, step in
                    guard values[step].bitPattern == quantile.bitPattern else { return Column.absent }
                    return self.quantile(quantile, &buckets, name, source)
                }
                result += columns.map {
                    Column(labels: $0.labels.setting(label, PromQLNumber.openMetricsText(quantile)), values: $0.values)
                }
            }
        }
        return try result.merged()
    }

    private func histograms(_ source: PromQLExpression) throws -> [Histogram] {
        // Histograms of different names are not mixed, even if nothing else tells them apart.
        let filter = LabelFilter.dropping(["le"])
        var histograms: [Histogram] = []
        var places: [Labels: Int] = [:]
        for column in try vector(source) {
            let written = column.labels["le"] ?? ""
            guard let bound = BucketBound.parse(written) else {
                annotations.add(
                    .warning,
                    "bucket label \"le\" is missing or has a malformed value of \"\(written)\" for metric name \"\(column.labels.metricName)\"",
                    about: source.unwrapped)
                continue
            }
            let labels = filter(column.labels)
            let place = places[labels] ?? histograms.count
            if place == histograms.count {
                places[labels] = place
                histograms.append(Histogram(labels: labels, name: column.labels.metricName))
            }
            histograms[place].buckets.append((bound, column))
        }
        return histograms
    }

    /// Calls `function` with the buckets of each histogram at each step, and its name.
    private func calculate(
        _ histograms: [Histogram], _ function: (inout ClassicBuckets, _ name: String, _ step: Int) -> Double
    ) throws -> [Column] {
        try histograms.map { histogram in
            try context.check()
            var values = try emptyValues()
            var name = histogram.name
            for step in values.indices {
                let present = histogram.buckets.filter { !Column.isAbsent($0.column.values[step]) }
                if present.isEmpty { continue }
                var buckets = ClassicBuckets(present.map { ($0.bound, $0.column.values[step]) })
                values[step] = function(&buckets, name, step)
                // From the second step on Prometheus has dropped the name that its sentences show.
                name = ""
            }
            return Column(labels: LabelFilter.withoutName(histogram.labels), values: values)
        }
    }
}
