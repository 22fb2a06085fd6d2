import Platform
import TelemetryModel
import Testing

@testable import TraceAnalysis

@Suite("TraceTree")
struct TraceTreeTests {
    @Test("parents come before children, children by start")
    func order() {
        var trace = TraceBuilder()
        trace.span(3, parent: 1, from: 50, to: 60)
        trace.span(1, from: 0, to: 100)
        trace.span(2, parent: 1, from: 10, to: 20)
        trace.span(4, parent: 2, from: 12, to: 15)
        let tree = TraceTree(trace.batch)
        #expect(tree.order.map { trace.batch.rows[tree.rows[Int($0)]].spanID.value } == [1, 2, 4, 3])
        #expect(tree.order.map { tree.depths[Int($0)] } == [0, 1, 2, 1])
        #expect(tree.roots.count == 1)
    }

    @Test("a parent that is not there is flagged, and its child becomes a root that is not the main one")
    func missingParent() {
        var trace = TraceBuilder()
        trace.span(5, parent: 99, from: 0, to: 10)
        trace.span(6, parent: 0, from: 5, to: 10)
        let tree = TraceTree(trace.batch)
        #expect(tree.isParentMissing == [true, false])
        #expect(tree.mainRoot == 1)
    }

    @Test("parent ids that go round in circles end at the earliest span of the circle")
    func circles() {
        var trace = TraceBuilder()
        trace.span(1, parent: 3, from: 0, to: 10)
        trace.span(2, parent: 1, from: 1, to: 10)
        trace.span(3, parent: 2, from: 2, to: 10)
        trace.span(4, parent: 3, from: 3, to: 10)
        trace.span(5, parent: 5, from: 4, to: 10)
        let tree = TraceTree(trace.batch)
        #expect(TraceBuilder.parents(tree, trace.batch) == [1: 0, 2: 1, 3: 2, 4: 3, 5: 0])
        #expect(tree.order.count == 5)
    }

    @Test("the server's half of a shared id is the child of the client's half and the parent of what the server did")
    func sharedSides() {
        var trace = TraceBuilder()
        trace.span(1, from: 0, to: 100)
        trace.span(2, parent: 1, "shop", "get", .client, from: 10, to: 90)
        trace.span(2, parent: 1, "stock", "get", .server, from: 20, to: 80, side: .sharedServer)
        trace.span(3, parent: 2, "stock", "select", .client, from: 30, to: 40)
        let tree = TraceTree(trace.batch)
        #expect(tree.parents == [-1, 0, 1, 2])
    }

    @Test("of two spans with one identity the first is the parent")
    func duplicates() {
        var trace = TraceBuilder()
        trace.span(1, from: 0, to: 100)
        trace.span(1, from: 5, to: 100)
        trace.span(2, parent: 1, from: 10, to: 20)
        let tree = TraceTree(trace.batch)
        #expect(tree.parents == [-1, -1, 0])
    }

    @Test("100,000 spans in one line of callers make a tree, times and a critical path")
    func deep() {
        var batch = SpanBatch()
        let resource = batch.appendResource(Resource(attributes: [Attribute("service.name", "deep")]))
        let scope = batch.appendScope(InstrumentationScope())
        let name = batch.symbols.intern("step")
        let count: UInt64 = 100_000
        for id in 1...count {
            var row = SpanRow()
            row.traceID = TraceID(high: 0, low: 7)
            row.spanID = SpanID(id)
            row.parentSpanID = SpanID(id - 1)
            row.start = id
            row.end = 3 * count - id
            row.name = name
            row.resource = resource
            row.scope = scope
            batch.rows.append(row)
        }
        let table = RollupBuilder.rollup(batch)
        #expect(table.operations.values.map(\.calls) == [count])
        let node = table.nodes.values.first
        #expect(node?.criticalNanoseconds == 3 * count - 2)
        #expect(node?.selfNanoseconds == 3 * count - 2)
    }

    @Test("whatever the ids are, every span is in the order once and behind its parent", arguments: [1, 2, 3, 4] as [UInt64])
    func anyIDs(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            var trace = TraceBuilder()
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                trace.span(
                    UInt64.random(in: 1...20, using: &random), parent: UInt64.random(in: 0...24, using: &random),
                    from: UInt64.random(in: 0...50, using: &random), to: UInt64.random(in: 0...99, using: &random),
                    side: Bool.random(using: &random) ? .own : .sharedServer)
            }
            let tree = TraceTree(trace.batch)
            #expect(tree.order.sorted() == (0..<Int32(tree.count)).map { $0 }, "seed \(seed)")
            var seen = [Bool](repeating: false, count: tree.count)
            for node in tree.order {
                let parent = tree.parents[Int(node)]
                #expect(parent < 0 || seen[Int(parent)], "seed \(seed)")
                seen[Int(node)] = true
            }
            let timing = TraceTiming(trace.batch, tree)
            for root in tree.roots {
                let path = CriticalPath(tree, timing, root: Int(root))
                let length = timing.ends[Int(root)] - timing.starts[Int(root)]
                #expect(path.segments.reduce(0) { $0 + $1.to - $1.from } == length, "seed \(seed)")
            }
            for (node, time) in timing.selfTimes(tree).enumerated() {
                #expect(time <= trace.batch.rows[tree.rows[node]].duration, "seed \(seed)")
            }
        }
    }
}
