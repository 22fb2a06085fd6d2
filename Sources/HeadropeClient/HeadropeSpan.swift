import Synchronization
import Tracing
internal import TelemetryModel

/// A span of ``HeadropeTracer``. It is sent some time after ``end(at:)``; a span that never ends is never sent.
public final class HeadropeSpan: Tracing.Span {
    /// The context for whatever this span calls.
    public let context: InstrumentationContext

    private let own: SpanContext
    private let parent: SpanContext?
    private let kind: Tracing.SpanKind
    private let start: UInt64
    private let limits: SpanLimits
    private let queue: SpanQueue
    private let recording: Mutex<SpanRecording>

    init(
        name: String, own: SpanContext, parent: SpanContext?, context: InstrumentationContext, kind: Tracing.SpanKind,
        start: UInt64, limits: SpanLimits, queue: SpanQueue
    ) {
        self.own = own
        self.parent = parent
        self.context = context
        self.kind = kind
        self.start = start
        self.limits = limits
        self.queue = queue
        recording = Mutex(SpanRecording(name: name))
    }

    /// The id of the trace, 32 hexadecimal digits: what a log line or an answer should name.
    public var traceID: String { own.traceID.description }

    /// The id of the span, 16 hexadecimal digits.
    public var spanID: String { own.spanID.description }

    /// Whether what is said to the span is kept: it is sampled and has not ended.
    public var isRecording: Bool { own.isSampled && recording.withLock { !$0.isEnded } }

    /// The name of the operation.
    public var operationName: String {
        get { recording.withLock { $0.name } }
        set { record { $0.name = newValue } }
    }

    /// The attributes; those beyond the limit are dropped when the span is sent.
    public var attributes: SpanAttributes {
        get { recording.withLock { $0.attributes } }
        set { record { $0.attributes = newValue } }
    }

    /// Says how the operation ended. As OpenTelemetry has it, `ok` is final.
    public func setStatus(_ status: Tracing.SpanStatus) {
        record { recording in
            if recording.status?.code != .ok { recording.status = status }
        }
    }

    /// Adds something that happened.
    public func addEvent(_ event: Tracing.SpanEvent) {
        record { [limits] recording in
            if recording.events.count < limits.eventCount {
                recording.events.append(event)
            } else {
                recording.droppedEventCount &+= 1
            }
        }
    }

    /// Adds a pointer to another span.
    public func addLink(_ link: Tracing.SpanLink) {
        record { [limits] recording in
            if recording.links.count < limits.linkCount {
                recording.links.append(link)
            } else {
                recording.droppedLinkCount &+= 1
            }
        }
    }

    /// Adds an `exception` event as OpenTelemetry's conventions have it.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard own.isSampled else { return }
        var details: SpanAttributes = [
            "exception.type": .string(String(describing: type(of: error))), "exception.message": .string("\(error)"),
        ]
        details.merge(attributes)
        addEvent(Tracing.SpanEvent(name: "exception", at: instant(), attributes: details))
    }

    /// Ends the span and hands it to the exporter; the second call does nothing. Never waits for the network.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard own.isSampled else { return }
        let end = instant().nanosecondsSinceEpoch
        let ended = recording.withLock { recording -> SpanRecording? in
            if recording.isEnded { return nil }
            recording.isEnded = true
            return recording
        }
        guard let ended else { return }
        queue.take(EndedSpan(context: own, parent: parent, kind: kind, start: start, end: end, recording: ended))
    }

    private func record(_ body: (inout SpanRecording) -> Void) {
        guard own.isSampled else { return }
        recording.withLock { recording in
            if !recording.isEnded { body(&recording) }
        }
    }
}
