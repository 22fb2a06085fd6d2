@testable import Demo
import Foundation
import HTTPTransport
import Testing

@Suite("The demo's own address", .timeLimit(.minutes(2)))
struct ControlTests {
    private struct Faults: Decodable {
        struct Entry: Decodable { var name: String, on: Bool, explanation: String }
        var faults: [Entry]
    }

    private struct Failure: Decodable {
        struct Detail: Decodable { var code: String, message: String, `where`: String }
        var error: Detail
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ answer: HTTPAnswer) throws -> Value {
        try JSONDecoder().decode(type, from: Data(answer.body))
    }

    private func withDemo(_ body: @escaping @Sendable (OpenDemo) async throws -> Void) async throws {
        try await DemoRun.open(target: "http://127.0.0.1:1", requests: 0, body)
    }

    @Test("faults are listed, switched on and off again")
    func faults() async throws {
        try await withDemo { demo in
            let before = try decode(Faults.self, try await demo.get("/fault")).faults
            #expect(before.map(\.name) == Fault.allCases.map(\.rawValue))
            #expect(before.allSatisfy { !$0.on && $0.explanation.hasSuffix(".") })
            for name in before.map(\.name) {
                let on = try await demo.post("/fault", #"{"name":"\#(name)","on":true}"#)
                #expect(on.status == 200)
                let active = try decode(Faults.self, on).faults.filter(\.on)
                #expect(active.map(\.name) == [name])
                let off = try await demo.post("/fault", #"{"name":"\#(name)","on":false}"#)
                let rest = try decode(Faults.self, off).faults.filter(\.on)
                #expect(rest.isEmpty)
            }
        }
    }

    @Test("a mistake in the body gets 400 and a sentence that says what is possible")
    func badFault() async throws {
        try await withDemo { demo in
            for body in ["", "slow-sql", "{}", #"{"name":"slow-sql"}"#, #"{"name":"slow-sql","on":"yes"}"#, "[[[[", "\u{0}"] {
                let answer = try await demo.post("/fault", body)
                #expect(answer.status == 400, "\(body)")
                let message = try decode(Failure.self, answer).error.message
                #expect(message.contains("slow-sql"))
            }
            let unknown = try await demo.post("/fault", #"{"name":"earthquake","on":true}"#)
            #expect(unknown.status == 400)
            let error = try decode(Failure.self, unknown).error
            #expect(error.message.contains("\"earthquake\"") && error.message.contains("traffic-surge"))
            #expect(error.where == "/fault")
            let long = try await demo.post("/fault", String(repeating: " ", count: 100_000))
            #expect(long.status == 413)
        }
    }

    @Test("the first page says what it is, and an unknown path where to look")
    func pages() async throws {
        try await withDemo { demo in
            let home = try await demo.get("/")
            #expect(home.status == 200 && home.text.contains("small shop") && home.text.contains(demo.addresses.gateway))
            let missing = try await demo.get("/nothing")
            #expect(missing.status == 404)
            let message = try decode(Failure.self, missing).error.message
            #expect(message.contains("GET /nothing"))
        }
    }

    @Test("the shop itself answers mistakes with 4xx, which are nobody's errors")
    func shopMistakes() async throws {
        try await withDemo { demo in
            let gateway = demo.addresses.gateway
            let calls: [(HTTPCall, Int)] = [
                (HTTPCall(url: "\(gateway)/products/many"), 400), (HTTPCall(url: "\(gateway)/products/99999"), 404),
                (HTTPCall(url: "\(gateway)/orders/0"), 404),
                (HTTPCall(method: "POST", url: "\(gateway)/orders", body: Array("{".utf8)), 400),
                (
                    HTTPCall(
                        method: "POST", url: "\(gateway)/orders",
                        body: Array(#"{"userID":1,"productID":1,"quantity":9223372036854775807}"#.utf8)), 400
                ),
            ]
            for (call, status) in calls {
                let answer = try await demo.transport.send(call)
                #expect(answer.status == status, "\(call.url)")
            }
        }
    }

    @Test("a port that is taken is said in a sentence")
    func portTaken() async throws {
        try await withDemo { demo in
            var options = DemoOptions(target: "http://127.0.0.1:1")
            options.listenPort = Int(demo.addresses.control.split(separator: ":").last ?? "") ?? 0
            do {
                try await DemoShop(options).run(handlesSignals: false)
                Issue.record("the second demo started")
            } catch let error as DemoError {
                #expect("\(error)".contains("address already in use") && "\(error)".contains("--listen"))
            }
        }
    }

    @Test("options that make no sense are refused by a sentence")
    func options() throws {
        func message(_ change: (inout DemoOptions) throws -> Void) -> String {
            do {
                var options = DemoOptions(target: "http://127.0.0.1:9777")
                try change(&options)
                _ = try DemoShop(options)
                return "accepted"
            } catch { return "\(error)" }
        }
        #expect(message { $0.rate = 0 }.hasPrefix("--rate"))
        #expect(message { $0.rate = .nan }.hasPrefix("--rate"))
        #expect(message { $0.rate = .infinity }.hasPrefix("--rate"))
        #expect(message { $0.requestLimit = -1 }.hasPrefix("--requests"))
        #expect(message { $0.target = "localhost" }.hasPrefix("--target"))
        for text in ["9779", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "0.0.0.0:9779", "example.com:80", ":9779"] {
            let refusal = message { try $0.setListen(text) }
            #expect(refusal.hasPrefix("--listen"), "\(text)")
        }
        for text in ["[::1]:9000", "localhost:0"] {
            let result = message { try $0.setListen(text) }
            #expect(result == "accepted", "\(text)")
        }
    }
}
