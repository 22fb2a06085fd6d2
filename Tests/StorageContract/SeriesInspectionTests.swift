import Storage
import TelemetryModel
import Testing

@Suite("Contract of looking at what series cost")
struct SeriesInspectionTests {
    @Test(
        "every series is told once, with its samples and times, over head and blocks", arguments: MetricStoreUnderTest.Kind.allCases
    )
    func inspects(kind: MetricStoreUnderTest.Kind) throws {
        let test = try MetricStoreUnderTest(kind)
        let (a, b, c) = (Labels(["__name__": "m", "x": "a"]), Labels(["__name__": "m", "x": "b"]), Labels(["__name__": "n"]))
        try test.write([(a, samples((1, 1), (2, 2))), (b, samples((5, 1)))])
        try test.write([(a, samples((3, 3))), (c, samples((7, 7)))])
        try test.store.delete(SeriesQuery([try LabelMatcher("x", .equal, "b")], from: 0, through: .max))
        try test.write([(a, samples((4, 4)))])
        for _ in 0..<2 {
            var found: [SeriesFootprint] = []
            try test.store.inspectSeries { found.append($0) }
            #expect(found.map(\.labels) == [a, c] && found.map(\.sampleCount) == [4, 1])
            #expect(found.map(\.first) == [1, 7] && found.map(\.last) == [4, 7])
            try test.store.compact()
            if kind != .inMemory {
                try test.store.inspectSeries { #expect($0.byteCount > 0) }
            }
        }
    }
}
