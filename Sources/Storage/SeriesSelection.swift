/// The series of a query, chosen and not read yet. It may be kept for the length of a query and read by several threads.
public protocol SeriesSelection: Sendable {
    /// About how many series there are.
    var seriesEstimate: Int { get }
    /// About how many samples have to be read for them.
    var sampleEstimate: Int { get }
    /// The same series as at most so many selections, of about the same size and one behind the other in the order of labels.
    func parts(_ count: Int) throws -> [any SeriesSelection]
    /// Reads the series, as ``MetricReader/scan(_:_:)`` does.
    func scan(_ body: (SeriesView) throws -> Void) throws
}

/// A selection of which nothing is known before it is read.
struct UnknownSelection<Reader: MetricReader>: SeriesSelection {
    let reader: Reader
    let query: SeriesQuery

    var seriesEstimate: Int { 0 }
    var sampleEstimate: Int { 0 }
    func parts(_ count: Int) -> [any SeriesSelection] { [self] }
    func scan(_ body: (SeriesView) throws -> Void) throws { try reader.scan(query, body) }
}

extension MetricReader {
    /// A selection that cannot be divided.
    public func select(_ query: SeriesQuery) throws -> any SeriesSelection { UnknownSelection(reader: self, query: query) }
}
