import Ingest

extension IngestCounters.Snapshot {
    /// Writes what came in, with the limits beside it.
    func write(to snapshot: inout MetricSnapshot, limits: IngestLimits) {
        let items = Self.sorted(items)
        snapshot.family("headrope_intake_accepted_total", .counter, "Items of telemetry that were stored or known already.")
        for (key, count) in items where key.reason.isEmpty { snapshot.sample(key.labels, Double(count)) }
        snapshot.family("headrope_intake_refused_total", .counter, "Items of telemetry that were not stored, by reason.")
        for (key, count) in items where !key.reason.isEmpty { snapshot.sample(key.labels, Double(count)) }
        snapshot.family("headrope_intake_conflicts_total", .counter, "Accepted items that were known with other content.")
        for (key, count) in Self.sorted(conflicts) { snapshot.sample(key.labels, Double(count)) }
        for (name, what, counts) in [("exemplars", "Exemplars", exemplars), ("metadata", "Entries of metadata", metadata)] {
            let counts = Self.sorted(counts)
            snapshot.family("headrope_intake_\(name)_accepted_total", .counter, "\(what) that were stored or known already.")
            for (key, count) in counts where key.reason.isEmpty { snapshot.sample(key.labels, Double(count)) }
            snapshot.family("headrope_intake_\(name)_refused_total", .counter, "\(what) that were not stored, by reason.")
            for (key, count) in counts where !key.reason.isEmpty { snapshot.sample(key.labels, Double(count)) }
        }
        snapshot.family("headrope_intake_requests_total", .counter, "Requests taken, and refused as a whole by reason.")
        for (key, count) in Self.sorted(requests) { snapshot.sample(key.labels, Double(count)) }
        snapshot.family("headrope_intake_received_bytes_total", .counter, "Bytes of bodies as they came over the wire.")
        snapshot.sample([], Double(receivedByteCount))
        snapshot.family("headrope_intake_in_flight_bytes", .gauge, "Bytes of bodies that are being worked on.")
        snapshot.sample([], Double(inFlightByteCount))
        snapshot.family("headrope_intake_in_flight_limit_bytes", .gauge, "More bytes than this are refused with 503.")
        snapshot.sample([], Double(limits.inFlightByteCount))
        snapshot.family("headrope_intake_body_limit_bytes", .gauge, "The most bytes of one body after decompression.")
        snapshot.sample([], Double(limits.bodyByteCount))
    }

    private static func sorted(_ counts: [IngestCounters.Key: Int]) -> [(key: IngestCounters.Key, value: Int)] {
        counts.sorted { $0.key.order < $1.key.order }
    }
}

extension IngestCounters.Key {
    fileprivate var order: String { "\(signal.rawValue) \(wireProtocol.rawValue) \(reason)" }

    fileprivate var labels: [(String, String)] {
        let labels = [("signal", signal.rawValue), ("protocol", wireProtocol.rawValue)]
        return reason.isEmpty ? labels : labels + [("reason", reason)]
    }
}
