/// The attributes that hold what Zipkin keeps in endpoints, under OpenTelemetry's names where it has one.
enum ZipkinNames {
    /// The attributes of one endpoint.
    struct Endpoint {
        /// The service; the local one is the resource's.
        let service: String?
        /// The address, version 4 if there are two.
        let address: String
        /// The address of version 6 when there is one of version 4 too.
        let secondAddress: String
        /// The port.
        let port: String
    }

    static let local = Endpoint(
        service: nil, address: "network.local.address", secondAddress: "zipkin.local.ipv6", port: "network.local.port")
    static let remote = Endpoint(
        service: "peer.service", address: "network.peer.address", secondAddress: "zipkin.remote.ipv6", port: "network.peer.port")
    /// Zipkin's `debug`.
    static let debug = "zipkin.debug"

    /// All of them: they are written as what they were, not as tags.
    static let all: Set<String> = Set(
        [local, remote].flatMap { [$0.service, $0.address, $0.secondAddress, $0.port].compactMap(\.self) } + [debug])
}
