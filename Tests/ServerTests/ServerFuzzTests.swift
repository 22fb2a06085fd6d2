import Foundation
import Hummingbird
import Platform
import Testing

@testable import Server

@Suite("Mutated input")
struct ServerFuzzTests {
    private static let rounds = 3_000

    /// Texts that are right, from which wrong ones are made.
    private static let texts = [
        "service=shop&operation=GET+%2F&tag=a:b&tags=%7B%22error%22%3A%22true%22%7D&minDuration=1.5ms&start=1000&end=2000&limit=7",
        "serviceName=shop&annotationQuery=error+and+http.method%3DGET&minDuration=5&endTs=2000&lookback=500&limit=3",
        "tokens:\n  - {name: a, scopes: [ingest, query], sha256: abc}\n  - {name: b, scopes: [admin], token: c}\n",
        "agent ingest sha256:1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0\nlonely\n# c\n",
        "[::1]:9777", "127.0.0.1:4318", "1h10m5.5s", "gzip;q=0.5, deflate, *;q=0", "/api/v1/services/a%2Fb/resources",
    ]

    /// A text with bytes changed, removed, doubled or put in.
    private static func mutated(_ text: String, _ random: inout SeededRandom) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(contentsOf: bytes[index...].prefix(20), at: index)
            default:
                bytes.insert(contentsOf: Array("%9999999999999999999:-.=&[{".utf8).shuffled(using: &random).prefix(3), at: index)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("every reader of text gives a value or an error, whatever it is given")
    func readers() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed of the mutations: \(seed)")
        var random = SeededRandom(seed: seed)
        let table = try AllRoutes.table(TestServer.dependencies())
        var refused = 0
        for round in 0..<Self.rounds {
            let text = Self.mutated(Self.texts[round % Self.texts.count], &random)
            do {
                let items = try QueryItems(parsing: text)
                _ = try? ZipkinSearch.query(items, now: 1 << 60)
                _ = try JaegerSearch.question(items, now: 1 << 60)
            } catch {
                refused += 1
                #expect(APIError.foreseen(error) != nil, "\(error) for \(text)")
            }
            _ = try? TokenTable(text: text, file: "f")
            _ = ListenAddress(text)
            _ = JaegerSearch.goDuration(text)
            _ = ResponseCompressor.acceptsGzip(text)
            _ = table.match(.get, path: text)
        }
        #expect(refused > 0 && refused < Self.rounds)
    }

    @Test("every route answers mutated paths and queries with a sentence and never with 500")
    func routes() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed of the mutations: \(seed)")
        var random = SeededRandom(seed: seed)
        let server = try AnalysisRouteTests.server()
        let paths = try AllRoutes.table(server.dependencies).routes.filter { $0.method == .get }.map(\.path)
        let queries = [
            "query=up&time=5", "query=rate(up[5m])&start=0&end=600&step=15", "match[]=up&start=1&end=2",
            "service=shop&operation=GET+%2F",
            "from=1767322000&to=1767323045&limit=5&exact=true", "of=endpoint&by=p95", "last=15m&expr=up",
            "endTs=1767323045000&lookback=1",
        ]
        for round in 0..<600 {
            let path = paths[round % paths.count].replacing("{id}", with: "1234").replacing(#/\{[a-z]+\}/#, with: "shop")
            var target = path + "?" + queries[Int.random(in: 0..<queries.count, using: &random)]
            if round % 3 > 0 { target = "/" + Self.mutated(String(target.dropFirst()), &random) }
            let reply = try await server.send(.get, target)
            #expect(reply.status != 500, "\(target): \(reply.body.prefix(300))")
            if reply.status >= 400 { #expect(!reply.body.isEmpty, "\(target)") }
        }
    }
}
