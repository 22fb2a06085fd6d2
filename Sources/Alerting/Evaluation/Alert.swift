import Foundation

/// Something that is wrong, or was a moment ago.
public struct Alert: Codable, Sendable, Equatable {
    /// What identifies it: the rule's labels, those of the series, and `alertname`.
    public var labels: [String: String]
    /// Texts for people.
    public var annotations: [String: String]
    /// Since when the condition holds, milliseconds since 1970.
    public var activeSince: Int64
    /// Since when it fires; nil while it is pending.
    public var firingSince: Int64?
    /// Since when it is over; nil while the condition holds.
    public var resolvedAt: Int64?
    /// When the condition last held, for `keep_firing_for`.
    public var lastHeld: Int64
    /// The value of the series when the condition last held; not a number for what JSON cannot hold.
    public var value: Double?
    /// Where people see the rule's expression.
    public var generatorURL: String

    /// Where it stands.
    public enum State: String, Sendable {
        /// The condition does not yet hold long enough.
        case pending
        /// It is wrong.
        case firing
        /// It is over.
        case resolved
    }

    /// Where it stands.
    public var state: State { resolvedAt != nil ? .resolved : firingSince != nil ? .firing : .pending }

    /// The number by which Alertmanager's users know a label set: FNV-1a over names and values, each followed by 0xFF.
    public var fingerprint: String { Self.fingerprint(labels) }

    /// The fingerprint of a label set, 16 hexadecimal digits.
    public static func fingerprint(_ labels: [String: String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for (name, value) in labels.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            name.utf8.forEach(add)
            add(0xFF)
            value.utf8.forEach(add)
            add(0xFF)
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
