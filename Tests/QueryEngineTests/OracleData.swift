import Platform
import TelemetryModel

/// Samples that two query engines are compared over.
///
/// Times end in .123 s and queries start at .001 s, so that no sample lies on the border of a range: there version 3 of
/// Prometheus differs from version 2 on purpose (ranges are left-open).
enum OracleData {
    /// Counters with resets and gaps, gauges with NaN and infinities, staleness markers, odd histograms, Unicode label values.
    static func series(_ random: inout SeededRandom) -> [ScriptSeries] {
        counters(&random) + stale + special(&random) + short + histograms + unicode
    }

    private static func made(_ labels: [String: String], _ value: (_ step: Int) -> Double?) -> ScriptSeries {
        let points = (0..<190).compactMap { step in value(step).map { (time: Int64(step) * 15_000 + 7_123, value: $0) } }
        return ScriptSeries(labels: Labels(labels.map { Label($0.key, $0.value) }), points: points)
    }

    private static func counters(_ random: inout SeededRandom) -> [ScriptSeries] {
        (0..<10).map { index in
            var value = Double(Int.random(in: 0..<500, using: &random))
            let bound = ["0.1", "0.5", "1", "5", "+Inf"][index % 5]
            return made(["__name__": "x", "i": "\(index)", "le": bound]) { step in
                let luck = Int.random(in: 0..<100, using: &random)
                if index % 3 == 2, luck < 10 { return nil }
                if index % 4 == 3, (60..<85).contains(step) { return nil }
                value = luck == 50 ? 0 : value + Double(Int.random(in: 0..<40, using: &random))
                if index == 4 { return luck < 5 ? .nan : value / 7 }
                if index == 6 { return luck < 3 ? .infinity : luck < 6 ? -.infinity : 50 - value / 3 }
                return value
            }
        }
    }

    /// Series that end by a marker: once, by turns with minutes of samples, and now and then.
    private static let stale: [ScriptSeries] = (0..<3).map { index in
        made(["__name__": "stale", "i": "\(index)"]) { step in
            switch index {
            case 0: step == 90 ? Sample.staleMarker : step > 90 ? nil : Double(step)
            case 1: step % 20 == 10 ? Sample.staleMarker : step % 20 > 10 ? nil : Double(step % 13)
            default: step % 7 == 3 ? Sample.staleMarker : Double(step * step % 97)
            }
        }
    }

    private static func special(_ random: inout SeededRandom) -> [ScriptSeries] {
        let values = [
            -0.0, 0, Double.leastNonzeroMagnitude, -Double.leastNonzeroMagnitude, 1e300, -1e300, 1e-300, 4_503_599_627_370_497.5,
            1e21, 1e-7, 0.1, -2.5,
        ]
        return (0..<3).map { index in
            made(["__name__": "special", "i": "\(index)"]) { step in
                index == 0 ? (step % 2 == 0 ? -0.0 : 0) : values[Int.random(in: 0..<values.count, using: &random)]
            }
        }
    }

    /// Series of few samples, which begin and end inside of ranges.
    private static let short: [ScriptSeries] = (0..<4).map { index in
        let start = 40 * index + 7
        let counts = [1, 2, 30, 60]
        let end = start + counts[index]
        return made(["__name__": "short_total", "i": "\(index)"]) { step in
            step >= start && step < end ? Double(step * 3 % 50) : nil
        }
    }

    /// Classic histograms: a usual one, one without the bucket of all, with counts that fall, with NaN, with bounds below zero,
    /// with two texts for one bound, with a bound that is no number, without observations.
    private static let histograms: [ScriptSeries] = {
        let usual = ["0.1", "0.5", "1", "5", "+Inf"]
        let bounds: [(kind: String, bounds: [String])] = [
            ("usual", usual), ("endless", Array(usual.dropLast())), ("falling", usual), ("nan", usual),
            ("negative", ["-5", "-0.5", "0", "1", "+Inf"]), ("doubled", ["0.5", "1", "1.0", "5", "+Inf"]),
            ("malformed", ["0.5", "Hello", "5", "+Inf"]), ("empty", usual), ("resetting", usual),
        ]
        var series: [ScriptSeries] = []
        for (kind, bounds) in bounds {
            for (bucket, bound) in bounds.enumerated() {
                series.append(made(["__name__": "odd_bucket", "kind": kind, "le": bound]) { count(kind, step: $0, bucket) })
            }
        }
        return series
    }()

    private static func count(_ kind: String, step: Int, _ bucket: Int) -> Double {
        let rising = [1, 4, 6, 9, 10]
        let falling = [5, 4, 6, 3, 10]
        switch kind {
        case "usual": return Double(step * rising[bucket])
        case "falling": return Double(step * falling[bucket])
        case "nan": return bucket == 2 ? .nan : Double(step * (bucket + 1))
        case "empty": return 0
        case "resetting": return Double(step % 50 * (bucket + 1))
        default: return Double(step * (bucket + 1))
        }
    }

    private static let unicode: [ScriptSeries] = {
        let texts: [(i: String, first: String, second: String)] = [
            ("a", "日本", "ü"), ("b", "значение", "𝄞"), ("c", "quote\"back\\slash", "new\nline"),
        ]
        var series: [ScriptSeries] = []
        for (place, text) in texts.enumerated() {
            let labels = ["__name__": "unicode_total", "i": text.i, "first": text.first, "second": text.second]
            series.append(made(labels) { Double($0 * (place + 1)) })
        }
        return series
    }()
}
