@testable import Demo
import Foundation
import HTTPTransport
import TelemetryModel
import TestSupport

/// What one run of the demo left behind: the truth that it tells and the spans that really arrived.
struct DemoRun: Sendable {
    var truth: Truth
    var spans: [Span]

    /// Runs the demo against a receiver until all requests have been answered.
    static func finished(
        requests: Int, seed: UInt64 = 1, faults: [Fault] = [],
        configure: @escaping @Sendable (inout DemoOptions) -> Void = { _ in }
    ) async throws -> DemoRun {
        try await OTLPReceiver.run { receiver, origin in
            let truth = try await open(target: origin, requests: requests, seed: seed, faults: faults, configure: configure) {
                try await $0.finalTruth()
            }
            return DemoRun(truth: truth, spans: receiver.spans)
        }
    }

    /// Runs the demo for as long as `body` runs.
    static func open<Result: Sendable>(
        target: String, requests: Int, seed: UInt64 = 1, faults: [Fault] = [],
        configure: @escaping @Sendable (inout DemoOptions) -> Void = { _ in },
        _ body: @escaping @Sendable (OpenDemo) async throws -> Result
    ) async throws -> Result {
        var options = DemoOptions(target: target)
        options.listenPort = 0
        options.rate = 500
        options.seed = seed
        options.requestLimit = requests
        options.initialFaults = Set(faults)
        configure(&options)
        let shop = try DemoShop(options)
        let (addresses, announce) = AsyncStream.makeStream(of: DemoShop.Addresses.self)
        async let running: Void = {
            defer { announce.finish() }
            try await shop.run(handlesSignals: false) { announce.yield($0) }
        }()
        guard let first = await addresses.first(where: { _ in true }) else {
            try await running
            throw CancellationError()
        }
        let transport = try HTTPTransport()
        do {
            let result = try await body(OpenDemo(addresses: first, transport: transport))
            await transport.shutdown()
            await shop.stop()
            try await running
            return result
        } catch {
            await transport.shutdown()
            await shop.stop()
            throw error
        }
    }

    /// Spans by service, name and kind, as ``Truth`` counts them.
    var operations: [Truth.Operation] {
        Dictionary(grouping: spans) { [$0.resource.serviceName, $0.name, $0.kind.name] }
            .map { key, spans in
                Truth.Operation(
                    service: key[0], operation: key[1], kind: key[2], spans: spans.count,
                    errors: spans.filter { $0.status == .error }.count)
            }
            .sorted { ($0.service, $0.operation, $0.kind) < ($1.service, $1.operation, $1.kind) }
    }

    /// Calls between services, found by following parents.
    var edges: [Truth.Edge] {
        let byID = Dictionary(spans.map { ($0.spanID, $0) }) { first, _ in first }
        var counts: [[String]: (calls: Int, errors: Int)] = [:]
        for span in spans {
            guard let caller = byID[span.parentSpanID], caller.resource.serviceName != span.resource.serviceName else { continue }
            let key = [caller.resource.serviceName, span.resource.serviceName, span.kind == .consumer ? "queue" : "http"]
            counts[key, default: (0, 0)].calls += 1
            if caller.status == .error { counts[key, default: (0, 0)].errors += 1 }
        }
        return counts.map { Truth.Edge(from: $0[0], to: $0[1], via: $0[2], calls: $1.calls, errors: $1.errors) }
            .sorted { ($0.from, $0.to, $0.via) < ($1.from, $1.to, $1.via) }
    }

    /// Statements by service and text.
    var statements: [Truth.Statement] {
        var counts: [[String]: Int] = [:]
        for span in spans {
            guard let text = span.attributes.string("db.query.text") else { continue }
            counts[[span.resource.serviceName, text], default: 0] += 1
        }
        return counts.map { Truth.Statement(service: $0[0], text: $0[1], count: $1) }
            .sorted { ($0.service, $0.text) < ($1.service, $1.text) }
    }

    /// How many spans the traces have that begin with each route.
    var spansByRoute: [String: Int] {
        let routes = Dictionary(spans.filter(\.parentSpanID.isZero).map { ($0.traceID, $0.name) }) { first, _ in first }
        return spans.reduce(into: [:]) { counts, span in counts[routes[span.traceID] ?? "none", default: 0] += 1 }
    }
}

/// A demo that is running, as somebody outside sees it.
struct OpenDemo: Sendable {
    var addresses: DemoShop.Addresses
    var transport: HTTPTransport

    func get(_ path: String) async throws -> HTTPAnswer { try await transport.send(HTTPCall(url: addresses.control + path)) }

    func post(_ path: String, _ body: String) async throws -> HTTPAnswer {
        try await transport.send(HTTPCall(method: "POST", url: addresses.control + path, body: Array(body.utf8)))
    }

    func truth() async throws -> Truth { try JSONDecoder().decode(Truth.self, from: Data(try await get("/truth").body)) }

    /// The truth when everything has been done and every span has reached its fate.
    func finalTruth() async throws -> Truth {
        while true {
            let truth = try await truth()
            let isSettled = truth.export.ended == truth.export.exported + truth.export.lost
            if truth.isLoadFinished, truth.openWork == 0, isSettled { return truth }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
