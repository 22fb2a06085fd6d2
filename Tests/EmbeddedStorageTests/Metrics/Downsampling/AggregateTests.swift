import Platform
import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite("Aggregates")
struct AggregateTests {
    @Test("a bucket ends where the next one begins, also before 1970 and at the ends of time")
    func ends() {
        let five = MetricResolution.fiveMinutes
        for (moment, end) in [
            (Int64(0), Int64(0)), (1, 300_000), (299_999, 300_000), (300_000, 300_000), (300_001, 600_000), (-1, 0),
            (-300_000, -300_000),
            (-300_001, -300_000), (.max, .max),
        ] {
            #expect(five.end(of: moment) == end, "\(moment)")
        }
        #expect(five.buckets(touching: 1...300_001) == 1...600_000)
        #expect(five.buckets(touching: 300_000...300_000) == 1...300_000)
        #expect(five.buckets(touching: .min...(.max)) == .min...(.max))
    }

    @Test("each is what its function yields of the samples of the bucket, and of two halves of a bucket")
    func values() {
        let nan = Double.nan
        let samples = SampleColumns(
            timestamps: [1, 2, 3, 4, 300_000, 300_001, 900_000, 900_001],
            values: [nan, 5, -0.0, Sample.staleMarker, 0.1, nan, 2, Sample.staleMarker])
        func column(_ aggregate: Aggregate) -> SampleColumns { aggregate.column(of: samples, .fiveMinutes) }
        #expect(column(.count).timestamps == [300_000, 600_000, 900_000] && column(.count).values == [4, 1, 1])
        #expect(column(.last).timestamps == [300_000, 300_001, 900_000])
        #expect(column(.max).values[0] == 5 && column(.max).values[1].isNaN)
        #expect(column(.min).values[0].bitPattern == (-0.0).bitPattern && column(.min).values[2] == 2)
        #expect(column(.sum).values[0].isNaN && column(.sum).values[2] == 2)
        for aggregate in Aggregate.allCases {
            let halves = [(0, 2), (3, 300_001), (300_002, 1_000_000)].map { from, through in
                aggregate.column(of: samples.restricted(from: Int64(from), through: Int64(through)), .fiveMinutes)
            }
            let joined = halves.reduce(SampleColumns()) { aggregate.combined($0, $1) }
            if aggregate != .last {
                #expect(joined.timestamps == column(aggregate).timestamps)
                #expect(joined.values.map(\.bitPattern) == column(aggregate).values.map(\.bitPattern) || aggregate == .sum)
            }
        }
        let numbers = SampleColumns(timestamps: Array(1...1_000), values: (1...1_000).map { Double($0) * 0.1 })
        #expect(Aggregate.sum.column(of: numbers, .oneHour).values == [50_050])
    }

    @Test("the label of an aggregate comes first, so that series of one aggregate have the order of the samples' series")
    func labels() {
        let series = [Labels(["A": "1"]), Labels(["A": "1", "b": "2"]), Labels(["__name__": "x"]), Labels(["z": "", "zz": "1"])]
            .sorted()
        for aggregate in Aggregate.allCases {
            let own = series.map(aggregate.labels)
            #expect(own == own.sorted())
            #expect(own.map { Array($0.bytes.dropFirst(aggregate.prefix.count)) } == series.map(\.bytes))
        }
        #expect(Aggregate.allCases.map(\.rawValue) == Aggregate.allCases.map(\.rawValue).sorted())
    }
}
