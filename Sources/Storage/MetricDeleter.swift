/// Deletes samples for ever. Calls block.
public protocol MetricDeleter: Sendable {
    /// Deletes the samples of the matching series in the range that were written before the call.
    ///
    /// When it returns, no reader sees them any more, and they stay away over restarts and losses of power. They are as if
    /// they had never been written: a late sample at such a time is stored, increments go on from the newest sample that is
    /// left, and so does the out-of-order window. What is written after the call is kept.
    func delete(_ query: SeriesQuery) throws

    /// Takes what was deleted off the disk at once instead of with the next merges; returns when done.
    func purgeDeleted() throws
}
