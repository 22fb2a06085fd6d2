import Synchronization
import Tracing
internal import TelemetryModel

/// Who a span is: what stands in the context that it hands on. A class, as a context keeps references without a box.
class SpanNode: @unchecked Sendable {
    // @unchecked only because the class has a subclass: both hold nothing but constants and a Mutex.
    let own: SpanContext
    /// Whether it is a span, and not recorded.
    let endsRecording: Bool

    init(_ own: SpanContext) {
        self.own = own
        endsRecording = own.hasParent && !own.isSampled
    }
}

/// A span that is recorded: while it is open, and until it has been sent.
final class SpanRecord: SpanNode, @unchecked Sendable {
    let parent: SpanContext?
    let kind: Tracing.SpanKind
    /// Nanoseconds since 1970.
    let start: UInt64
    /// Where it goes when it has ended.
    let queue: SpanQueue
    let recording: Mutex<SpanRecording>

    init(name: String, own: SpanContext, parent: SpanContext?, kind: Tracing.SpanKind, start: UInt64, queue: SpanQueue) {
        self.parent = parent
        self.kind = kind
        self.start = start
        self.queue = queue
        recording = Mutex(SpanRecording(name: name))
        super.init(own)
    }

    /// Ends it at this time, in nanoseconds since 1970; false if it had ended before.
    func end(_ time: UInt64) -> Bool {
        recording.withLock { recording in
            if recording.isEnded { return false }
            recording.isEnded = true
            recording.end = time
            recording.byteCount = MemoryLayout<SpanRecording>.stride + 128 + recording.contentByteCount
            return true
        }
    }

    /// About how much memory it takes: what bounds the queue. Known once it has ended.
    var byteCount: Int { recording.withLock { $0.byteCount } }

    /// Takes the attributes out to change them.
    func takeAttributes() -> SpanAttributes {
        recording.withLock { recording in
            if recording.isEnded { return [:] }
            let attributes = recording.attributes
            recording.attributes = [:]
            return attributes
        }
    }

    /// Puts changed attributes in again; those that somebody else set meanwhile stay.
    func putBack(_ attributes: SpanAttributes) {
        recording.withLock { recording in
            if recording.isEnded { return }
            if recording.attributes.isEmpty {
                recording.attributes = attributes
            } else {
                var merged = attributes
                merged.merge(recording.attributes)
                recording.attributes = merged
            }
        }
    }
}
