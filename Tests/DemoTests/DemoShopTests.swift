@testable import Demo
import Foundation
import TelemetryModel
import Testing

@Suite("The demo tells the truth", .timeLimit(.minutes(2)), .serialized)
struct DemoShopTests {
    private func check(_ run: DemoRun, requests: Int) {
        let truth = run.truth
        #expect(truth.requests.reduce(0) { $0 + $1.count } == requests)
        #expect(truth.traceCount == requests)
        #expect(truth.unansweredCount == 0)
        #expect(truth.export == .init(ended: run.spans.count, exported: run.spans.count, lost: 0))
        #expect(run.operations == truth.operations)
        #expect(run.edges == truth.edges)
        #expect(run.statements == truth.statements)
        #expect(run.spansByRoute == Dictionary(uniqueKeysWithValues: truth.requests.map { ($0.route, $0.spans) }))
        #expect(Set(run.spans.map(\.traceID)).count == requests)
        #expect(Set(run.spans.map(\.spanID)).count == run.spans.count)
    }

    private func statement(_ run: DemoRun, containing text: String) -> Int {
        run.truth.statements.filter { $0.text.contains(text) }.reduce(0) { $0 + $1.count }
    }

    private func requests(_ run: DemoRun, _ route: String) -> Truth.Requests {
        run.truth.requests.first { $0.route == route } ?? .init(route: route, count: 0, failed: 0, spans: 0)
    }

    @Test("what arrives by OTLP is exactly what was done, through all services and the queue")
    func exact() async throws {
        let run = try await DemoRun.finished(requests: 100)
        check(run, requests: 100)
        #expect(run.truth.requests.allSatisfy { $0.failed == 0 })
        let spansPerRequest = [
            "GET /": 4, "GET /products": 4, "GET /products/{id}": 5, "GET /orders/{id}": 5, "POST /login": 5, "POST /orders": 17,
        ]
        for (route, spans) in spansPerRequest { #expect(requests(run, route).spans == requests(run, route).count * spans) }
        #expect(Set(run.spans.map(\.resource.serviceName)).count == 6)
        #expect(run.truth.edges.contains { $0.from == "orders" && $0.to == "shipping" && $0.via == "queue" })
    }

    @Test("the same seed gives the same requests, another seed others")
    func repeatable() async throws {
        let first = try await DemoRun.finished(requests: 60, seed: 5).truth
        let second = try await DemoRun.finished(requests: 60, seed: 5).truth
        #expect(first.requests == second.requests)
        #expect(first.statements == second.statements)
        #expect(first.operations == second.operations)
        #expect(try await DemoRun.finished(requests: 60, seed: 6).truth.requests != first.requests)
    }

    @Test("spans follow the conventions")
    func conventions() async throws {
        let run = try await DemoRun.finished(requests: 60)
        for span in run.spans {
            #expect(span.resource.attributes.string("service.namespace") == "shop")
            #expect(span.resource.attributes.string("service.instance.id") == "\(span.resource.serviceName)-1")
            #expect(span.end >= span.start)
            switch span.kind {
            case .server:
                #expect(span.attributes.string("http.route").map { span.name.hasSuffix($0) } == true)
                #expect(span.attributes["http.response.status_code"] == .int(200))
            case .consumer:
                #expect(span.links.map(\.spanID) == [span.parentSpanID])
            case .client where span.attributes.string("db.query.text") != nil:
                #expect(span.attributes.string("db.system.name") == "sqlite")
                #expect(span.attributes.string("db.namespace") == "shop")
            default: break
            }
        }
        let roots = run.spans.filter(\.parentSpanID.isZero)
        #expect(roots.allSatisfy { $0.resource.serviceName == "gateway" && $0.kind == .server })
        #expect(roots.allSatisfy { $0.attributes.string("client.address")?.hasPrefix("203.0.113.") == true })
    }

    @Test("n-plus-one really executes a statement for every product of the page")
    func nPlusOne() async throws {
        let run = try await DemoRun.finished(requests: 40, faults: [.nPlusOne])
        check(run, requests: 40)
        let lists = requests(run, "GET /products")
        #expect(lists.count > 0)
        #expect(lists.spans == lists.count * 24)
        #expect(statement(run, containing: "SELECT id FROM products") == lists.count)
    }

    @Test("slow-sql really is a slow statement, many times slower than the one that it replaces")
    func slowSQL() async throws {
        func longest(_ run: DemoRun) -> UInt64 {
            run.spans.filter { $0.name == "SELECT products" }.map(\.duration).max() ?? 0
        }
        let quick = try await DemoRun.finished(requests: 40) { $0.rate = 100 }
        let slow = try await DemoRun.finished(requests: 40, faults: [.slowSQL]) { $0.rate = 100 }
        check(slow, requests: 40)
        #expect(statement(slow, containing: "lower(r.product_name)") == requests(slow, "GET /products").count)
        #expect(statement(quick, containing: "lower(r.product_name)") == 0)
        #expect(longest(slow) > 100_000_000 && longest(slow) > 3 * longest(quick), "\(longest(slow)) ns and \(longest(quick)) ns")
    }

    @Test("errors fail the payment of every third user, and everything that waits for it")
    func errors() async throws {
        let run = try await DemoRun.finished(requests: 150, faults: [.errors])
        check(run, requests: 150)
        let failed = requests(run, "POST /orders").failed
        #expect(failed > 0 && failed < requests(run, "POST /orders").count)
        #expect(run.truth.requests.reduce(0) { $0 + $1.failed } == failed)
        #expect(run.spans.filter { $0.status == .error }.count == failed * 5)
        let charges = run.spans.filter { $0.name == "POST /charges" && $0.kind == .server && $0.status == .error }
        #expect(charges.count == failed)
        #expect(charges.allSatisfy { $0.events.map(\.name) == ["exception"] })
    }

    @Test("cpu-burn and slow-dependency make the services slow that they are about")
    func slowServices() async throws {
        let run = try await DemoRun.finished(requests: 40, faults: [.cpuBurn, .slowDependency]) { $0.rate = 100 }
        check(run, requests: 40)
        let catalogue = run.spans.filter { $0.resource.serviceName == "catalogue" && $0.kind == .server }
        #expect(!catalogue.isEmpty && catalogue.allSatisfy { $0.duration >= 150_000_000 })
        let charges = run.spans.filter { $0.name == "POST /charges" && $0.kind == .server }
        #expect(!charges.isEmpty && charges.allSatisfy { $0.duration >= 400_000_000 })
    }

    @Test("traffic-surge sends the same requests in a fifth of the time")
    func trafficSurge() async throws {
        func seconds(_ run: DemoRun) -> Double {
            let starts = run.spans.filter(\.parentSpanID.isZero).map(\.start)
            guard let first = starts.min(), let last = starts.max() else { return 0 }
            return Double(last - first) / 1e9
        }
        // 39 pauses of 1/20 s, or of 1/100 s.
        let steady = try await DemoRun.finished(requests: 40) { $0.rate = 20 }
        let surge = try await DemoRun.finished(requests: 40, faults: [.trafficSurge]) { $0.rate = 20 }
        #expect(steady.truth.requests == surge.truth.requests)
        #expect(seconds(steady) > 1.5)
        #expect(seconds(surge) < 1.5)
    }

    @Test("a target that is not there costs the shop nothing: all requests are answered, the spans are counted as lost")
    func deadTarget() async throws {
        let truth = try await DemoRun.open(target: "http://127.0.0.1:1", requests: 30) { demo in
            while true {
                let truth = try await demo.truth()
                if truth.isLoadFinished, truth.openWork == 0 { return truth }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        #expect(truth.requests.reduce(0) { $0 + $1.count } == 30)
        #expect(truth.requests.allSatisfy { $0.failed == 0 })
        #expect(truth.export.exported == 0 && truth.export.ended > 100)
    }
}
