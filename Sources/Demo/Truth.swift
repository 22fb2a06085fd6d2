/// What the demo has done, counted where it was done and not from its spans: what a test compares the monitoring with.
public struct Truth: Codable, Sendable, Equatable {
    /// Requests of one kind that the load has sent.
    public struct Requests: Codable, Sendable, Equatable {
        /// Method and route at the gateway.
        public var route: String
        /// Requests answered.
        public var count: Int
        /// Those answered with 5xx.
        public var failed: Int
        /// Spans that these requests caused, in all services.
        public var spans: Int
    }

    /// Calls from one service to another.
    public struct Edge: Codable, Sendable, Equatable {
        /// The caller.
        public var from: String
        /// The service called.
        public var to: String
        /// `http` or `queue`.
        public var via: String
        /// How many calls.
        public var calls: Int
        /// Those answered with 4xx or 5xx, or not at all.
        public var errors: Int
    }

    /// Executions of one statement.
    public struct Statement: Codable, Sendable, Equatable {
        /// The service that executed it.
        public var service: String
        /// Its text.
        public var text: String
        /// How often.
        public var count: Int
    }

    /// Spans of one name.
    public struct Operation: Codable, Sendable, Equatable {
        /// The service.
        public var service: String
        /// The name of the spans.
        public var operation: String
        /// `server`, `client`, `producer` or `consumer`.
        public var kind: String
        /// How many spans.
        public var spans: Int
        /// Those with status error.
        public var errors: Int
    }

    /// What became of the spans.
    public struct Export: Codable, Sendable, Equatable {
        /// Spans that ended.
        public var ended: Int
        /// Spans that the target has accepted.
        public var exported: Int
        /// Spans that were dropped, given up or refused.
        public var lost: Int
    }

    /// Requests by route, in the order of the routes.
    public var requests: [Requests]
    /// Calls between services, sorted.
    public var edges: [Edge]
    /// Statements by service and text, sorted.
    public var statements: [Statement]
    /// Spans by service and name, sorted.
    public var operations: [Operation]
    /// What became of the spans of all services.
    public var export: Export
    /// Traces, which is requests that reached the gateway.
    public var traceCount: Int
    /// Requests not sent because too many were under way.
    public var shedCount: Int
    /// Requests that got no answer.
    public var unansweredCount: Int
    /// Pieces of work that have begun and not ended; the counts are final when it is 0 and the load is finished.
    public var openWork: Int
    /// Whether as many requests as asked for have been answered.
    public var isLoadFinished: Bool
}
