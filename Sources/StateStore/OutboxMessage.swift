/// A request that must reach its receiver even if the process ends before it is sent.
///
/// Its key travels with it, so that a receiver can tell a repetition (sent, but the process ended before that was noted)
/// from a new message.
public struct OutboxMessage: Sendable, Equatable {
    /// Unique for ever; enqueuing a key that is known does nothing.
    public var key: String
    /// Where it goes, from the configuration, never from data.
    public var url: String
    /// Header fields by name.
    public var headers: [String: String]
    /// The body.
    public var body: [UInt8]

    /// Describes a message.
    public init(key: String, url: String, headers: [String: String], body: [UInt8]) {
        self.key = key
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// A message that waits, with its number and what has been tried.
public struct PendingMessage: Sendable, Equatable {
    /// The number; messages to one URL are sent in this order.
    public var id: Int64
    /// The message.
    public var message: OutboxMessage
    /// How often it has been tried.
    public var attempts: Int
    /// Not before this, milliseconds since 1970.
    public var notBefore: Int64
}

/// How many messages are in which state.
public struct OutboxCounts: Sendable, Equatable {
    /// Waiting.
    public var pending = 0
    /// Delivered.
    public var delivered = 0
    /// Given up after the last attempt or a refusal.
    public var failed = 0

    /// No messages.
    public init() {}
}
