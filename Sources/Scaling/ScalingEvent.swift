import ByteCoding
import Foundation
import StateStore
import TelemetryModel

/// A decision on its way to whoever carries it out: a CloudEvent 1.0 in structured JSON form.
public struct ScalingEvent: Codable, Sendable, Equatable {
    /// What CloudEvents calls `data`.
    public struct Content: Codable, Sendable, Equatable {
        /// The policy's name.
        public var policy: String
        /// The service.
        public var service: String
        /// The decision.
        public var decision: ScalingDecision
        /// How many evaluations in a row have come to it.
        public var stableFor: Int
        /// Until when the same action is not asked for again, RFC 3339; nil for `hold`.
        public var coolDownUntil: String?
        /// After this the event says nothing any more, RFC 3339.
        public var expires: String
    }

    /// The version of CloudEvents.
    public var specversion = "1.0"
    /// Unique together with the source.
    public var id: String
    /// Who decided.
    public var source: String
    /// The kind of event.
    public var type = "io.headrope.scaling.decision.v1"
    /// The service.
    public var subject: String
    /// When it was decided, RFC 3339.
    public var time: String
    /// The form of the data.
    public var datacontenttype = "application/json"
    /// The decision.
    public var data: Content

    /// Wraps a decision made at `now`, milliseconds since 1970.
    init(_ decision: ScalingDecision, _ policy: ScalingPolicy, stableFor: Int, now: Int64) {
        id = "\(policy.name)-\(now)"
        source = "/headrope/scaling/" + PercentEncoding.component(policy.name)
        subject = policy.service
        time = Self.text(now)
        data = Content(
            policy: policy.name, service: policy.service, decision: decision, stableFor: stableFor,
            coolDownUntil: decision.verdict == .hold ? nil : Self.text(now + policy.coolDown),
            expires: Self.text(now + 2 * policy.interval))
    }

    private static func text(_ milliseconds: Int64) -> String {
        RFC3339.text(nanoseconds: UInt64(max(0, milliseconds)) * 1_000_000)
    }

    /// The event as a message for the outbox.
    func message(_ policy: ScalingPolicy) throws -> OutboxMessage {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var headers = ["Content-Type": "application/cloudevents+json; charset=utf-8", "User-Agent": "Headrope"]
        if let token = policy.bearerToken { headers["Authorization"] = "Bearer \(token)" }
        return OutboxMessage(key: "scaling-" + id, url: policy.webhook, headers: headers, body: Array(try encoder.encode(self)))
    }
}
