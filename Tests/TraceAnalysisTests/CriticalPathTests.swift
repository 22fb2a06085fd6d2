import Foundation
import TelemetryModel
import TestSupport
import Testing

@testable import TraceAnalysis

/// Traces of CRISP with the time on the critical path that it found for each operation.
@Suite("Critical paths of the shared traces", .enabled(if: SharedData.isAvailable))
struct CriticalPathConformanceTests {
    private struct File: Decodable {
        struct Process: Decodable { var serviceName: String }
        struct Reference: Decodable { var spanID: String }
        struct Span: Decodable {
            var spanID: String
            var operationName: String
            var startTime: UInt64
            var duration: UInt64
            var processID: String
            var references: [Reference]
        }
        struct Trace: Decodable {
            var processes: [String: Process]
            var spans: [Span]
        }
        enum Expected: Decodable {
            case times([String: UInt64])
            init(from decoder: any Decoder) throws {
                if var list = try? decoder.unkeyedContainer() {
                    self = .times(try list.decode([String: UInt64].self))
                } else {
                    struct Named: Decodable { var opTimeExclusive: [String: UInt64] }
                    self = .times(try Named(from: decoder).opTimeExclusive)
                }
            }
        }
        var data: [Trace]
        var testing: Expected
    }

    private func batch(_ trace: File.Trace) -> SpanBatch {
        var ids: [String: UInt64] = [:]
        for span in trace.spans { ids[span.spanID] = UInt64(ids.count + 1) }
        var builder = TraceBuilder()
        for span in trace.spans {
            // A unit of the file is a microsecond.
            builder.span(
                ids[span.spanID] ?? 0, parent: span.references.first.flatMap { ids[$0.spanID] } ?? 0,
                trace.processes[span.processID]?.serviceName ?? "", span.operationName, from: span.startTime * 1000,
                to: (span.startTime + span.duration) * 1000)
        }
        return builder.batch
    }

    @Test("operations have the time that CRISP gives them, within one part in a hundred of the root", arguments: 1...12)
    func times(number: Int) throws {
        let bytes = try SharedData.read("conformance/critical-path/\(number).json")
        let file = try JSONDecoder().decode(File.self, from: Data(bytes))
        let batch = batch(try #require(file.data.first))
        let tree = TraceTree(batch)
        let root = try #require(tree.mainRoot)
        let timing = TraceTiming(batch, tree)
        let path = CriticalPath(tree, timing, root: root)
        let length = timing.ends[root] - timing.starts[root]
        var times: [String: Int64] = [:]
        for segment in path.segments {
            let row = tree.rows[segment.node]
            times["[\(batch.serviceName(row))] \(batch.name(row))", default: 0] += segment.to - segment.from
        }
        #expect(times.values.reduce(0, +) == length)
        guard case .times(let expected) = file.testing else { return }
        #expect(Set(times.keys).isSubset(of: expected.keys))
        for (name, microseconds) in expected {
            #expect(abs(times[name, default: 0] - Int64(microseconds) * 1000) <= length / 100, "\(name)")
        }
        for (earlier, later) in zip(path.segments, path.segments.dropFirst()) { #expect(earlier.to == later.from) }
    }
}

@Suite("Critical path and self time")
struct CriticalPathTests {
    private func times(_ trace: TraceBuilder) -> [UInt64: UInt64] {
        let times = SpanTimes(trace.batch)
        return Dictionary(uniqueKeysWithValues: zip(trace.batch.rows.map(\.spanID.value), times.criticalNanoseconds))
    }

    @Test("of children that run at once, the one that ends last is waited for")
    func parallel() {
        var trace = TraceBuilder()
        trace.span(1, from: 0, to: 100)
        trace.span(2, parent: 1, from: 10, to: 60)
        trace.span(3, parent: 1, from: 10, to: 90)
        #expect(times(trace) == [1: 20, 2: 0, 3: 80])
    }

    @Test("nobody waits for a consumer")
    func asynchronous() {
        var trace = TraceBuilder()
        trace.span(1, from: 0, to: 100)
        trace.span(2, parent: 1, "shop", "send", .producer, from: 10, to: 20)
        trace.span(3, parent: 2, "mail", "receive", .consumer, from: 15, to: 300)
        #expect(times(trace) == [1: 90, 2: 10, 3: 0])
        #expect(SpanTimes(trace.batch).selfNanoseconds == [90, 10, 285])
    }

    @Test("time in which several children run counts once against the parent's own")
    func selfTime() {
        var trace = TraceBuilder()
        trace.span(1, from: 0, to: 100)
        trace.span(2, parent: 1, from: 10, to: 50)
        trace.span(3, parent: 1, from: 30, to: 60)
        trace.span(4, parent: 1, from: 90, to: 200)
        #expect(SpanTimes(trace.batch).selfNanoseconds == [40, 40, 30, 110])
    }
}

@Suite("Clock skew")
struct ClockSkewTests {
    private func host(_ name: String) -> [Attribute] { [Attribute("host.name", name)] }

    @Test("a server whose clock is wrong is moved into its client's span, and everything on its host with it")
    func moved() {
        var trace = TraceBuilder()
        trace.span(1, "a", "out", .client, from: 1000, to: 1100, resource: host("one"))
        trace.span(2, parent: 1, "b", "in", .server, from: 5000, to: 5060, resource: host("two"))
        trace.span(3, parent: 2, "b", "work", from: 5010, to: 5030, resource: host("two"))
        let tree = TraceTree(trace.batch)
        let timing = TraceTiming(trace.batch, tree)
        #expect(timing.offsets == [0, -3980, -3980])
        #expect(timing.starts == [0, 20, 30])
    }

    @Test("several calls narrow the difference further than one")
    func narrowed() {
        var trace = TraceBuilder()
        trace.span(1, "a", "job", from: 0, to: 1000, resource: host("one"))
        trace.span(2, parent: 1, "a", "out", .client, from: 100, to: 300, resource: host("one"))
        trace.span(3, parent: 2, "b", "in", .server, from: 1100, to: 1110, resource: host("two"))
        trace.span(4, parent: 1, "a", "out", .client, from: 400, to: 440, resource: host("one"))
        trace.span(5, parent: 4, "b", "in", .server, from: 1410, to: 1440, resource: host("two"))
        let timing = TraceTiming(trace.batch, TraceTree(trace.batch))
        // The second call allows -1010 to -1000, the first -1000 to -810.
        #expect(timing.offsets == [0, 0, 0, -1000, -1000])
    }

    @Test("clocks that agree, contradictions, one host and asynchronous calls are left alone")
    func leftAlone() {
        var trace = TraceBuilder()
        trace.span(1, "a", "out", .client, from: 0, to: 100, resource: host("one"))
        trace.span(2, parent: 1, "b", "in", .server, from: 10, to: 90, resource: host("two"))
        trace.span(3, parent: 1, "c", "in", .server, from: 500, to: 520, resource: host("one"))
        trace.span(4, parent: 2, "d", "late", .consumer, from: 900, to: 910, resource: host("three"))
        #expect(TraceTiming(trace.batch, TraceTree(trace.batch)).offsets == [0, 0, 0, 0])
    }

    @Test("times at the ends of the range of 64 bits do not overflow")
    func extremes() {
        var trace = TraceBuilder()
        trace.span(1, "a", "out", .client, from: 0, to: .max, resource: host("one"))
        trace.span(2, parent: 1, "b", "in", .server, from: .max, to: 0, resource: host("two"))
        trace.span(3, parent: 2, "c", "in", .server, from: .max - 1, to: .max, resource: host("three"))
        let times = SpanTimes(trace.batch)
        #expect(times.selfNanoseconds.count == 3)
        #expect(RollupBuilder.rollup(trace.batch).operations.count == 3)
    }
}
