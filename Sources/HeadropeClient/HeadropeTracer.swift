internal import Platform
internal import TelemetryModel
import Tracing

/// A swift-distributed-tracing backend that sends spans by OTLP to Headrope, or to anything else that takes OTLP over HTTP.
///
/// Ending a span never waits for the network: it goes into a bounded queue, and a task of the tracer sends batches. A dead
/// or slow server costs the memory of that queue and nothing else; ``statistics`` says what was lost.
public final class HeadropeTracer: Tracer {
    /// The spans that it makes.
    public typealias Span = HeadropeSpan

    let configuration: Configuration
    let exporter: SpanExporter
    private let identifiers = IdentifierSource()

    /// Starts a tracer. Throws when the authority file of the configuration cannot be used.
    public convenience init(_ configuration: Configuration) throws { try self.init(configuration, time: SystemTime()) }

    init(_ configuration: Configuration, time: any TimeSource) throws {
        self.configuration = configuration
        exporter = try SpanExporter(configuration, time: time)
        exporter.start()
    }

    /// Starts a tracer and makes it the one that the whole process uses. May be called once.
    @discardableResult
    public static func bootstrap(_ configuration: Configuration) throws -> HeadropeTracer {
        let tracer = try HeadropeTracer(configuration)
        InstrumentationSystem.bootstrap(tracer)
        return tracer
    }

    /// What became of the spans so far.
    public var statistics: ExportStatistics { exporter.statistics }

    /// Starts a span as the child of the one in `context`, or as the root of a new trace.
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: Tracing.SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> HeadropeSpan {
        let base = context()
        let sampler = configuration.sampler
        if sampler.isOff { return HeadropeSpan(in: base, record: nil) }
        let node = base.node
        // Below a span that is not recorded nothing is, and its ids are as good as others.
        if let node, sampler.followsParent, node.endsRecording { return HeadropeSpan(in: base, record: nil) }
        let caller = node?.own
        let parent = caller.flatMap { $0.hasParent ? $0 : nil }
        let traceID = parent?.traceID ?? identifiers.nextTraceID()
        let own = SpanContext(
            traceID: traceID, spanID: identifiers.nextSpanID(), isSampled: sampler.samples(traceID, parent: caller),
            traceState: parent?.traceState ?? "")
        guard own.isSampled else {
            var context = base
            context.span = own
            return HeadropeSpan(in: context, record: nil)
        }
        let record = SpanRecord(
            operationName, own: own, parent: parent, kind: kind, start: instant().nanosecondsSinceEpoch, queue: exporter.queue)
        return HeadropeSpan(in: base, record: record)
    }

    /// Takes the caller's span out of the fields of a request: W3C Trace Context, else B3.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let caller = TraceHeaders.extract({ extractor.extract(key: $0, from: carrier) }) { context.span = caller }
    }

    /// Puts the current span into the fields of a request: those of ``Configuration/propagation``.
    public func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.span else { return }
        for field in TraceHeaders.fields(span, configuration.propagation) {
            injector.inject(field.value, forKey: field.name, into: &carrier)
        }
    }

    /// Asks for everything that has ended to be sent soon; does not wait.
    public func forceFlush() { exporter.requestFlush() }

    /// Sends everything that has ended so far; false when that did not succeed within `timeout`.
    @discardableResult
    public func flush(timeout: Duration = .seconds(5)) async -> Bool { await exporter.flush(timeout: timeout) }

    /// Flushes and stops. What could not be sent within `timeout` is given up and counted; spans that end later are dropped.
    public func shutdown(timeout: Duration = .seconds(5)) async { await exporter.shutdown(timeout: timeout) }
}
