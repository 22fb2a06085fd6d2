import Synchronization

/// The signals of telemetry.
public enum TelemetrySignal: String, Sendable, Hashable, CaseIterable {
    /// Spans.
    case traces
    /// Samples and data points.
    case metrics
    /// Log records.
    case logs
}

/// The protocols by which telemetry comes in.
public enum TelemetryProtocol: String, Sendable, Hashable, CaseIterable {
    /// OTLP/HTTP.
    case otlp
    /// Zipkin v2.
    case zipkin
    /// Prometheus remote write.
    case remoteWrite = "remote_write"
}

/// What came in since the start, by signal, protocol and reason, for `/metrics`.
public final class IngestCounters: Sendable {
    /// What a count is about.
    public struct Key: Hashable, Sendable {
        /// The signal.
        public var signal: TelemetrySignal
        /// The protocol.
        public var wireProtocol: TelemetryProtocol
        /// Why something was refused; "" for what was accepted.
        public var reason: String

        /// Names a count.
        public init(signal: TelemetrySignal, wireProtocol: TelemetryProtocol, reason: String) {
            self.signal = signal
            self.wireProtocol = wireProtocol
            self.reason = reason
        }
    }

    /// All counts at one moment.
    public struct Snapshot: Sendable, Equatable {
        /// Items (spans, samples, data points, log records) accepted, and refused by reason.
        public var items: [Key: Int] = [:]
        /// Requests taken, and refused as a whole by the kind of ``IngestError``.
        public var requests: [Key: Int] = [:]
        /// Items of the accepted whose identity was known with other content.
        public var conflicts: [Key: Int] = [:]
        /// Exemplars accepted, and refused by reason.
        public var exemplars: [Key: Int] = [:]
        /// Entries of metadata accepted, and refused by reason.
        public var metadata: [Key: Int] = [:]
        /// Bytes of the bodies taken, as they came over the wire.
        public var receivedByteCount = 0
        /// Bytes of the bodies that are being worked on.
        public var inFlightByteCount = 0
    }

    private let state = Mutex(Snapshot())

    /// Nothing counted.
    public init() {}

    /// All counts now.
    public var snapshot: Snapshot { state.withLock { $0 } }

    func count(_ outcome: IngestOutcome, _ signal: TelemetrySignal, _ wireProtocol: TelemetryProtocol) {
        let accepted = Key(signal: signal, wireProtocol: wireProtocol, reason: "")
        state.withLock { state in
            state.requests[accepted, default: 0] += 1
            state.items[accepted, default: 0] += outcome.accepted
            if outcome.conflicts > 0 { state.conflicts[accepted, default: 0] += outcome.conflicts }
            Self.add(outcome.refusals, accepted, to: &state.items)
            Self.add(outcome.exemplars, accepted, to: &state.exemplars)
            Self.add(outcome.metadata, accepted, to: &state.metadata)
        }
    }

    private static func add(_ side: IngestSide, _ accepted: Key, to counts: inout [Key: Int]) {
        if side.accepted > 0 { counts[accepted, default: 0] += side.accepted }
        add(side.refusals, accepted, to: &counts)
    }

    private static func add(_ refusals: IngestRefusals, _ accepted: Key, to counts: inout [Key: Int]) {
        for entry in refusals.entries {
            var key = accepted
            key.reason = entry.reason
            counts[key, default: 0] += entry.count
        }
    }

    func count(_ error: IngestError, _ signal: TelemetrySignal, _ wireProtocol: TelemetryProtocol) {
        let key = Key(signal: signal, wireProtocol: wireProtocol, reason: error.kind.rawValue)
        state.withLock { $0.requests[key, default: 0] += 1 }
    }

    func received(byteCount: Int) { state.withLock { $0.receivedByteCount += byteCount } }

    /// Takes bytes into account unless that would pass `limit`; says whether it did.
    func reserve(_ byteCount: Int, limit: Int) -> Bool {
        state.withLock { state in
            if state.inFlightByteCount + byteCount > limit { return false }
            state.inFlightByteCount += byteCount
            return true
        }
    }

    func release(_ byteCount: Int) { state.withLock { $0.inFlightByteCount -= byteCount } }
}
