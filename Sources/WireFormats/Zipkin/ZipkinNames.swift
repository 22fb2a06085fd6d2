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
    /// True on spans that came without a timestamp; theirs is that of a relative.
    static let untimed = "zipkin.untimed"
    /// Where a span goes on as OTLP, its `shared`.
    static let shared = "zipkin.shared"
    /// On the second part of a span of two hosts that did not say `shared`: true, and it is not written as shared.
    static let secondHost = "zipkin.second_host"
    /// The keys, with blanks between them, under which tags came that are the names of these attributes: the last attribute
    /// of such a name is the tag.
    static let tagKeys = "zipkin.tag_keys"

    /// Those that stand for a part of an endpoint.
    static let endpointNames: Set<String> = Set(
        [local, remote].flatMap { [$0.service, $0.address, $0.secondAddress, $0.port].compactMap(\.self) })
    /// All of them: they are written as what they were, not as tags.
    static let all: Set<String> = endpointNames.union([debug, untimed, shared, secondHost, tagKeys])
}
