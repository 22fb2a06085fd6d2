import Foundation
internal import TelemetryModel

/// What the telemetry of this process says about its origin.
enum ClientResource {
    static let sdkName = "headrope"
    static let sdkVersion = "0.1.0"

    /// The resource; what the configuration says wins over what is found out here.
    static func describe(_ configuration: HeadropeTracer.Configuration) -> Resource {
        var values: [String: AttributeValue] = [
            "service.name": .string(configuration.serviceName),
            "service.instance.id": .string(UUID().uuidString.lowercased()),
            "host.name": .string(ProcessInfo.processInfo.hostName),
            "process.pid": .int(Int64(ProcessInfo.processInfo.processIdentifier)),
            "telemetry.sdk.name": .string(sdkName),
            "telemetry.sdk.language": .string("swift"),
            "telemetry.sdk.version": .string(sdkVersion),
        ]
        for (key, value) in configuration.resourceAttributes { values[key] = .string(value) }
        return Resource(attributes: values.sorted { $0.key < $1.key }.map { Attribute($0.key, $0.value) })
    }
}
