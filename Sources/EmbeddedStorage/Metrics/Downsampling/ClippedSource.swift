import TelemetryModel

/// Series of which only a part of time is used.
struct ClippedChoice: SeriesChoice {
    private var series: BlockChoice
    private let range: ClosedRange<Int64>
    /// So many milliseconds before what is asked for are given, too.
    private let reach: Int64
    /// So many bytes before the labels are those of the ``Aggregate``.
    private let prefixByteCount: Int

    init(_ series: BlockChoice, _ range: ClosedRange<Int64>, reach: Int64 = 0, prefixByteCount: Int = 0) {
        self.series = series
        self.range = range
        self.reach = reach
        self.prefixByteCount = prefixByteCount
    }

    var count: Int { series.count }

    func sampleEstimate(from: Int64, through: Int64) -> Int {
        series.sampleEstimate(from: max(from, range.lowerBound), through: min(through, range.upperBound))
    }

    func labelReader() -> (_ place: Int) throws -> [UInt8] {
        let labels = series.labelReader()
        return { Array(try labels($0).dropFirst(prefixByteCount)) }
    }

    func part(_ places: Range<Int>) -> ClippedChoice {
        var part = self
        part.series = series.part(places)
        return part
    }

    func open() throws -> any SeriesSource {
        ClippedSource(try series.open(), range, reach: reach, prefixByteCount: prefixByteCount)
    }
}

/// A source of which only a part of time is used, such as the last samples of buckets for times whose samples are gone.
final class ClippedSource: SeriesSource {
    private let source: any SeriesSource
    private let range: ClosedRange<Int64>
    /// So many milliseconds before what is asked for are given, too.
    private let reach: Int64
    /// So many bytes before the labels are those of the ``Aggregate``.
    private let prefixByteCount: Int
    private(set) var labelBytes: [UInt8] = []

    init(_ source: any SeriesSource, _ range: ClosedRange<Int64>, reach: Int64 = 0, prefixByteCount: Int = 0) {
        self.source = source
        self.range = range
        self.reach = reach
        self.prefixByteCount = prefixByteCount
        loadLabels()
    }

    var isAtEnd: Bool { source.isAtEnd }
    var hidesSamples: Bool { source.hidesSamples }

    func advance() throws -> Bool {
        if try !source.advance() { return false }
        loadLabels()
        return true
    }

    private func loadLabels() {
        labelBytes.removeAll(keepingCapacity: true)
        labelBytes.append(contentsOf: source.labelBytes.dropFirst(prefixByteCount))
    }

    func addSamples(to buffer: SampleBuffer, from: Int64, through: Int64) throws {
        guard let wanted = clip(from, through) else { return }
        try source.addSamples(to: buffer, from: wanted.lowerBound, through: wanted.upperBound)
    }

    func last(from: Int64, through: Int64, skippingMarkers: Bool) throws -> Sample? {
        guard let wanted = clip(from, through) else { return nil }
        return try source.last(from: wanted.lowerBound, through: wanted.upperBound, skippingMarkers: skippingMarkers)
    }

    func mayHaveSamples(from: Int64, through: Int64) throws -> Bool {
        guard let wanted = clip(from, through) else { return false }
        return try source.mayHaveSamples(from: wanted.lowerBound, through: wanted.upperBound)
    }

    private func clip(_ from: Int64, _ through: Int64) -> ClosedRange<Int64>? {
        let (start, overflow) = from.subtractingReportingOverflow(reach)
        let low = max(overflow ? .min : start, range.lowerBound)
        let high = min(through, range.upperBound)
        return low <= high ? low...high : nil
    }
}
