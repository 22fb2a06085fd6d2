/// A line of a chart.
public struct ChartSeries: Sendable, Equatable {
    /// The labels by which the line is told from others.
    public var labels: [String: String]
    /// Points by rising time: milliseconds since 1970 and value.
    public var points: [(time: Int64, value: Double)]

    /// Describes a line.
    public init(labels: [String: String], points: [(time: Int64, value: Double)]) {
        self.labels = labels
        self.points = points
    }

    /// Equal when labels and points are.
    public static func == (a: ChartSeries, b: ChartSeries) -> Bool {
        a.labels == b.labels && a.points.elementsEqual(b.points) { $0 == $1 }
    }
}
