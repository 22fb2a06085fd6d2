import TelemetryModel

/// The exemplars of one series in a range.
public struct SeriesExemplars: Sendable, Equatable {
    /// The series.
    public var labels: Labels
    /// By rising time; those of one time by value, then labels. Not empty.
    public var exemplars: [Exemplar]

    /// Puts a series and its exemplars together.
    public init(labels: Labels, exemplars: [Exemplar]) {
        self.labels = labels
        self.exemplars = exemplars
    }
}

/// Answers questions about exemplars. Calls block and may come from several threads at once.
///
/// A store keeps a bounded number of exemplars a series and altogether: the oldest go first. One that is in the store to the
/// bit is a duplicate. One that is older than the newest of its series by more than the window for late samples is refused;
/// so are times before 1970 or too far in the future, and labels of more than ``Exemplar/labelCharacterLimit`` characters.
public protocol ExemplarReader: Sendable {
    /// The exemplars in a closed range of milliseconds since 1970, of every series for which all matchers of at least one
    /// selector hold, in the order of ``Labels``. At most `limit` exemplars; what is beyond is left out from the end.
    func exemplars(_ selectors: [[LabelMatcher]], from: Int64, through: Int64, limit: Int) throws -> [SeriesExemplars]
}
