import Testing

@testable import Server

@Suite("Points of Prometheus's JSON")
struct PointTextTests {
    @Test(
        "have seconds with three decimals or none",
        arguments: [
            (0, "[0,\"1\"]"), (999, "[0.999,\"1\"]"), (1_000, "[1,\"1\"]"), (1_767_323_045_500, "[1767323045.500,\"1\"]"),
            (-1_050, "[-1.050,\"1\"]"), (.max, "[9223372036854775.807,\"1\"]"), (.min, "[-9223372036854775.808,\"1\"]"),
            (1_000_000_000_000_000_007, "[1000000000000000.007,\"1\"]"),
        ] as [(Int64, String)])
    func times(milliseconds: Int64, text: String) {
        #expect(Self.text(milliseconds, 1) == text)
    }

    @Test(
        "the longest ones fit",
        arguments: [
            (-Double.leastNonzeroMagnitude, "-5e-324"), (-1.2345678901234567e-6, "-0.0000012345678901234567"),
            (-1.2345678901234568e20, "-123456789012345680000"), (-1.7976931348623157e308, "-1.7976931348623157e+308"),
        ])
    func longest(value: Double, text: String) {
        #expect(Self.text(.min, value) == "[-9223372036854775.808,\"\(text)\"]")
    }

    private static func text(_ milliseconds: Int64, _ value: Double) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: PointText.capacity) { room in
            String(decoding: room[..<PointText.write(milliseconds, value, to: room)], as: UTF8.self)
        }
    }
}
