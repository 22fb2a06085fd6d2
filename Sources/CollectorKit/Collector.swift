/// One source of metrics: the host itself, or a program that runs on it.
///
/// The scheduler calls ``collect(at:)`` once per interval and never again before the last call has ended.
public protocol Collector: Sendable {
    /// What the configuration and the agent's own metrics call it.
    var name: String { get }
    /// How far the runs are apart, in nanoseconds.
    var intervalNanoseconds: UInt64 { get }
    /// Everything that can be seen now; `time` is the time of all points, nanoseconds since 1970.
    ///
    /// An empty answer means that the source is not present on this host, which is no error. What is thrown is counted,
    /// logged and tried again at the next interval; its description must be a sentence.
    func collect(at time: UInt64) async throws -> [ResourceMetrics]
}

/// Why a run of a collector brought nothing, beyond what the collector itself throws.
public enum CollectorError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The run took longer than it may.
    case timedOut(collector: String, milliseconds: UInt64)
    /// An earlier run has not ended, so no other was started.
    case stillRunning(collector: String)
    /// The agent is stopping.
    case stopped(collector: String)
    /// The source answered something that its format does not allow.
    case malformed(source: String, reason: String)
    /// The source could not be read.
    case unreadable(source: String, reason: String)

    /// The sentence.
    public var description: String {
        switch self {
        case .timedOut(let name, let limit): "The collector \(name) took longer than \(limit) ms and was given up for this time."
        case .stillRunning(let name): "The collector \(name) is still busy with an earlier run; this one was left out."
        case .stopped(let name): "The collector \(name) was stopped with the agent."
        case .malformed(let source, let reason): "\(source) cannot be understood: \(reason)."
        case .unreadable(let source, let reason): "\(source) cannot be read: \(reason)."
        }
    }
}

/// Some parts of a source answered and some did not: what there is, and what went wrong.
public struct PartialCollection: Error, CustomStringConvertible {
    /// What was found.
    public var groups: [ResourceMetrics]
    /// What went wrong; at least one.
    public var failures: [any Error]

    /// Puts both together.
    public init(groups: [ResourceMetrics], failures: [any Error]) {
        self.groups = groups
        self.failures = failures
    }

    /// The sentences of all failures.
    public var description: String { failures.map { "\($0)" }.joined(separator: " ") }
}
