import Foundation
import ByteCoding
import Platform
import TelemetryModel
import Testing
import WireFormats

@Suite("OTLP exponential histograms")
struct OTLPExponentialTests {
    /// An exponential histogram as a client counts it.
    private struct Histogram {
        var scale: Int32
        var positive: [Int: UInt64] = [:]
        var negative: [Int: UInt64] = [:]
        var zero: UInt64 = 0
        var values: [Double] = []

        init(scale: Int32) { self.scale = scale }

        mutating func observe(_ value: Double) {
            values.append(value)
            if value == 0 { return zero += 1 }
            // Bucket i holds base^i < |value| <= base^(i+1).
            let index = Int((log2(value.magnitude) * pow(2, Double(scale))).rounded(.up)) - 1
            if value > 0 { positive[index, default: 0] += 1 } else { negative[index, default: 0] += 1 }
        }

        func request(isDelta: Bool, time: UInt64 = 1) -> [UInt8] {
            var request = ProtobufWriter()
            request.message(1) { resource in
                resource.message(2) { scope in
                    scope.message(2) { metric in
                        metric.string(1, "t")
                        metric.message(10) { data in
                            data.message(1) { write(&$0, time) }
                            data.varint(2, isDelta ? 1 : 2)
                        }
                    }
                }
            }
            return request.bytes
        }

        private func write(_ point: inout ProtobufWriter, _ time: UInt64) {
            point.fixed64(3, time * 1_000_000)
            point.fixed64(4, UInt64(values.count))
            point.double(5, values.reduce(0, +))
            point.varint(6, zigzag(Int64(scale)))
            point.fixed64(7, zero)
            for (field, buckets) in [(8, positive), (9, negative)] as [(UInt32, [Int: UInt64])] {
                guard let first = buckets.keys.min(), let last = buckets.keys.max() else { continue }
                point.message(field) { message in
                    message.varint(1, zigzag(Int64(first)))
                    var counts = ByteWriter()
                    for index in first...last { counts.writeVarint(buckets[index] ?? 0) }
                    message.bytes(2, counts.bytes)
                }
            }
        }

        private func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
    }

    /// The converted `_bucket` series: bounds with counts from below.
    private func buckets(_ request: [UInt8]) throws -> [(bound: Double, count: Double)] {
        let decoded = try request.withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }
        #expect(decoded.refusals.isEmpty)
        return decoded.batch.series.compactMap { row in
            let labels = decoded.batch.labels(row)
            guard labels.metricName == "t_bucket", let bound = labels["le"].flatMap({ $0 == "+Inf" ? .infinity : Double($0) })
            else {
                return nil
            }
            return (bound, decoded.batch.samples[Int(row.samples.start)].value)
        }
    }

    /// As PromQL's `histogram_quantile` takes it from classic buckets: linear within a bucket.
    private func quantile(_ q: Double, _ buckets: [(bound: Double, count: Double)]) throws -> Double {
        let total = try #require(buckets.last).count
        let rank = q * total
        let place = try #require(buckets.firstIndex { $0.count >= rank })
        if buckets[place].bound == .infinity { return buckets[place - 1].bound }
        let start = place == 0 ? 0 : buckets[place - 1].bound
        let below = place == 0 ? 0 : buckets[place - 1].count
        return start + (buckets[place].bound - start) * (rank - below) / (buckets[place].count - below)
    }

    @Test(
        "quantiles of converted data are within the factor between two bounds", arguments: [0, 2, 3, 8, 20] as [Int32],
        [false, true])
    func quantiles(scale: Int32, isDelta: Bool) throws {
        let seed = UInt64(scale) * 2 + (isDelta ? 1 : 0)
        var random = SeededRandom(seed: seed)
        for round in 0..<5 {
            var histogram = Histogram(scale: scale)
            // Clients keep at most a few hundred buckets: finer scales go with narrower ranges.
            let doublings = min(20, 160 / pow(2, Double(scale)))
            for _ in 0..<2_000 { histogram.observe(0.003 * pow(2, Double.random(in: 0..<1, using: &random) * doublings)) }
            let converted = try buckets(histogram.request(isDelta: isDelta))
            let factor = isDelta || scale == 0 ? 2 : pow(2, 0.25)
            let sorted = histogram.values.sorted()
            for q in [0.01, 0.25, 0.5, 0.9, 0.99, 1] {
                let exact = sorted[max(Int((q * 2_000).rounded(.up)) - 1, 0)]
                let ratio = try quantile(q, converted) / exact
                #expect(
                    ratio <= factor * 1.000_001 && ratio >= 1 / factor / 1.000_001, "seed \(seed), round \(round), q \(q): \(ratio)"
                )
            }
        }
    }

    @Test("counts since the start get the bounds of their observations, negative ones and zeros among them")
    func growing() throws {
        var histogram = Histogram(scale: 0)
        for value in [3, 4, 3.5, 2.5, -1.5, -2, 0] { histogram.observe(value) }
        #expect(
            try buckets(histogram.request(isDelta: false)).map { "\($0.bound) \($0.count)" } == [
                "-1.0 2.0", "0.0 3.0", "2.0 3.0", "4.0 7.0", "inf 7.0",
            ])
        // Scale 4 has 16 buckets to a doubling; four of them make one at scale 2.
        var fine = Histogram(scale: 4)
        for place in 0..<4 { fine.observe(2 * pow(2, (Double(place) + 0.5) / 16)) }
        #expect(try buckets(fine.request(isDelta: false)).map(\.bound) == [2, 2.378414230005442, .infinity])
    }

    @Test("increments always get the same bounds, so that each bucket can be added up for itself")
    func fixed() throws {
        var small = Histogram(scale: 3)
        for value in [1e-9, 0.5, 0.51, 1, -7, 0] { small.observe(value) }
        var large = Histogram(scale: -1)
        for value in [3, 1e13] { large.observe(value) }
        let first = try buckets(small.request(isDelta: true))
        let second = try buckets(large.request(isDelta: true))
        #expect(first.map(\.bound) == second.map(\.bound) && first.count == 59)
        func count(_ buckets: [(bound: Double, count: Double)], upTo bound: Double) -> Double? {
            buckets.first { $0.bound == bound }?.count
        }
        #expect([0, 1.0 / 1_048_576, 0.5, 1, 2, .infinity].map { count(first, upTo: $0) } == [2, 3, 4, 6, 6, 6])
        #expect([2, 4, 68_719_476_736, .infinity].map { count(second, upTo: $0) } == [0, 1, 1, 2])
    }

    @Test("scales and offsets that no client can mean are refused")
    func senseless() throws {
        for (scale, index) in [(1_000, 0), (-11, 0), (0, 1 << 30), (2, -(1 << 30))] as [(Int32, Int)] {
            var histogram = Histogram(scale: scale)
            histogram.positive[index] = 1
            for isDelta in [false, true] {
                let decoded = try histogram.request(isDelta: isDelta).withUnsafeBytes { try OTLPMetricsDecoder.decode($0) }
                #expect(decoded.refusals.count == 1 && decoded.batch.series.isEmpty)
            }
        }
    }
}
