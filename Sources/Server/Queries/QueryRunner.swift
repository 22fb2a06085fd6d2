import Platform
import QueryEngine
import Storage

/// Runs queries on threads of their own, no more at once than the configuration allows.
struct QueryRunner: Sendable {
    /// What they read.
    let reader: any MetricReader
    /// What evaluates them.
    let engine: PromQLEngine
    /// Who may run.
    let admission: QueryAdmission
    /// What became of them.
    let counters = QueryCounters()

    private let pool: BlockingPool
    private let heavyQueries = HeavyQueries()
    private let lightSamples: Int
    private let time: any TimeSource

    /// A runner over an open store; `workers` are the threads that heavy queries share.
    init(
        _ configuration: ServerConfiguration.Queries, reader: any MetricReader, workers: QueryWorkers? = nil,
        time: any TimeSource
    ) {
        self.reader = reader
        engine = PromQLEngine(
            reader: reader, limits: QueryLimits(configuration), workers: workers, time: time,
            features: configuration.features)
        admission = QueryAdmission(
            light: configuration.maxConcurrency - configuration.maxHeavy, heavy: configuration.maxHeavy,
            waitingLimit: configuration.maxQueued, time: time)
        // Beside the queries themselves the threads give memory back.
        pool = BlockingPool(
            name: "query", threadCount: configuration.maxConcurrency, queueLimit: 2 * configuration.maxConcurrency)
        lightSamples = min(configuration.lightSamples, configuration.maxSamples)
        self.time = time
    }

    /// What blocks: evaluates within the limits of its context and makes an answer.
    typealias Work<Result> = @Sendable (PromQLEngine, QueryContext) throws -> Result

    /// Evaluates a query, within its time, unless the client goes away. `change` sets limits of its own.
    func evaluate<Result: Sendable>(
        _ key: QueryKey, measuring measures: QueryMeasures = [], _ change: (inout QueryLimits) -> Void = { _ in },
        work: @escaping Work<Result>
    ) async throws -> Result {
        try await counted(change) { limits, deadline in
            let place = try await firstPlace(key, deadline)
            var sparing = limits
            sparing.samples = min(limits.samples, lightSamples)
            if place == .light, sparing != limits {
                do {
                    return try await run(in: .light, context(sparing, deadline, measures), work)
                } catch let error as QueryError where error.kind == .tooManySamples {
                    heavyQueries.note(key, isHeavy: true)
                }
                _ = try await enter([.heavy], deadline)
            }
            return try await runHeavily(key, in: sparing == limits ? place : .heavy, context(limits, deadline, measures), work)
        }
    }

    /// A heavy place while one is free, else a light one; for what was heavy lately a heavy one.
    private func firstPlace(_ key: QueryKey, _ deadline: UInt64) async throws -> QueryAdmission.Place {
        let place = try await enter(heavyQueries.contains(key) ? [.heavy] : [.heavy, .light], deadline)
        // Others may have shown it while this one waited.
        guard place == .light, heavyQueries.contains(key) else { return place }
        admission.leave(place)
        return try await enter([.heavy], deadline)
    }

    private func runHeavily<Result: Sendable>(
        _ key: QueryKey, in place: QueryAdmission.Place, _ context: QueryContext, _ work: @escaping Work<Result>
    ) async throws -> Result {
        defer {
            heavyQueries.note(key, isHeavy: context.sampleCount > lightSamples)
            // The allocator would keep the memory for the next query as large as this one.
            if context.sampleCount > Self.largeSampleCount { try? pool.submit { ProcessMemory.giveBack() } }
        }
        return try await run(in: place, context, work)
    }

    /// After a query of more samples memory is given back to the system.
    private static let largeSampleCount = 5_000_000

    /// Looks something up that needs no evaluation, and checks its context between the parts of the work.
    func lookUp<Result: Sendable>(_ work: @escaping @Sendable (QueryContext) throws -> Result) async throws -> Result {
        try await counted { limits, deadline in
            let place = try await enter([.light], deadline)
            return try await run(in: place, context(limits, deadline, [])) { _, context in try work(context) }
        }
    }

    private func counted<Result: Sendable>(
        _ change: (inout QueryLimits) -> Void = { _ in }, _ body: @escaping @Sendable (QueryLimits, UInt64) async throws -> Result
    ) async throws -> Result {
        var limits = engine.limits
        change(&limits)
        let deadline = time.monotonic().addingReportingOverflow(limits.nanoseconds)
        do {
            let result = try await ClientConnection.whileConnected { [limits] in
                try await body(limits, deadline.overflow ? .max : deadline.partialValue)
            }
            counters.count(nil)
            return result
        } catch {
            counters.count(error)
            throw error
        }
    }

    private func enter(_ places: [QueryAdmission.Place], _ deadline: UInt64) async throws -> QueryAdmission.Place {
        try await admission.enter(places, waitingAtMost: remaining(deadline))
    }

    private func remaining(_ deadline: UInt64) -> UInt64 {
        let now = time.monotonic()
        return deadline > now ? deadline - now : 0
    }

    private func context(_ limits: QueryLimits, _ deadline: UInt64, _ measures: QueryMeasures) -> QueryContext {
        engine.context(measuring: measures) {
            $0 = limits
            $0.nanoseconds = remaining(deadline)
        }
    }

    /// Runs in a place that was entered, and leaves it.
    private func run<Result: Sendable>(
        in place: QueryAdmission.Place, _ context: QueryContext, _ work: @escaping Work<Result>
    ) async throws -> Result {
        defer { admission.leave(place) }
        return try await withTaskCancellationHandler {
            try await pool.run { [engine] in
                try context.check()
                return try work(engine, context)
            }
        } onCancel: {
            context.cancel()
        }
    }
}

extension QueryLimits {
    /// The limits that the configuration sets.
    init(_ configuration: ServerConfiguration.Queries) {
        self.init()
        samples = configuration.maxSamples
        series = configuration.maxSeries
        steps = configuration.maxSteps
        nanoseconds = UInt64(configuration.timeout) &* 1_000_000
        lookback = configuration.lookbackDelta
    }
}
