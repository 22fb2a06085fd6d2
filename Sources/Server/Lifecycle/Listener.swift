/// A port that the server opens.
public struct Listener: Sendable, Equatable {
    /// Where.
    public var address: ListenAddress
    /// Which compatibility port it is; nil for the main address.
    var port: CompatibilityPort?
    /// Whether the server ends when the port is taken; one that nobody asked for is left away with a warning.
    public var isRequired: Bool
}

extension ServerConfiguration {
    /// The ports to open: the main address first.
    public var listeners: [Listener] {
        [Listener(address: listen ?? Self.defaultListen, port: nil, isRequired: true)]
            + compatibilityListener(otlpHTTP, .otlp, default: 4318) + compatibilityListener(zipkin, .zipkin, default: 9411)
    }

    private func compatibilityListener(_ setting: Port, _ port: CompatibilityPort, default number: Int) -> [Listener] {
        switch setting {
        case .off: []
        case .at(let address): [Listener(address: address, port: port, isRequired: true)]
        case .unset where listen == nil:
            [Listener(address: ListenAddress(host: "127.0.0.1", port: number), port: port, isRequired: false)]
        case .unset: []
        }
    }

    /// Sentences about settings that are accepted and have no effect yet.
    public var warnings: [String] {
        switch otlpGRPC {
        case .off: []
        case .unset where listen != nil: []
        case .unset: ["OTLP over gRPC (port 4317) is not built yet; send OTLP over HTTP to port 4318 or to the main address."]
        case .at(let address): ["OTLP over gRPC is not built yet; \(address) is not opened. Send OTLP over HTTP instead."]
        }
    }
}
