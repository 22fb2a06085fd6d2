import Hummingbird
import StrictYAML
import Testing

@testable import Server

@Suite("Tokens")
struct TokenTests {
    // printf %s s3cret | sha256sum
    private let hash = "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0"

    @Test("both forms of the file are read, with plain tokens and with hashes")
    func forms() throws {
        let yaml = """
            tokens:
              - {name: agent, scopes: [ingest], sha256: \(hash)}
              - {name: grafana, scopes: [query, admin], token: plain}
            """
        let lines = "# comment\n\nagent ingest sha256:\(hash)\ngrafana query,admin plain\nlonely\n"
        for table in [try TokenTable(text: yaml, file: "t"), try TokenTable(text: lines, file: "t")] {
            #expect(table.scopes(of: "s3cret") == [.ingest])
            #expect(table.scopes(of: "plain") == [.query, .admin])
            #expect(table.scopes(of: hash) == nil)
            #expect(table.scopes(of: "") == nil)
        }
        #expect(try TokenTable(text: lines, file: "t").scopes(of: "lonely") == [.ingest, .query, .admin])
    }

    @Test(
        "mistakes are named with file and line",
        arguments: [
            ("tokens:\n  - {name: a, scopes: [write], token: x}\n", "t:2: 'write' is no scope; there are ingest, query and admin."),
            ("tokens:\n  - {name: a, scopes: [query]}\n", "t:2: The token 'a' needs either 'sha256' or 'token'."),
            ("tokens:\n  - {name: a, scopes: [query], sha256: abc}\n", "t:2: A SHA-256 hash has 64 hexadecimal digits."),
            ("tokens:\n  - {nme: a}\n", "t:2: 'tokens[0]' needs the key 'name'."),
            ("a b\n", "t:1: A line is a token, or a name, scopes with commas between them, and a token."),
            ("\na everything x\n", "t:2: 'everything' is no scope; there are ingest, query and admin."),
            ("# nothing\n", "The token file t holds no token."),
        ])
    func mistakes(text: String, sentence: String) {
        do {
            _ = try TokenTable(text: text, file: "t")
            Issue.record("accepted")
        } catch {
            #expect("\(error)" == sentence)
        }
    }

    @Test("routes ask for the scope they need; health and readiness for none")
    func scopes() async throws {
        let tokens = try TokenTable(text: "a ingest in\nq query ask\nx admin run\n", file: "t")
        let server = try TestServer(tokens: tokens)
        func status(_ method: HTTPRequest.Method, _ path: String, _ header: String?) async throws -> Int {
            try await server.send(method, path, headers: header.map { [.authorization: $0] } ?? [:]).status
        }
        #expect(try await status(.get, "/-/healthy", nil) == 200)
        #expect(try await status(.get, "/-/ready", nil) == 200)
        #expect(try await status(.get, "/metrics", nil) == 401)
        #expect(try await status(.get, "/metrics", "Bearer nobody") == 401)
        #expect(try await status(.get, "/metrics", "Basic ask") == 401)
        #expect(try await status(.get, "/metrics", "Bearer ") == 401)
        #expect(try await status(.get, "/metrics", "Bearer in") == 403)
        #expect(try await status(.get, "/metrics", "bearer ask") == 200)
        #expect(try await status(.post, "/-/compact", "Bearer ask") == 403)
        #expect(try await status(.post, "/-/compact", "Bearer run") == 200)
        let refused = try await server.send(.get, "/metrics")
        #expect(refused.headers[.wwwAuthenticate] == "Bearer")
        #expect(refused.body.contains("A token is needed"))
    }

    @Test("every route but health, readiness and pages asks for a scope")
    func openRoutes() throws {
        let open = try AllRoutes.table(TestServer.dependencies()).routes.filter { $0.scope == .open }.map(\.path)
        #expect(Set(open) == ["/-/healthy", "/-/ready", "/health"])
    }
}
