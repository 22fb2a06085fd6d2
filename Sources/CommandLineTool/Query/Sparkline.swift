/// A series as one line of blocks.
enum Sparkline {
    private static let blocks = Array("▁▂▃▄▅▆▇█")

    /// At most `width` characters, each the mean of equally many values; a blank where there is none.
    static func draw(_ values: [Double?], width: Int) -> String {
        guard !values.isEmpty, width > 0 else { return "" }
        let count = min(width, values.count)
        let means = (0..<count).map { index in
            mean(values[(index * values.count / count)..<((index + 1) * values.count / count)])
        }
        let known = means.compactMap { $0 }
        guard let least = known.min(), let most = known.max() else { return String(repeating: " ", count: count) }
        return String(
            means.map { mean -> Character in
                guard let mean else { return " " }
                // A level series lies in the middle; the difference of huge values may be infinite.
                let share = (mean / 2 - least / 2) / (most / 2 - least / 2)
                let place = share.isFinite ? min(max(share, 0), 1) : 0.5
                return blocks[min(blocks.count - 1, max(0, Int(place * Double(blocks.count))))]
            })
    }

    private static func mean(_ values: ArraySlice<Double?>) -> Double? {
        let finite = values.compactMap { $0 }.filter(\.isFinite)
        return finite.isEmpty ? nil : finite.reduce(0) { $0 + $1 / Double(finite.count) }
    }
}
