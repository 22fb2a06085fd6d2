import Answers
import Storage
import TelemetryModel
import Testing

@Suite("What metrics and labels cost")
struct CardinalityTallyTests {
    private func tally() throws -> CardinalityTally {
        var tally = CardinalityTally(newFrom: 1_000)
        for (name, instance, samples, bytes, first) in [
            ("up", "a", 10, 100, 0), ("up", "b", 20, 100, 2_000), ("load", "a", 5, 300, 1_000),
        ] as [(String, String, Int, Int, Int64)] {
            try tally.add(
                SeriesFootprint(
                    labels: Labels(["__name__": name, "instance": instance, "job": "node"]), sampleCount: samples, byteCount: bytes,
                    first: first, last: 9_000))
        }
        return tally
    }

    @Test("costs are added up by metric, label and sender, the highest first, and have the JSON of their schema")
    func answer() throws {
        var asked = MetricAsked()
        asked.rules = 3
        asked.lastMilliseconds = 7
        let answer = try tally().answer(limit: 5, usageSince: "2026-01-01T00:00:00Z") { [asked] in
            $0 == "up" ? asked : MetricAsked()
        } labelsOf: { _ in
            [LabelValueCount(name: "instance", valueCount: 2)]
        }
        #expect(answer.metrics.map(\.name) == ["load", "up"] && answer.metrics.map(\.byteCount) == [300, 200])
        #expect(answer.metricCount == 2 && answer.seriesCount == 3 && answer.sampleCount == 35 && answer.byteCount == 500)
        #expect(answer.labels.map(\.name) == ["__name__", "instance", "job"] && answer.labels.map(\.valueCount) == [2, 2, 1])
        #expect(answer.sources.map(\.seriesCount) == [2, 1] && answer.sources.map(\.newSeriesCount) == [1, 1])
        #expect(answer.unasked == UnaskedCost(metricCount: 1, seriesCount: 1, byteCount: 300, names: ["load"]))
        #expect(try SchemaCheck("cardinality").problems(AnswerJSON.encode(answer)) == [])
    }

    @Test("the lists that Prometheus gives are sorted by count, then by name, and cut at the limit")
    func lists() throws {
        let tally = try tally()
        #expect(tally.seriesCount == 3 && tally.labelPairCount == 5 && tally.times == 0...9_000)
        #expect(tally.seriesCountByMetricName(9).map(\.name) == ["up", "load"])
        #expect(tally.valueCountByLabelName(1).map(\.name) == ["__name__"])
        #expect(tally.valueBytesByLabelName(9).map(\.value) == [12, 8, 3])
        #expect(tally.seriesCountByPair(2).map(\.name) == ["job=node", "__name__=up"])
    }
}
