import TelemetryModel

/// What Jaeger's list of search results shows of a trace.
public struct JaegerTraceSummary: Sendable, Equatable {
    /// The spans of one service.
    public struct Service: Sendable, Equatable {
        /// `service.name`.
        public var name: String
        /// How many spans.
        public var spanCount = 0
        /// How many of them failed.
        public var errorCount = 0
    }

    /// The trace.
    public var traceID = TraceID(high: 0, low: 0)
    /// The service of the earliest span without a parent; "" when there is none.
    public var rootServiceName = ""
    /// The name of the earliest span without a parent; "" when there is none.
    public var rootOperationName = ""
    /// The earliest start, nanoseconds since 1970.
    public var start: UInt64 = .max
    /// The latest end, nanoseconds since 1970.
    public var end: UInt64 = 0
    /// How many spans.
    public var spanCount = 0
    /// How many of them failed.
    public var errorCount = 0
    /// How many have a parent that is not in the trace.
    public var orphanCount = 0
    /// The services by name.
    public var services: [Service] = []

    /// Sums up the spans of one trace; ids that a Zipkin client and its server share are told apart first.
    public init(_ batch: SpanBatch) {
        let identities = JaegerIdentities(batch)
        let known = Set(batch.rows.map(identities.spanID))
        var services: [SymbolTable.Symbol: Service] = [:]
        var rootStart: UInt64?
        for row in batch.rows {
            traceID = row.traceID
            let name = batch.resources[Int(row.resource)].serviceName
            let failed = row.status == .error ? 1 : 0
            services[name, default: Service(name: batch.symbols.string(name))].spanCount += 1
            services[name]?.errorCount += failed
            spanCount += 1
            errorCount += failed
            start = min(start, row.start)
            end = max(end, row.end)
            let parent = identities.parentSpanID(row)
            if parent.isZero {
                if row.start < rootStart ?? .max {
                    rootStart = row.start
                    rootServiceName = batch.symbols.string(name)
                    rootOperationName = batch.symbols.string(row.name)
                }
            } else if !known.contains(parent) {
                orphanCount += 1
            }
        }
        self.services = services.values.sorted { $0.name < $1.name }
    }
}
