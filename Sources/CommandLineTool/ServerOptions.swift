import ArgumentParser
import ByteCoding
import Foundation
import HTTPTransport
import Platform

/// How every command that asks a server is told which one.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server to ask.")
    var server = "http://127.0.0.1:9777"
    @Option(help: "The file whose first line is the token, for servers that want one.")
    var tokenFile: String?
    @Flag(help: "Print the server's JSON instead of a drawing.")
    var json = false
    @Option(help: "How many columns drawings and tables have (default: the terminal's, else 80).")
    var width: Int?

    func validate() throws {
        if !server.hasPrefix("http://"), !server.hasPrefix("https://") {
            throw ValidationError("--server must begin with http:// or https://, such as http://127.0.0.1:9777.")
        }
        if let width, !Self.widthRange.contains(width) {
            throw ValidationError("--width must be from \(Self.widthRange.lowerBound) to \(Self.widthRange.upperBound).")
        }
    }

    /// How many columns a drawing may have.
    var columns: Int { width ?? Terminal.current.columns }

    private static let widthRange = 60...1_000

    /// The body of a path's answer. Throws ``ToolError`` with what the server, or the lack of one, says.
    func get(_ path: String, _ query: [(String, String)] = []) async throws -> [UInt8] {
        try await answer(HTTPCall(url: base + path + URLQuery.text(query)))
    }

    /// The same with the parameters as a form, which may be longer than an address.
    func post(_ path: String, _ form: [(String, String)]) async throws -> [UInt8] {
        var call = HTTPCall(method: "POST", url: base + path, body: Array(URLQuery.text(form).utf8.dropFirst()))
        call.headers = [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")]
        return try await answer(call)
    }

    private var base: String { server.hasSuffix("/") ? String(server.dropLast()) : server }

    private func answer(_ call: HTTPCall) async throws -> [UInt8] {
        var call = call
        do {
            call.bearerToken = try tokenFile.map { try TokenFile.read($0, files: PosixFileSystem()) }
        } catch {
            throw ToolError("\(error)")
        }
        call.headers.append(HTTPHeader("Accept", "application/json"))
        call.timeout = .seconds(Self.timeoutSeconds)
        call.answerByteLimit = Self.answerByteLimit
        let transport = try HTTPTransport()
        do {
            let answer = try await transport.send(call)
            await transport.shutdown()
            return try ServerReply.body(answer, server: base, hasToken: call.bearerToken != nil)
        } catch let error as HTTPTransportError {
            await transport.shutdown()
            throw ToolError(ServerReply.sentence(error))
        }
    }

    /// A query may take two minutes.
    private static let timeoutSeconds = 150
    private static let answerByteLimit = 256 << 20

    /// Prints bytes from a server as they are.
    static func printRaw(_ bytes: [UInt8]) {
        FileHandle.standardOutput.write(Data(bytes))
        if bytes.last != 0x0A { FileHandle.standardOutput.write(Data([0x0A])) }
    }

    /// Prints lines to the standard error, so that whatever reads the answer does not meet them.
    static func printNotes(_ lines: [String]) {
        for line in lines { FileHandle.standardError.write(Data((line + "\n").utf8)) }
    }

    /// Prints lines.
    static func printLines(_ lines: [String]) {
        FileHandle.standardOutput.write(Data((lines.joined(separator: "\n") + "\n").utf8))
    }
}

/// The query part of a URL.
enum URLQuery {
    /// `?a=b&c=d`, or "" without items.
    static func text(_ items: [(String, String)]) -> String {
        items.isEmpty
            ? ""
            : "?" + items.map { "\(PercentEncoding.component($0.0))=\(PercentEncoding.component($0.1))" }.joined(separator: "&")
    }
}

/// What a server's answer means for the person who asked.
enum ServerReply {
    private struct OwnError: Decodable {
        struct Body: Decodable { var message: String }
        var error: Body
    }
    private struct PrometheusError: Decodable { var error: String }
    private struct JaegerErrors: Decodable {
        struct Item: Decodable { var msg: String }
        var errors: [Item]
    }

    private static let sentenceLimit = 500

    /// The body of a good answer; throws ``ToolError`` for a bad one.
    static func body(_ answer: HTTPAnswer, server: String, hasToken: Bool) throws -> [UInt8] {
        if answer.isSuccess { return answer.body }
        let said = sentence(answer.body)
        switch answer.status {
        case 401 where hasToken: throw ToolError("\(server) does not know this token. Is it in the server's token file?")
        case 401: throw ToolError("\(server) wants a token: give the file that holds it with --token-file.")
        case 403: throw ToolError("The token may not ask this; it needs the scope 'query'." + (said.map { " \($0)" } ?? ""))
        case 404: throw ToolError(said ?? "\(server) knows no such thing. Is it a Headrope server of this version?")
        default: throw ToolError(said ?? "\(server) answered with status \(answer.status).")
        }
    }

    /// The sentence in an error of any of the forms that the server speaks, safe for a terminal.
    static func sentence(_ body: [UInt8]) -> String? {
        let data = Data(body)
        let decoder = JSONDecoder()
        let text =
            (try? decoder.decode(OwnError.self, from: data).error.message)
            ?? (try? decoder.decode(PrometheusError.self, from: data).error)
            ?? (try? decoder.decode(JaegerErrors.self, from: data).errors.first?.msg)
        return text.map { TerminalText.safe(String($0.prefix(sentenceLimit))) }
    }

    static func sentence(_ error: HTTPTransportError) -> String {
        if case .cannotConnect(let origin, _) = error {
            return "No server answers at \(origin). Start one with `headrope serve`, or name another with --server URL."
        }
        return error.description
    }
}
