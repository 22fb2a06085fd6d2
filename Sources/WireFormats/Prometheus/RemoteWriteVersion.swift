/// The versions of Prometheus remote write, which a sender tells apart by the parameter `proto` of the content type.
public enum RemoteWriteVersion: Sendable, Hashable, CaseIterable {
    /// `prometheus.WriteRequest`.
    case one
    /// `io.prometheus.write.v2.Request`.
    case two

    /// The name of the message.
    public var message: String {
        switch self {
        case .one: "prometheus.WriteRequest"
        case .two: "io.prometheus.write.v2.Request"
        }
    }
}
