import Foundation

/// An axis of time with round times on it, for charts in pages and in terminals.
public struct ClockAxis: Sendable {
    /// Where it begins, milliseconds since 1970.
    public let from: Int64
    /// Where it ends, milliseconds since 1970; at least one behind ``from``.
    public let to: Int64
    /// The times that are labelled, milliseconds since 1970.
    public let ticks: [Int64]
    private let step: Int64
    private let calendar: Calendar

    private static let steps: [Int64] =
        [1, 2, 5, 10, 20, 50, 100, 200, 500]
        + [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200].map { $0 * 1_000 }
        + [1, 2, 7, 14, 30, 90, 180, 365].map { $0 * 86_400_000 }

    /// An axis with at most `tickCount` labels, in the clock of a zone.
    public init(from: Int64, to: Int64, tickCount: Int, zone: TimeZone) {
        self.from = from
        self.to = max(to, from + 1)
        let length = self.to - from
        let most = Int64(max(1, tickCount))
        var step = Self.steps.first { length / $0 < most } ?? 365 * 86_400_000
        while length / step >= most { step *= 2 }
        self.step = step
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        self.calendar = calendar
        let shift = Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(from) / 1_000))) * 1_000
        let rest = (from + shift) % step
        let first = from + (rest == 0 ? 0 : rest > 0 ? step - rest : -rest)
        ticks = Array(stride(from: first, through: self.to, by: Int64.Stride(step)))
    }

    /// Where a time lies: 0 at ``from``, 1 at ``to``.
    public func share(_ time: Int64) -> Double { min(max(Double(time - from) / Double(to - from), 0), 1) }

    /// The label of a tick, as short as the axis allows: `09:30`, `11-21 09:30`, `2026-11-21`.
    public func text(_ time: Int64) -> String {
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: (Double(time) / 1_000).rounded(.down))
        )
        let day = String(format: "%02d-%02d", parts.month ?? 0, parts.day ?? 0)
        if step >= 180 * 86_400_000 { return String(format: "%04d-", parts.year ?? 0) + day }
        if step >= 86_400_000 { return day }
        var clock = String(format: "%02d:%02d", parts.hour ?? 0, parts.minute ?? 0)
        if step < 60_000 { clock += String(format: ":%02d", parts.second ?? 0) }
        if step < 1_000 { clock += String(format: ".%03d", (time % 1_000 + 1_000) % 1_000) }
        return to - from > 86_400_000 ? "\(day) \(clock)" : clock
    }
}
