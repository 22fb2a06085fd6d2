import TelemetryModel
import TraceAnalysis
import Testing

@Suite("Call chain and cycles")
struct CallChainTests {
    @Test("spans with the same way from the entry point count as one node")
    func aggregated() {
        var chain = CallChain(service: "gateway", operation: "GET /")
        for number in UInt64(1)...2 {
            var trace = TraceBuilder()
            trace.trace = TraceID(high: 0, low: number)
            trace.span(1, "gateway", "GET /", .server, from: 0, to: 100 * number)
            for id in 2...(number + 2) {
                trace.span(id, parent: 1, "orders", "list", .server, from: id * 10, to: id * 10 + 5, status: .error)
            }
            trace.span(9, parent: 2, "mail", "send", .consumer, from: 12, to: 500)
            chain.add(trace.batch, startingIn: 0...1000)
        }
        #expect(chain.requestCount == 2)
        #expect(chain.nodes.map(\.operation) == ["GET /", "list", "send"])
        #expect(chain.nodes.map(\.calls) == [2, 5, 2])
        #expect(chain.nodes.map(\.errors) == [0, 5, 0])
        #expect(chain.nodes.map(\.criticalNanoseconds) == [275, 25, 0])
        #expect(chain.nodes.map(\.isAsynchronous) == [false, false, true])
        #expect(chain.slowest.map(\.nanoseconds) == [200, 100])
        #expect(!chain.isCut)
    }

    @Test("an entry point that is called again below itself is one request")
    func recursive() {
        var trace = TraceBuilder()
        trace.span(1, "a", "f", .server, from: 0, to: 100)
        trace.span(2, parent: 1, "a", "f", .server, from: 10, to: 20)
        var chain = CallChain(service: "a", operation: "f")
        chain.add(trace.batch, startingIn: 0...10)
        #expect(chain.requestCount == 1)
        #expect(chain.nodes.map(\.calls) == [1, 1])
        chain.add(trace.batch, startingIn: 50...60)
        #expect(chain.requestCount == 1)
    }

    @Test("what is too deep to be written is left out and said so")
    func deep() {
        var trace = TraceBuilder()
        for id in UInt64(1)...300 { trace.span(id, parent: id - 1, "a", "f\(id)", from: id, to: 1000 - id) }
        var chain = CallChain(service: "a", operation: "f1")
        chain.add(trace.batch, startingIn: 0...10)
        #expect(chain.nodes.count == CallChain.depthLimit + 1)
        #expect(chain.isCut)
    }

    @Test("a cycle is proved by the shortest way round; calling oneself is none")
    func cycles() {
        let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("b", "a"), ("c", "d"), ("d", "d"), ("e", "f"), ("f", "e")]
        let cycles = DependencyCycles.cycles(edges.map { (caller: $0.0, callee: $0.1) })
        #expect(cycles.map(\.members) == [["a", "b", "c"], ["e", "f"]])
        #expect(cycles.map(\.path) == [["a", "b", "a"], ["e", "f", "e"]])
    }
}
