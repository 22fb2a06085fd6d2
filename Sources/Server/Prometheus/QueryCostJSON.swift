import ByteCoding
import QueryEngine

/// Writes what queries took.
enum QueryCostJSON {
    /// The member `stats`, as Prometheus has it.
    static func writeStatistics(_ statistics: QueryStatistics, to writer: inout JSONWriter) {
        writer.key("stats")
        writer.object { writer in
            writer.key("timings")
            writer.object { writer in
                writer.member("evalTotalTime", statistics.evaluationTotal)
                writer.member("resultSortTime", statistics.resultSort)
                writer.member("queryPreparationTime", statistics.preparation)
                writer.member("innerEvalTime", statistics.innerEvaluation)
                writer.member("execQueueTime", statistics.queueing)
                writer.member("execTotalTime", statistics.executionTotal)
            }
            writer.key("samples")
            writer.object { writer in
                if !statistics.queryableSamplesPerStep.isEmpty {
                    writer.key("totalQueryableSamplesPerStep")
                    writer.array { writer in
                        for step in statistics.queryableSamplesPerStep {
                            writer.array { writer in
                                writer.raw(capacity: PointText.capacity) { PointText.seconds(step.time, to: $0) }
                                writer.integer(step.count)
                            }
                        }
                    }
                }
                writer.member("totalQueryableSamples", statistics.queryableSamples)
                writer.member("peakSamples", statistics.peakSamples)
            }
        }
    }

    /// An expression with those in it.
    static func write(_ expression: ExplainedExpression, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("expression", expression.text)
            writer.member("kind", expression.kind)
            writer.member("start", expression.location.lowerBound)
            writer.member("end", expression.location.upperBound)
            writer.member("seconds", expression.seconds)
            writer.member("selfSeconds", expression.selfSeconds)
            writer.member("series", expression.series)
            writer.member("samples", expression.samples)
            writer.member("columns", expression.columns)
            writer.key("children")
            writer.array { writer in for child in expression.children { write(child, to: &writer) } }
        }
    }
}
