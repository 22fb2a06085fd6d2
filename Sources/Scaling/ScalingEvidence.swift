/// What is known about a service at the moment of a decision. What is not known is nil, never zero.
public struct ScalingEvidence: Sendable, Equatable {
    /// A statement that takes the service's time.
    public struct Statement: Codable, Sendable, Equatable {
        /// The statement without its literals.
        public var fingerprint: String
        /// The database system.
        public var system: String
        /// The database's host as the service names it, or "".
        public var host: String
        /// The share of the entry operations' time that it takes, 0...1.
        public var share: Double
        /// Its 95th percentile, seconds.
        public var p95Seconds: Double
        /// Its 95th percentile in the window before, seconds.
        public var baselineP95Seconds: Double?
        /// Traces that show it.
        public var traceIDs: [String]
    }

    /// Another service that this one waits for.
    public struct Downstream: Codable, Sendable, Equatable {
        /// The service.
        public var service: String
        /// The share of the critical path that is spent there, 0...1.
        public var share: Double
    }

    /// Requests in the window.
    public var requests: UInt64 = 0
    /// Requests in the window before.
    public var baselineRequests: UInt64 = 0
    /// The 95th percentile of the entry operations, seconds.
    public var p95Seconds: Double?
    /// The same in the window before.
    public var baselineP95Seconds: Double?
    /// Failed requests.
    public var errors: UInt64 = 0
    /// Instances seen in the window.
    public var instances = 0
    /// The busiest of the instances' hosts: share of its CPU in use, 0...1.
    public var cpuUtilization: Double?
    /// The name of that host.
    public var busiestHost: String?
    /// The share of that host's time in which some work waited for CPU, 0...1.
    public var cpuPressure: Double?
    /// The share of the entry operations' critical path that is the service's own work, 0...1.
    public var selfShare: Double?
    /// Statements by falling share of the time.
    public var statements: [Statement] = []
    /// Services waited for, by falling share.
    public var downstream: [Downstream] = []
    /// Traces that show the slowest requests.
    public var traceIDs: [String] = []

    /// Nothing known.
    public init() {}

    /// The share of the entry operations' time that all statements take together, at most 1.
    public var databaseShare: Double { min(1, statements.reduce(0) { $0 + $1.share }) }
}
