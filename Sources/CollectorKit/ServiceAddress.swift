import TelemetryModel

/// Where a program that is observed listens.
public struct ServiceAddress: Sendable, Hashable {
    /// The name or address, without brackets.
    public var host: String
    /// The TCP port.
    public var port: Int

    /// Puts name and port together.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, `[address]:port` or `host`, for which `defaultPort` counts; nil for anything else.
    public init?(_ text: String, defaultPort: Int) {
        var rest = text[...]
        if rest.hasPrefix("[") {
            guard let bracket = rest.firstIndex(of: "]") else { return nil }
            host = String(rest[rest.index(after: rest.startIndex)..<bracket])
            rest = rest[rest.index(after: bracket)...]
        } else {
            let colon = rest.firstIndex(of: ":") ?? rest.endIndex
            host = String(rest[..<colon])
            rest = rest[colon...]
        }
        port = defaultPort
        if !rest.isEmpty {
            guard rest.first == ":", let number = Int(rest.dropFirst()), (1...65_535).contains(number) else { return nil }
            port = number
        }
        if host.isEmpty || host.contains(where: { $0.isWhitespace || $0 == "/" || $0 == "@" }) { return nil }
    }

    /// Reads scheme, host and port of an `http` or `https` URL; nil for anything else.
    public init?(url: String) {
        let parts = url.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let defaultPort = ["http": 80, "https": 443][parts[0].lowercased()] else { return nil }
        let authority = parts[1].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        self.init(authority.split(separator: "@").last.map(String.init) ?? "", defaultPort: defaultPort)
    }

    /// Whether only this host can reach it.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// What identifies the program: its name, the address, and as instance the port on this host or the whole address of
    /// another. (`127.0.0.1:6379` would name the same instance on every host.)
    public func resource(serviceName: String, hostName: String) -> [Attribute] {
        let instanceHost = isLoopback ? hostName : host.contains(":") ? "[\(host)]" : host
        return [
            Attribute(SemanticConventions.serviceName, serviceName),
            Attribute(SemanticConventions.serviceInstanceID, "\(instanceHost):\(port)"),
            Attribute("server.address", host), Attribute("server.port", .int(Int64(port))),
        ]
    }
}
