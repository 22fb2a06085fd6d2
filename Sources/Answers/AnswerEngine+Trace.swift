import Storage
import TelemetryModel
import TraceAnalysis

extension AnswerEngine {
    /// One trace. Throws ``AnswerError`` of kind `notFound` when there is none with this id.
    public func trace(_ id: TraceID) throws -> TraceAnswer {
        guard let batch = try traces.traces([id]).first, !batch.isEmpty else {
            throw AnswerError(.notFound, "There is no trace \(id).", at: "id")
        }
        var answer = TraceWriter(batch).answer(id)
        answer.samplingProbability = try traces.samplingProbability(of: id)
        return answer
    }
}

/// Writes one trace down.
private struct TraceWriter {
    private let batch: SpanBatch
    private let tree: TraceTree
    private let timing: TraceTiming
    private let selfTimes: [UInt64]
    private let criticalTimes: [UInt64]
    private let path: CriticalPath?
    /// Whether nobody waits for the node, or for something above it.
    private let isAsynchronous: [Bool]
    /// Corrected beginning and end of the trace, from the base of the timing.
    private let begin: Int64
    private let end: Int64

    init(_ batch: SpanBatch) {
        self.batch = batch
        tree = TraceTree(batch)
        timing = TraceTiming(batch, tree)
        selfTimes = timing.selfTimes(tree)
        path = tree.mainRoot.map { [tree, timing] in CriticalPath(tree, timing, root: $0) }
        criticalTimes = path?.times(nodeCount: tree.count) ?? []
        var isAsynchronous = timing.isAsynchronous
        for node in tree.order where tree.parents[Int(node)] >= 0 {
            if isAsynchronous[Int(tree.parents[Int(node)])] { isAsynchronous[Int(node)] = true }
        }
        self.isAsynchronous = isAsynchronous
        begin = timing.starts.min() ?? 0
        end = timing.ends.max() ?? 0
    }

    private func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1e9 }

    func answer(_ id: TraceID) -> TraceAnswer {
        let services = Set(batch.resources.indices.map { batch.symbols.string(batch.resources[$0].serviceName) })
        let missing = Set(tree.rows.indices.filter { tree.isParentMissing[$0] }.map { batch.rows[tree.rows[$0]].parentSpanID })
        return TraceAnswer(
            range: AnswerRange(
                from: RFC3339.text(nanoseconds: timing.base &+ UInt64(bitPattern: begin)),
                to: RFC3339.text(nanoseconds: timing.base &+ UInt64(bitPattern: end))),
            complete: missing.isEmpty, computedFrom: .spans, traceID: id.description, durationSeconds: seconds(end &- begin),
            services: services.sorted(), errors: batch.rows.count { $0.status == .error },
            missingParents: missing.sorted().map(\.description), spans: tree.order.map { span(Int($0)) },
            criticalPath: path?.segments.map(segment) ?? [])
    }

    private func segment(_ segment: CriticalPath.Segment) -> CriticalSegment {
        CriticalSegment(
            spanID: batch.rows[tree.rows[segment.node]].spanID.description, fromSeconds: seconds(segment.from &- begin),
            toSeconds: seconds(segment.to &- begin))
    }

    private func span(_ node: Int) -> TraceSpan {
        let row = batch.rows[tree.rows[node]]
        let resource = batch.resource(Int(row.resource))
        let instance = resource.attributes[SemanticConventions.serviceInstanceID]?.text
        let host = resource.attributes[SemanticConventions.hostName] ?? resource.attributes[SemanticConventions.hostID]
        return TraceSpan(
            spanID: row.spanID.description, parentSpanID: row.parentSpanID.isZero ? nil : row.parentSpanID.description,
            depth: Int(tree.depths[node]), service: resource.serviceName, operation: batch.symbols.string(row.name),
            kind: row.kind.name, status: String(describing: row.status), statusMessage: batch.symbols.string(row.statusMessage),
            start: RFC3339.text(nanoseconds: row.start), end: RFC3339.text(nanoseconds: row.end), startNanoseconds: row.start,
            clockOffsetSeconds: seconds(timing.offsets[node]), offsetSeconds: seconds(timing.starts[node] &- begin),
            durationSeconds: Tally.seconds(row.duration), selfSeconds: Tally.seconds(selfTimes[node]),
            criticalSeconds: Tally.seconds(criticalTimes[node]), onCriticalPath: criticalTimes[node] > 0,
            asynchronous: isAsynchronous[node], missingParent: tree.isParentMissing[node],
            instance: instance ?? resource.attributes[SemanticConventions.containerID]?.text ?? "", host: host?.text ?? "",
            attributes: attributes(row.attributes), events: row.events.indices.map { event($0, node) },
            links: row.links.indices.map { index in
                TraceLink(traceID: batch.links[index].traceID.description, spanID: batch.links[index].spanID.description)
            })
    }

    private func attributes(_ range: RowRange) -> [TraceAttribute] {
        batch.attributeList(range).map { TraceAttribute(key: $0.key, value: $0.value.text) }
    }

    private func event(_ index: Int, _ node: Int) -> TraceEvent {
        let event = batch.events[index]
        let start = batch.rows[tree.rows[node]].start
        // The difference is taken in whole numbers: doubles of nanoseconds since 1970 are off by some hundred nanoseconds.
        let sinceStart = event.time >= start ? Tally.seconds(event.time - start) : -Tally.seconds(start - event.time)
        return TraceEvent(
            name: batch.symbols.string(event.name), offsetSeconds: seconds(timing.starts[node] &- begin) + sinceStart,
            attributes: attributes(event.attributes))
    }
}
