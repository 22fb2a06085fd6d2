import Synchronization
import Tracing
internal import TelemetryModel

/// A span that is recorded, while it is open. At its end what it holds is copied to the queue, so that its memory is freed by
/// the thread that made it: memory that another thread had in between costs more than the copy.
///
/// `@unchecked Sendable` because ``attributes`` belong to whoever made ``State/attributesOut`` true, and what the span ended
/// with to whoever made ``State/ended`` true; these changes are atomic and order the plain reads and writes between them.
final class SpanRecord: SpanNode, @unchecked Sendable {
    private enum State {
        /// Somebody changes the attributes.
        static let attributesOut: UInt8 = 1
        /// It has ended, and takes nothing more.
        static let ended: UInt8 = 2
        /// Who changes the attributes at the end hands the span over afterwards.
        static let handOver: UInt8 = 4
        /// There is something in ``details``.
        static let hasDetails: UInt8 = 8
        /// There are attributes in ``details``.
        static let hasLateAttributes: UInt8 = 16
    }

    /// No attributes, and room for six: growing one by one costs more than setting them. Setting the first copies the room.
    private static let attributeRoom = SpanAttributes(Dictionary(minimumCapacity: 6))

    let parentID: SpanID
    let parentIsRemote: Bool
    let kind: Tracing.SpanKind
    /// Nanoseconds since 1970.
    let start: UInt64
    /// Nanoseconds since 1970, once it has ended.
    private(set) var end: UInt64 = 0
    /// In the hands of whoever was told so by ``takeAttributes()``.
    @exclusivity(unchecked) var attributes = SpanAttributes()
    private let queue: SpanQueue
    private let startName: String
    private let state = Atomic<UInt8>(0)
    private let details = Mutex<SpanDetails?>(nil)

    init(
        _ name: String, own: SpanContext, parent: SpanContext?, kind: Tracing.SpanKind, start: UInt64, queue: SpanQueue
    ) {
        startName = name
        parentID = parent?.spanID ?? SpanID(0)
        parentIsRemote = parent?.isRemote ?? false
        self.kind = kind
        self.start = start
        self.queue = queue
        super.init(own)
    }

    /// How much one span may hold.
    var limits: SpanLimits { queue.spanLimits }

    var hasEnded: Bool { state.load(ordering: .relaxed) & State.ended != 0 }

    /// Ends it at this time, in nanoseconds since 1970, and hands it over to its queue; the second call does nothing.
    func end(_ time: UInt64) {
        var before = state.bitwiseOr(State.ended, ordering: .acquiringAndReleasing).oldValue
        if before & State.ended != 0 { return }
        end = time
        if before & State.attributesOut != 0 {
            before = state.bitwiseOr(State.handOver, ordering: .acquiringAndReleasing).oldValue
            if before & State.attributesOut != 0 { return }
        }
        queue.take(self)
    }
}

// MARK: - Attributes

extension SpanRecord {
    /// Takes the attributes out to change them; false when somebody else does that just now, or the span has ended.
    func takeAttributes() -> Bool {
        var seen = state.load(ordering: .relaxed)
        while seen & (State.attributesOut | State.ended) == 0 {
            let change = state.weakCompareExchange(
                expected: seen, desired: seen | State.attributesOut, successOrdering: .acquiring, failureOrdering: .relaxed)
            if change.exchanged {
                if seen & State.hasLateAttributes != 0 { mergeLateAttributes() }
                return true
            }
            seen = change.original
        }
        return false
    }

    /// Gives them back, by whoever took them out.
    func returnAttributes() {
        let before = state.bitwiseAnd(~State.attributesOut, ordering: .acquiringAndReleasing).oldValue
        if before & State.handOver != 0 { queue.take(self) }
    }

    /// Makes room for the first attributes, by whoever took them out.
    func makeRoomForAttributes() {
        if attributes.isEmpty { attributes = Self.attributeRoom }
    }

    /// Keeps attributes that were set while somebody else had the others; they win over those.
    func addLateAttributes(_ late: SpanAttributes) {
        if !late.isEmpty { change(State.hasLateAttributes) { $0.lateAttributes.merge(late) } }
    }

    private func mergeLateAttributes() {
        details.withLock { details in
            guard let details else { return }
            attributes.merge(details.lateAttributes)
            details.lateAttributes = [:]
            state.bitwiseAnd(~State.hasLateAttributes, ordering: .relaxed)
        }
    }

    /// The attributes without those that somebody changes just now.
    var visibleAttributes: SpanAttributes {
        if takeAttributes() {
            defer { returnAttributes() }
            return attributes
        }
        return state.load(ordering: .acquiring) & (State.ended | State.attributesOut) == State.ended ? finalAttributes : [:]
    }

    /// The attributes once the span has ended and nobody changes them any more.
    var finalAttributes: SpanAttributes {
        if state.load(ordering: .relaxed) & State.hasLateAttributes == 0 { return attributes }
        return details.withLock { details in
            var all = attributes
            if let details { all.merge(details.lateAttributes) }
            return all
        }
    }
}

// MARK: - Details

extension SpanRecord {
    /// The name of the operation, as it is now.
    var name: String {
        if state.load(ordering: .relaxed) & State.hasDetails == 0 { return startName }
        return details.withLock { $0?.name } ?? startName
    }

    /// Changes what few spans have, unless the span has ended.
    func changeDetails(_ body: (SpanDetails) -> Void) { change(State.hasDetails, body) }

    private func change(_ what: UInt8, _ body: (SpanDetails) -> Void) {
        details.withLock { details in
            if state.bitwiseOr(what, ordering: .relaxed).oldValue & State.ended != 0 { return }
            let changed = details ?? SpanDetails()
            details = changed
            body(changed)
        }
    }

    /// What few spans have, once the span has ended and nobody changes it any more; nil when this one has none of it.
    var finalDetails: SpanDetails? {
        state.load(ordering: .relaxed) & State.hasDetails == 0 ? nil : details.withLock { $0 }
    }
}
