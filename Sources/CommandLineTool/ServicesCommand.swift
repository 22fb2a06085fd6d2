import Answers
import ArgumentParser
import Platform

/// `headrope services`: what exists.
public struct ServicesCommand: AsyncParsableCommand {
    /// Name and help.
    public static let configuration = CommandConfiguration(
        commandName: "services", abstract: "List the services, databases, caches and queues that were seen.")

    @OptionGroup var range: TimeRangeOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    /// An empty command, for the parser.
    public init() {}

    /// Asks and prints.
    public mutating func run() async throws {
        let parameters = try range.parameters(now: SystemTime().now()) + [("limit", String(AnswerRequest.limitLimit))]
        let body = try await server.get("/api/v1/services", parameters)
        if server.json { return ServerOptions.printRaw(body) }
        ServerOptions.printLines(Self.lines(try Decoded.read(ServicesAnswer.self, body), width: server.columns))
    }

    static func lines(_ answer: ServicesAnswer, width: Int) -> [String] {
        if answer.services.isEmpty { return ["Nothing was seen from \(answer.range.from) to \(answer.range.to)."] }
        var table = TextTable([
            .init(title: "name"), .init(title: "layer"), .init(title: "calls", isNumber: true),
            .init(title: "errors", isNumber: true), .init(title: "p50", isNumber: true), .init(title: "p95", isNumber: true),
            .init(title: "p99", isNumber: true), .init(title: "instances", isNumber: true),
        ])
        for service in answer.services {
            table.add([
                service.name, service.layer.rawValue, String(service.calls), String(service.errors),
                QuantityText.duration(service.p50Seconds), QuantityText.duration(service.p95Seconds),
                QuantityText.duration(service.p99Seconds), String(service.instances.count),
            ])
        }
        return table.lines(width: width)
    }
}

/// Reads what a server said.
enum Decoded {
    static func read<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        do {
            return try AnswerJSON.decode(type, from: bytes)
        } catch {
            throw ToolError("The answer is not what was expected. Is it a Headrope server of this version?")
        }
    }
}
