import CollectorKit
import Foundation
import TelemetryModel

/// Which host this is: what the agent puts on everything that does not say it itself.
public struct HostIdentity: Sendable, Equatable {
    /// `service.name` of what the host itself reports; in PromQL `job="headrope-agent"`.
    public static let serviceName = "headrope-agent"

    /// Keys of the host, in the order in which they are added.
    public var attributes: [Attribute]
    /// `host.name`; also the instance of what the host itself reports.
    public var name: String

    /// An identity with these attributes, of which `host.name` must be one or `name` is added as one.
    public init(name: String, attributes: [Attribute]) {
        self.attributes =
            attributes.string(SemanticConventions.hostName) == nil
            ? [Attribute(SemanticConventions.hostName, name)] + attributes : attributes
        self.name = attributes.string(SemanticConventions.hostName) ?? name
    }

    /// The identity of this machine. `configured` attributes come first and win over what the machine says.
    public static func current(configured: [Attribute]) -> HostIdentity {
        var attributes = configured
        let name = ProcessInfo.processInfo.hostName
        var found = [Attribute(SemanticConventions.hostName, name)]
        if let id = machineID() { found.append(Attribute(SemanticConventions.hostID, id)) }
        found.append(Attribute("host.arch", architecture()))
        found.append(Attribute("os.type", operatingSystem))
        for attribute in found where attributes[attribute.key] == nil { attributes.append(attribute) }
        return HostIdentity(name: name, attributes: attributes)
    }

    /// The resource with the keys of the host where it lacks them; an empty one becomes the resource of the host itself.
    public func completing(_ resource: [Attribute]) -> [Attribute] {
        var completed = resource
        if resource.isEmpty {
            completed = [
                Attribute(SemanticConventions.serviceName, Self.serviceName),
                Attribute(SemanticConventions.serviceInstanceID, name),
            ]
        }
        for attribute in attributes where completed[attribute.key] == nil { completed.append(attribute) }
        return completed
    }

    /// The first line of `/etc/machine-id` (machine-id(5)), as OpenTelemetry's convention for `host.id` says.
    private static func machineID() -> String? {
        for path in ["/etc/machine-id", "/var/lib/dbus/machine-id"] {
            guard let data = FileManager.default.contents(atPath: path), data.count <= 4096 else { continue }
            let line = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
            if line.utf8.count == 32, line.allSatisfy(\.isHexDigit) { return String(line) }
        }
        return nil
    }

    private static func architecture() -> String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }

    private static var operatingSystem: String {
        #if os(Linux)
            "linux"
        #else
            "darwin"
        #endif
    }
}
