internal import Platform
import Synchronization
internal import TelemetryModel
import Tracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where ``FastSpan``s are recorded: slots made beforehand, in shards, so that threads seldom meet.
final class FastSpanPool: Sendable {
    /// A slot that belongs to one span.
    struct Place {
        var shard: FastSpanShard
        var slot: UInt32
    }

    private static let shardCount = 8
    private let shards: [FastSpanShard]
    private let drains = Mutex(())

    /// Makes room for about `limit` spans; `wake` is called when a part of it has been used.
    init(limit: Int, wake: @escaping @Sendable () -> Void) {
        let size = max(64, min(limit, 1 << 24) / Self.shardCount)
        shards = (0..<Self.shardCount).map { _ in FastSpanShard(size: size, wake: wake) }
    }

    /// How many spans found no slot.
    var droppedCount: Int { shards.reduce(0) { $0 + $1.droppedCount } }

    func nextTraceID() -> TraceID { shard.identifiers.nextTraceID() }

    /// The shard of this thread. Threads are told apart by where their descriptors lie, page by page.
    private var shard: FastSpanShard {
        #if canImport(Glibc)
            let thread = UInt64(pthread_self()) >> 12
        #else
            let thread = UInt64(UInt(bitPattern: pthread_self())) >> 12
        #endif
        return shards[Int(truncatingIfNeeded: (thread &* 0x9E37_79B9_7F4A_7C15) >> 61)]
    }

    func start(
        _ name: StaticString, _ kind: Tracing.SpanKind, isSampled: Bool, traceHigh: UInt64, traceLow: UInt64, parent: UInt64,
        parentIsRemote: Bool
    ) -> FastSpan {
        let shard = shard
        let id = shard.identifiers.nextSpanID().value
        var place: Place?
        if isSampled, let slot = shard.claim() {
            shard.begin(
                slot,
                .init(
                    traceHigh: traceHigh, traceLow: traceLow, spanID: id, parentID: parent, start: Self.now, name: name, kind: kind,
                    parentIsRemote: parentIsRemote))
            place = Place(shard: shard, slot: slot)
        }
        return FastSpan(place, isSampled: isSampled, traceHigh: traceHigh, traceLow: traceLow, spanID: id, pool: self)
    }

    /// Nanoseconds since 1970, as ``SystemTime`` has them, without a call through a protocol.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
    }

    /// Takes out every span that has ended.
    func drain(into queue: SpanQueue) {
        drains.withLock { _ in
            for shard in shards { shard.drain(into: queue) }
        }
    }
}

/// A part of the slots.
///
/// A slot is free, open or ended. Who makes a free one open owns it until it makes it ended; the drain owns ended ones until
/// it makes them free. These changes are atomic and order the plain writes in between, so no two threads touch a slot at once:
/// that is why the class is `@unchecked Sendable` and its memory unsafe. The memory lives as long as the shard, which every
/// open span holds.
final class FastSpanShard: @unchecked Sendable {
    /// The value of an annotation.
    enum Value {
        case int(Int64)
        case double(Double)
        case bool(Bool)
        case text(StaticString)
    }

    struct Annotation {
        var key: StaticString
        var value: Value
    }

    struct Slot {
        var traceHigh: UInt64
        var traceLow: UInt64
        var spanID: UInt64
        var parentID: UInt64
        /// Nanoseconds since 1970.
        var start: UInt64
        var end: UInt64 = 0
        var name: StaticString
        var kind: Tracing.SpanKind
        var parentIsRemote: Bool
        var failed = false
        var annotationCount: UInt8 = 0
        var droppedCount: UInt32 = 0
    }

    private enum State {
        static let free: UInt8 = 0
        static let open: UInt8 = 1
        static let ended: UInt8 = 2
    }

    let identifiers = IdentifierSource()
    private let next = Atomic<UInt32>(0)
    private let dropped = Atomic<Int>(0)
    private let mask: UInt32
    private let wakeMask: UInt32
    private let wake: @Sendable () -> Void
    private let states: UnsafeMutablePointer<Atomic<UInt8>>
    private let slots: UnsafeMutablePointer<Slot>
    private let annotations: UnsafeMutablePointer<Annotation>

    /// `size` is rounded up to a power of two. Memory of slots that were never used is never touched.
    init(size: Int, wake: @escaping @Sendable () -> Void) {
        var count = 64
        while count < size { count *= 2 }
        mask = UInt32(count - 1)
        wakeMask = UInt32(count / 4 - 1)
        self.wake = wake
        states = .allocate(capacity: count)
        for index in 0..<count { (states + index).initialize(to: Atomic(State.free)) }
        slots = .allocate(capacity: count)
        annotations = .allocate(capacity: count * FastSpan.annotationLimit)
    }

    deinit {
        states.deinitialize(count: Int(mask) + 1)
        states.deallocate()
        slots.deallocate()
        annotations.deallocate()
    }

    var droppedCount: Int { dropped.load(ordering: .relaxed) }

    /// A free slot, now open; nil when the next one is not free.
    func claim() -> UInt32? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index & wakeMask == wakeMask { wake() }
        let slot = index & mask
        let change = states[Int(slot)].compareExchange(expected: State.free, desired: State.open, ordering: .acquiring)
        if change.exchanged { return slot }
        dropped.wrappingAdd(1, ordering: .relaxed)
        return nil
    }

    func begin(_ slot: UInt32, _ content: Slot) { (slots + Int(slot)).initialize(to: content) }

    func annotate(_ slot: UInt32, _ key: StaticString, _ value: Value) {
        let place = slots + Int(slot)
        let count = Int(place.pointee.annotationCount)
        guard count < FastSpan.annotationLimit else {
            place.pointee.droppedCount &+= 1
            return
        }
        (annotations + (Int(slot) &* FastSpan.annotationLimit &+ count)).initialize(to: Annotation(key: key, value: value))
        place.pointee.annotationCount = UInt8(truncatingIfNeeded: count &+ 1)
    }

    func fail(_ slot: UInt32) { slots[Int(slot)].failed = true }

    func end(_ slot: UInt32) {
        slots[Int(slot)].end = FastSpanPool.now
        states[Int(slot)].store(State.ended, ordering: .releasing)
    }

    /// Takes out every span that has ended. One thread at a time.
    func drain(into queue: SpanQueue) {
        for index in 0...Int(mask) where states[index].load(ordering: .acquiring) == State.ended {
            queue.take { append(index, to: &$0) }
            states[index].store(State.free, ordering: .releasing)
        }
    }

    private func append(_ index: Int, to spans: inout WaitingSpans) {
        let slot = slots[index]
        let trace = TraceID(high: slot.traceHigh, low: slot.traceLow)
        var details: SpanDetails?
        if slot.failed || slot.droppedCount > 0 {
            let own = SpanDetails()
            own.droppedAttributeCount = slot.droppedCount
            if slot.failed { own.status = Tracing.SpanStatus(code: .error) }
            details = own
        }
        let count = appendAttributes(index, Int(slot.annotationCount), to: &spans)
        spans.append(
            WaitingSpans.Entry(
                own: SpanContext(traceID: trace, spanID: SpanID(slot.spanID), isSampled: true), parentID: SpanID(slot.parentID),
                parentIsRemote: slot.parentIsRemote, kind: slot.kind, start: slot.start,
                // The clock may have been set back meanwhile.
                end: max(slot.start, slot.end), name: slot.name.description, attributeCount: count, details: details))
    }

    /// Adds the annotations of a slot, the last one of each key, and says how many these are.
    private func appendAttributes(_ index: Int, _ count: Int, to spans: inout WaitingSpans) -> Int {
        let own = UnsafeBufferPointer(start: annotations + index * FastSpan.annotationLimit, count: count)
        let keys = own.map(\.key.description)
        var kept = 0
        for place in 0..<count where !keys[(place + 1)...].contains(keys[place]) {
            let value: SpanAttribute =
                switch own[place].value {
                case .int(let number): .int64(number)
                case .double(let number): .double(number)
                case .bool(let flag): .bool(flag)
                case .text(let text): .string(text.description)
                }
            spans.append(keys[place], value)
            kept += 1
        }
        return kept
    }
}
