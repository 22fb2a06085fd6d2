import Foundation
import Testing

@testable import Reporting

@Suite("Axes")
struct AxisTests {
    private func labels(_ values: [Double]) -> [String] {
        let axis = ValueAxis(values, tickCount: 4)
        return axis.ticks.map(axis.text)
    }

    @Test(
        "values get round labels that can be told apart",
        arguments: [
            ([0, 7.2], ["0", "2", "4", "6", "8"]), ([5], ["0", "2", "4", "6"]), ([-1, 1], ["-1.0", "-0.5", "0", "0.5", "1.0"]),
            ([1_000_000, 1_000_004], ["1000000", "1000001", "1000002", "1000003", "1000004"]),
            ([0, 2_500_000], ["0", "1M", "2M", "3M"]), ([0, 4e-6], ["0", "0.000001", "0.000002", "0.000003", "0.000004"]),
            ([], ["0", "0.5", "1.0"]),
            ([.nan, .infinity], ["0", "0.5", "1.0"]), ([0, 0], ["0", "0.5", "1.0"]), ([-8, -4], ["-8", "-6", "-4", "-2", "0"]),
        ] as [([Double], [String])])
    func values(values: [Double], expected: [String]) { #expect(labels(values) == expected) }

    @Test("any doubles have an axis that holds them", arguments: [UInt64(7)])
    func anyValues(seed: UInt64) {
        var state = seed
        for round in 0..<2_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let a = Double(bitPattern: state)
            let b = Double(bitPattern: state.byteSwapped &* 31)
            let axis = ValueAxis([a, b], tickCount: 1 + round % 9)
            #expect(axis.low < axis.high && axis.ticks.count >= 2 && axis.ticks.count <= 1_001, "\(a) \(b)")
            #expect([a, b].allSatisfy { (0...1).contains(axis.share($0)) || $0.isNaN }, "\(a) \(b)")
            #expect(axis.ticks.allSatisfy { !axis.text($0).isEmpty })
        }
    }

    private func clock(_ from: Int64, _ to: Int64, hours: Int = 0) -> [String] {
        let axis = ClockAxis(from: from, to: to, tickCount: 6, zone: TimeZone(secondsFromGMT: hours * 3_600) ?? .current)
        return axis.ticks.map(axis.text)
    }

    @Test("times get round labels in the clock of the zone")
    func times() {
        let nine: Int64 = 1_795_251_600_000
        #expect(clock(nine, nine + 3_600_000) == ["09:00", "09:15", "09:30", "09:45", "10:00"])
        #expect(clock(nine + 1, nine + 3_600_000).first == "09:10")
        #expect(clock(nine, nine + 86_400_000 * 7, hours: 2) == ["11-23", "11-25", "11-27"])
        #expect(clock(nine, nine + 86_400_000 * 2).first == "11-21 12:00")
        #expect(clock(nine, nine + 2_000).last == "09:00:02.000")
        #expect(clock(nine, nine).count <= 2)
        #expect(clock(-5_000, 5_000).contains("00:00:00"))
        #expect(clock(0, 1 << 53).count <= 7)
    }
}
