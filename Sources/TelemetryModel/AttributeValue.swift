/// A value of OpenTelemetry's `AnyValue`.
public indirect enum AttributeValue: Hashable, Sendable {
    /// No value at all.
    case empty
    /// UTF-8 text.
    case string(String)
    /// True or false.
    case bool(Bool)
    /// A signed 64-bit number.
    case int(Int64)
    /// A double; compared and hashed as Swift does.
    case double(Double)
    /// Raw bytes.
    case bytes([UInt8])
    /// Values in order.
    case array([AttributeValue])
    /// Keys with values, in order; keys may repeat.
    case map([Attribute])

    /// How deep arrays and maps may be nested; deeper ones are refused at intake.
    public static let depthLimit = 32
}

/// A key with its value.
public struct Attribute: Hashable, Sendable {
    /// The key.
    public var key: String
    /// The value.
    public var value: AttributeValue

    /// Puts key and value together.
    public init(_ key: String, _ value: AttributeValue) {
        self.key = key
        self.value = value
    }

    /// Puts a key and a text together.
    public init(_ key: String, _ value: String) { self.init(key, .string(value)) }
}

extension [Attribute] {
    /// The value of the first attribute with this key.
    public subscript(key: String) -> AttributeValue? { first { $0.key == key }?.value }

    /// The text of the first attribute with this key, if it is a string.
    public func string(_ key: String) -> String? {
        if case .string(let text)? = self[key] { text } else { nil }
    }
}
