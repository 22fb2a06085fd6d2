import ByteCoding
import CollectorKit
import TelemetryModel
import Testing

@Suite struct OTLPMetricsEncoderTests {
    @Test("a gauge and a counter have the bytes that the OTLP schema gives them")
    func exactBytes() {
        let group = ResourceMetrics(
            resource: [Attribute("a", "b")],
            metrics: [
                CollectedMetric("g", unit: "s", .gauge, "", points: [MetricPoint(.double(1.5))]),
                CollectedMetric(
                    "c", unit: "", .counter, "d", points: [MetricPoint(.int(-2), [Attribute("k", .int(3))], since: 1)]),
                CollectedMetric("empty", unit: "", .gauge, ""),
            ])
        let resource: [UInt8] = field(1, field(1, field(1, text("a")) + field(2, field(1, text("b")))))
        let gaugePoint: [UInt8] = [0x19] + little(9) + [0x21] + little((1.5).bitPattern)
        let gauge = field(2, field(1, text("g")) + field(3, text("s")) + field(5, field(1, gaugePoint)))
        let counterPoint =
            [0x11] + little(1) + [0x19] + little(9) + [0x31] + little(UInt64(bitPattern: -2))
            + field(7, field(1, text("k")) + field(2, [0x18, 3]))
        let counter = field(2, field(1, text("c")) + field(2, text("d")) + field(7, field(1, counterPoint) + [0x10, 2, 0x18, 1]))
        let scope = field(1, field(1, text("headrope-agent")))
        #expect(OTLPMetricsEncoder.encode([group], at: 9) == field(1, resource + field(2, scope + gauge + counter)))
    }

    @Test("the body of two groups is the body of the first followed by that of the second")
    func concatenation() {
        let groups = ["x", "y"].map { name in
            ResourceMetrics(metrics: [CollectedMetric(name, unit: "", .upDownCounter, "", points: [MetricPoint(.int(1))])])
        }
        let both = OTLPMetricsEncoder.encode(groups, at: 5)
        #expect(both == OTLPMetricsEncoder.encode([groups[0]], at: 5) + OTLPMetricsEncoder.encode([groups[1]], at: 5))
    }

    private func text(_ string: String) -> [UInt8] { Array(string.utf8) }
    private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(content.count)] + content }
    private func little(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}
