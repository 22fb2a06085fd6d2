import Foundation

/// How many seeds the tests of faults try.
enum FaultScale {
    /// `HEADROPE_FAULT_SCALE`: so many times as many seeds as usual.
    static let factor = max(1, Int(ProcessInfo.processInfo.environment["HEADROPE_FAULT_SCALE"] ?? "") ?? 1)

    /// `HEADROPE_FAULT_SEED`: the first seed; seeds count up from there.
    static let firstSeed = UInt64(ProcessInfo.processInfo.environment["HEADROPE_FAULT_SEED"] ?? "") ?? 0

    /// `HEADROPE_FAULT_SERVER`: the server to be ended in place of the one that was built with the tests.
    static let server = ProcessInfo.processInfo.environment["HEADROPE_FAULT_SERVER"]

    /// The seeds of a test that usually tries `count`.
    static func seeds(_ count: Int) -> Range<UInt64> { firstSeed..<(firstSeed + UInt64(count * factor)) }
}
