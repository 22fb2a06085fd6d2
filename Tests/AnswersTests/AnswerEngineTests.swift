import Answers
import Foundation
import Platform
import TelemetryModel
import TestSupport
import Testing
import TraceAnalysis

@Suite("AnswerEngine")
struct AnswerEngineTests {
    private let shop: ShopStore
    private var engine: AnswerEngine { shop.engine }
    /// The shop's ten minutes.
    private let all = AnswerRequest(from: ShopStore.begin, to: ShopStore.begin + 600 * ShopStore.second)

    init() throws { shop = try ShopStore.shared.get() }

    @Test("services have their layer, calls, errors, versions and instances")
    func services() throws {
        let answer = try engine.services(all)
        let layers = Dictionary(uniqueKeysWithValues: answer.services.map { ($0.name, $0.layer) })
        #expect(layers == ["gateway": .entry, "mail": .service, "mysql:shop": .database, "orders": .service, "redis": .cache])
        let orders = try #require(answer.services.first { $0.name == "orders" })
        #expect(orders.calls == 600)
        #expect(orders.errors == 60)
        #expect(orders.operations == 4)
        #expect(orders.versions == ["1.2"])
        #expect(orders.instances == ["orders-1"])
        #expect(abs(orders.p95Seconds - 0.07) <= 0.0007)
        #expect(orders.lastSeen.hasPrefix("2026-11-21T09:09:59"))
        #expect(answer.range == AnswerRange(from: "2026-11-21T09:00:00Z", to: "2026-11-21T09:10:00Z"))
        #expect(answer.complete)
    }

    @Test("one service has its operations, callers, dependencies and minutes")
    func service() throws {
        let answer = try engine.service("orders", all)
        #expect(answer.operations.map(\.operation) == ["POST /orders", "INSERT shop", "GET", "mail send"])
        #expect(answer.operations.map(\.isEntry) == [true, false, false, false])
        #expect(answer.operations[0].statusClasses == ["2xx": 540, "5xx": 60])
        #expect(answer.callers.map(\.caller) == ["gateway"])
        #expect(answer.dependencies.map(\.callee) == ["mail", "mysql:shop", "redis"])
        #expect(answer.minutes.map(\.calls) == Array(repeating: 60, count: 10))
        #expect(throws: AnswerError.self) { try engine.service("nobody", all) }
    }

    @Test("a service's hosts come with what their agents measured, on one axis")
    func resources() throws {
        let answer = try engine.resources(service: "orders", all)
        #expect(answer.axis == TimeAxis(from: "2026-11-21T09:00:00Z", stepSeconds: 60, count: 10))
        let host = try #require(answer.hosts.first)
        #expect(host.host == "host-orders")
        #expect(host.instances == ["orders-1"])
        func values(_ resource: String, _ name: String) -> [Double?]? {
            host.series.first { $0.resource == resource && $0.name == name }?.values
        }
        #expect(values("cpu", "utilization")?.dropFirst().allSatisfy { abs(($0 ?? 0) - 0.5) < 1e-9 } == true)
        #expect(values("memory", "utilization") == Array(repeating: 0.25, count: 10))
        #expect(values("disk", "readBytesPerSecond")?[5] == 100)
        #expect(try engine.resources(service: "gateway", all).hosts.first?.series.isEmpty == true)
    }

    @Test("a call chain adds up calls, own time and critical share, and compares with the window before")
    func callChain() throws {
        let half = AnswerRequest(from: ShopStore.begin + 300 * ShopStore.second, to: ShopStore.begin + 600 * ShopStore.second)
        let answer = try engine.callChain(service: "gateway", operation: "POST /order", half)
        #expect(answer.requests == 300)
        #expect(answer.previousRequests == 300)
        let root = try #require(answer.root)
        #expect(root.callsPerRequest == 1)
        #expect(abs(root.criticalShare - 0.2) < 1e-9)
        let orders = try #require(root.children.first?.children.first)
        #expect(orders.operation == "POST /orders")
        let statement = try #require(orders.children.first { $0.operation == "INSERT shop" })
        #expect(abs(statement.callsPerRequest - 2.1) < 1e-9)
        #expect(statement.change?.callsPerRequest == 0)
        let mail = try #require(orders.children.first { $0.operation == "mail send" }?.children.first)
        #expect(mail.asynchronous)
        #expect(mail.criticalShare == 0)
        #expect(throws: AnswerError.self) { try engine.callChain(service: "gateway", operation: "GET /", half) }
    }

    @Test("latency has quantiles, a histogram and a heat map whose cells add up and name traces")
    func latency() throws {
        let answer = try engine.latency(service: "orders", operation: "POST /orders", all)
        #expect(answer.calls == 600)
        #expect(answer.quantiles.first == LatencyQuantile(quantile: 0, seconds: 0.07))
        #expect(answer.histogram.reduce(0) { $0 + $1.count } == 600)
        #expect(answer.histogram.allSatisfy { $0.fromSeconds <= 0.07 && $0.toSeconds > 0.07 })
        #expect(answer.heatMap.axis.count == 10)
        #expect(answer.heatMap.cells.map(\.count) == Array(repeating: 60, count: 10))
        #expect(answer.heatMap.cells.allSatisfy { $0.exemplarTraceID != nil })
        #expect(try engine.latency(service: "orders", operation: nil, all).calls == 600)
    }

    @Test("the top of operations, endpoints, services and statements")
    func top() throws {
        func rows(_ of: TopSubject, _ by: TopMeasure) throws -> [TopRow] { try engine.top(TopQuestion(of: of, by: by), all).rows }
        #expect(try rows(.operation, .calls).first?.key == ["service": "orders", "operation": "INSERT shop"])
        #expect(try rows(.operation, .calls).first?.calls == 1260)
        #expect(try rows(.endpoint, .total).map { $0.key["operation"] } == ["POST /order", "mail process", "POST /orders"])
        #expect(try rows(.service, .errors).map { $0.key["service"] } == ["gateway", "orders", "mail"])
        let statement = try #require(try rows(.statement, .total).first)
        #expect(statement.key == ["fingerprint": "INSERT INTO item VALUES (?, ?)", "system": "mysql"])
        #expect(statement.calls == 1260)
        #expect(statement.totalSeconds == 2.52)
        #expect(statement.exemplarTraceIDs.count == 5)
        let shares = try rows(.operation, .critical).compactMap(\.criticalShare)
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
        #expect(throws: AnswerError.self) { try rows(.statement, .critical) }
    }

    @Test("the top of hosts, clients and attributes is counted over the spans")
    func scanned() throws {
        func answer(_ of: TopSubject) throws -> TopAnswer { try engine.top(TopQuestion(of: of, by: .calls), all) }
        #expect(try answer(.host).rows.map { $0.key["host"] } == ["host-orders", "host-gateway", "host-mail"])
        #expect(try answer(.client).rows.map(\.calls) == [200, 200, 200])
        let systems = try answer(.attribute("db.system.name"))
        #expect(systems.rows.map { $0.key["db.system.name"] } == ["mysql", "redis"])
        #expect(systems.computedFrom == .spans)
        var limited = all
        limited.limit = 1
        let first = try engine.top(TopQuestion(of: .host, by: .calls), limited)
        #expect(first.rows.count == 1)
        #expect(!first.complete)
    }

    @Test("statements know their callers, their share of the endpoint's time, and who asks row by row")
    func statements() throws {
        let answer = try engine.statements(service: nil, all)
        let insert = try #require(answer.statements.first)
        #expect(insert.host == "db1")
        #expect(insert.nPlusOne)
        #expect(insert.maximumPerRequest == 12)
        let caller = try #require(insert.callers.first)
        #expect(caller.operation == "POST /orders")
        #expect(abs(caller.callsPerRequest - 2.1) < 1e-9)
        #expect(abs(caller.endpointShare - 2.52 / 42) < 1e-9)
        #expect(answer.statements.last?.nPlusOne == false)
        #expect(try engine.statements(service: "gateway", all).statements.isEmpty)
    }

    @Test("dependencies have edges and say how much depends on each service")
    func dependencies() throws {
        let answer = try engine.dependencies(all)
        #expect(
            answer.edges.map { "\($0.caller) \($0.callee) \($0.kind) \($0.seenBy)" } == [
                "gateway orders call both", "orders mail messaging both", "orders mysql:shop database client",
                "orders redis database client",
            ])
        #expect(answer.cycles.isEmpty)
        #expect(answer.criticality.map(\.requestShare) == [1, 1, 1])
    }

    @Test("one trace is a tree with its critical path")
    func trace() throws {
        let answer = try engine.trace(TraceID(high: 1, low: 1))
        #expect(answer.spans.map(\.spanID).prefix(3) == ["0000000000000001", "0000000000000002", "0000000000000003"])
        #expect(answer.durationSeconds == 0.3)
        #expect(answer.services == ["gateway", "mail", "orders"])
        #expect(abs(answer.spans.reduce(0) { $0 + $1.criticalSeconds } - 0.1) < 1e-12)
        #expect(answer.spans.filter(\.asynchronous).map(\.operation) == ["mail process"])
        #expect(throws: AnswerError.self) { try engine.trace(TraceID(high: 9, low: 9)) }
    }

    @Test("an answer that writes itself writes what a coder would")
    func ownJSON() throws {
        var row = TopRow(
            key: ["service": "a \"quoted\"/name", "operation": "größer\n"], calls: 3, errors: 0, totalSeconds: 2, p50Seconds: 0.1,
            p95Seconds: 1e-9, p99Seconds: 12_345_678.75)
        var answer = try engine.top(TopQuestion(of: .operation), all)
        answer.rows.append(row)
        (row.selfSeconds, row.criticalShare, row.exemplarTraceIDs) = (0, 1e-5, ["0a", "0b"])
        answer.rows.append(row)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let written = String(decoding: try AnswerJSON.encode(answer), as: UTF8.self)
        #expect(written == String(decoding: try encoder.encode(answer), as: UTF8.self))
        #expect(try AnswerJSON.decode(TopAnswer.self, from: AnswerJSON.encode(answer)) == answer)
    }

    @Test("every answer has the JSON that its schema describes")
    func schemas() throws {
        func check(_ name: String, _ answer: some Answer) throws {
            #expect(try SchemaCheck(name).problems(AnswerJSON.encode(answer)) == [], "\(name)")
        }
        try check("services", engine.services(all))
        try check("service", engine.service("orders", all))
        try check("service-resources", engine.resources(service: "orders", all))
        try check("call-chain", engine.callChain(service: "gateway", operation: "POST /order", all))
        try check("latency", engine.latency(service: "orders", operation: nil, all))
        try check("top", engine.top(TopQuestion(of: .operation), all))
        try check("statements", engine.statements(service: nil, all))
        try check("dependencies", engine.dependencies(all))
        try check("trace", engine.trace(TraceID(high: 1, low: 10)))
        let wrong = Array(#"{"range":{"from":1},"complete":true,"computedFrom":"dice","of":"x","by":"y","rows":[],"more":0}"#.utf8)
        #expect(try SchemaCheck("top").problems(wrong).count == 4)
    }
}

@Suite("Answers from rollups and from spans")
struct AnswerExactnessTests {
    @Test("a range kept to the nanosecond counts as a scan of the spans does", arguments: [1, 2, 3] as [UInt64])
    func exact(seed: UInt64) throws {
        let shop = try ShopStore.shared.get()
        var random = SeededRandom(seed: seed)
        for _ in 0..<5 {
            let from = ShopStore.begin + UInt64.random(in: 0...400, using: &random) * ShopStore.second / 2
            let to = from + UInt64.random(in: 0...500, using: &random) * ShopStore.second / 2
            let request = AnswerRequest(from: from, to: to, limit: 1000, exact: true)
            let rows = try shop.engine.top(TopQuestion(of: .operation, by: .calls), request).rows
            var expected: [String: (calls: UInt64, nanoseconds: UInt64)] = [:]
            if from < to {
                try shop.store.scan(from: from, through: to - 1) { batch in
                    for span in batch.spans {
                        expected["\(span.resource.serviceName) \(span.name)", default: (0, 0)].calls += 1
                        expected["\(span.resource.serviceName) \(span.name)", default: (0, 0)].nanoseconds += span.duration
                    }
                }
            }
            #expect(rows.count == expected.count, "seed \(seed)")
            for row in rows {
                let known = expected["\(row.key["service"] ?? "") \(row.key["operation"] ?? "")"]
                #expect(row.calls == known?.calls, "seed \(seed)")
                #expect(row.totalSeconds == Double(known?.nanoseconds ?? 0) / 1e9, "seed \(seed)")
            }
        }
    }

    @Test("a range is widened to whole minutes unless it shall be exact")
    func widened() throws {
        let shop = try ShopStore.shared.get()
        let request = AnswerRequest(from: ShopStore.begin + 70 * ShopStore.second, to: ShopStore.begin + 71 * ShopStore.second)
        let answer = try shop.engine.services(request)
        #expect(answer.range == AnswerRange(from: "2026-11-21T09:01:00Z", to: "2026-11-21T09:02:00Z"))
        #expect(answer.services.first?.calls == 60)
        var exact = request
        exact.exact = true
        #expect(try shop.engine.services(exact).services.first?.calls == 1)
    }
}
