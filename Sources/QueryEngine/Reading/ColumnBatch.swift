/// Columns that were made ahead of their turn, with what making them cost.
struct ColumnBatch: Sendable {
    /// What was read, and how long that took.
    var reading = QueryProfile.Cost()
    /// What was made of it.
    var making = QueryProfile.Cost()
    var sampleCounts: StepSampleCounts
    private let stepCount: Int
    /// The labels of the columns, one behind the other.
    private var labels: [UInt8] = []
    private var labelEnds: [Int] = []
    private var values: [Double] = []

    init(stepCount: Int, _ sampleCounts: StepSampleCounts) {
        self.stepCount = stepCount
        self.sampleCounts = sampleCounts
    }

    mutating func append(_ column: ColumnView) {
        labels.append(contentsOf: column.labelBytes)
        labelEnds.append(labels.count)
        values.append(contentsOf: column.values)
    }

    /// Calls `body` with each column.
    func forEach(_ body: (ColumnView) throws -> Void) rethrows {
        try labels.withUnsafeBytes { labels in
            try values.withUnsafeBufferPointer { values in
                var start = 0
                for (index, end) in labelEnds.enumerated() {
                    try body(
                        ColumnView(
                            labelBytes: UnsafeRawBufferPointer(rebasing: labels[start..<end]),
                            values: UnsafeBufferPointer(rebasing: values[(index * stepCount)..<((index + 1) * stepCount)])))
                    start = end
                }
            }
        }
    }
}
