import Platform
import TelemetryModel
import Testing

@testable import EmbeddedStorage

@Suite("Head of metrics")
struct MetricHeadTests {
    private func labels(_ index: Int) -> Labels { Labels(["__name__": "m\(index)", "job": "j\(index % 2)", "instance": "i"]) }

    private func add(_ index: Int, to head: MetricHead) -> UInt32 {
        head.add(labels(index), newest: nil, source: head.source(labels(index)))
    }

    private func append(_ timestamp: Int64, _ value: Double, to index: Int, of head: MetricHead) {
        // Timestamps belong to one head, so no neighbour outlives it.
        var neighbour: HeadTimes.Pointer?
        head.series[index].append(Sample(timestamp: timestamp, value: value), neighbour: &neighbour, head.arena)
    }

    @Test("series that share timestamps, miss some, or have their own come back as they were written", arguments: 0..<30)
    func sharing(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let head = MetricHead()
        let numbers = (0..<20).map { add($0, to: head) }
        var expected = [[Sample]](repeating: [], count: numbers.count)
        var kept: [(number: Int, snapshot: HeadSnapshot, samples: [Sample])] = []
        let missing = Int.random(in: 0..<4, using: &random)
        for step in 0..<300 {
            var neighbour: HeadTimes.Pointer?
            for number in numbers {
                let index = Int(number)
                // Some begin late, some miss steps, two keep to nobody's timestamps.
                if step < index * 3 || (missing > 0 && Int.random(in: 0..<20, using: &random) < missing) { continue }
                let shift = index < 2 ? Int64.random(in: 0..<900, using: &random) : 0
                let sample = Sample(timestamp: Int64(step) * 1_000 + shift, value: Double(step * 100 + index))
                head.series[index].append(sample, neighbour: &neighbour, head.arena)
                expected[index].append(sample)
            }
            if step % 37 == 0 {
                let index = Int.random(in: 0..<numbers.count, using: &random)
                kept.append((index, head.snapshot(UInt32(index)), expected[index]))
            }
        }
        kept += numbers.map { (Int($0), head.snapshot($0), expected[Int($0)]) }
        for (number, snapshot, samples) in kept {
            let all = snapshot.samples()
            #expect(
                all.timestamps == samples.map(\.timestamp) && all.values == samples.map(\.value), "seed \(seed), series \(number)")
            let from = Int64.random(in: 0..<300_000, using: &random)
            let through = from + Int64.random(in: 0..<50_000, using: &random)
            let part = samples.filter { $0.timestamp >= from && $0.timestamp <= through }
            #expect(snapshot.samples(from: from, through: through).values == part.map(\.value), "seed \(seed)")
            #expect(snapshot.hasSamples(from: from, through: through) == !part.isEmpty, "seed \(seed)")
            if let sample = samples.randomElement(using: &random) {
                #expect(snapshot.value(at: sample.timestamp) == sample.value, "seed \(seed)")
            }
            #expect(snapshot.value(at: -1) == nil)
        }
        // Whoever keeps to nobody's timestamps must not cost a slab per sample.
        #expect(head.arena.byteCount <= 1 << 20, "seed \(seed)")
    }

    @Test("copies come in the order of labels, few or many, also when the head behind has added series")
    func order() throws {
        func isInOrder(_ head: MetricHead, _ numbers: [UInt32]) -> Bool {
            head.copies(numbers).inOrder.map(\.labels) == numbers.map { head.labels[Int($0)] }.sorted()
        }
        let head = MetricHead()
        for index in 0..<900 { append(5, 1, to: Int(add(index * 7 % 900, to: head)), of: head) }
        let all = Array(0..<UInt32(900))
        #expect(isInOrder(head, all) && isInOrder(head, [899, 3, 500].sorted()) && isInOrder(head, all.filter { $0 % 3 == 1 }))
        let next = head.freeze()
        for index in 0..<900 { append(6, 1, to: index, of: next) }
        for index in 900..<1_300 { append(6, 1, to: Int(add(index * 11 % 5_000 + 5_000, to: next)), of: next) }
        #expect(isInOrder(next, Array(0..<1_300)) && isInOrder(next, Array(700..<1_200)))
        #expect(isInOrder(head, all))
        var seen: [Labels] = []
        try head.forEachInOrder { labels, _ in seen.append(labels) }
        #expect(seen == head.labels.sorted())
    }

    @Test("a frozen head's successor knows the series that had samples, and forgets the silent ones when they are many or old")
    func succession() throws {
        var head = MetricHead()
        for index in 0..<100 { _ = add(index, to: head) }
        for index in 0..<100 {
            append(5, Double(index), to: index, of: head)
        }
        let second = head.freeze()
        #expect(second.seriesCount == 100 && second.find(labels(7)) == 7)
        #expect(second.series[7].newest == 5 && second.series[7].newestValue == 7 && second.series[7].isEmpty)
        for index in 0..<90 {
            append(6, 1, to: index, of: second)
        }
        var next = second.freeze()
        #expect(next.seriesCount == 100)
        for round in 0..<8 {
            for index in 0..<90 {
                append(7 + Int64(round), 1, to: index, of: next)
            }
            next = next.freeze()
        }
        #expect(next.seriesCount == 90 && next.find(labels(95)) == nil && next.find(labels(3)) == 3)
        #expect(next.sources.counts == [45, 45])
        for index in 0..<20 {
            append(90, 1, to: index, of: next)
        }
        head = next.freeze()
        #expect(try head.chooser.postings(Array("job".utf8), Array("j1".utf8)).count == 10)
        #expect(head.seriesCount == 20)
    }

    @Test("late samples are found, replaced and merged, however many", arguments: 0..<5)
    func late(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let head = MetricHead()
        let number = add(0, to: head)
        var neighbour: HeadTimes.Pointer?
        var expected: [Int64: Double] = [:]
        for step in 0..<200 {
            head.series[0].append(Sample(timestamp: Int64(step) * 10, value: 0), neighbour: &neighbour, head.arena)
            expected[Int64(step) * 10] = 0
        }
        for _ in 0..<3_000 {
            let sample = Sample(
                timestamp: Int64.random(in: 0..<1_990, using: &random), value: Double(Int.random(in: 0..<3, using: &random)))
            let known = expected[sample.timestamp]
            let outcome = head.insertLate(sample, number) { nil }
            #expect(outcome == (known == nil ? .stored : known == sample.value ? .duplicate : .conflict), "seed \(seed)")
            expected[sample.timestamp] = sample.value
        }
        let columns = head.snapshot(number).samples()
        let sorted = expected.sorted { $0.key < $1.key }
        #expect(columns.timestamps == sorted.map(\.key) && columns.values == sorted.map(\.value), "seed \(seed)")
    }
}
