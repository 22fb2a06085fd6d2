import HTTPTypes
import Hummingbird
import TelemetryModel

/// Lets scripts of other origins ask questions, with the headers that Prometheus gives.
struct CrossOrigin: Sendable {
    private let pattern: LabelPattern?

    /// The origins that match the whole pattern; "" lets none.
    init(_ pattern: String) {
        self.pattern = pattern.isEmpty ? nil : try? LabelPattern(pattern)
    }

    /// Adds the headers that belong to a reply to `request`.
    func mark(_ response: inout Response, for request: Request) {
        guard let pattern else { return }
        response.headers.addToVary("Origin")
        guard let origin = request.headers[.origin], !origin.isEmpty else { return }
        response.headers[.accessControlAllowHeaders] = "Accept, Authorization, Content-Type, Origin"
        response.headers[.accessControlAllowMethods] = "GET, POST, OPTIONS"
        response.headers[.accessControlExposeHeaders] = "Date"
        if pattern.matches(origin) { response.headers[.accessControlAllowOrigin] = origin }
    }
}

extension HTTPFields {
    /// Says that a reply depends on one more header of its request.
    mutating func addToVary(_ name: String) { self[.vary] = self[.vary].map { "\($0), \(name)" } ?? name }
}
