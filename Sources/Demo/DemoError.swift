/// Why the demo does not start.
public enum DemoError: Error, Equatable, Sendable, CustomStringConvertible {
    /// An option whose value cannot be used.
    case invalidOption(name: String, value: String, reason: String)
    /// The address is taken or not ours.
    case cannotListen(address: String, reason: String)
    /// The folder for the database cannot be made.
    case noFolder(path: String, reason: String)

    /// The sentence for the user.
    public var description: String {
        switch self {
        case .invalidOption(let name, let value, let reason): "\(name) \(value) cannot be used: \(reason)."
        case .cannotListen(let address, let reason):
            "The demo cannot listen on \(address): \(reason). Is another demo running? Choose another address with --listen."
        case .noFolder(let path, let reason): "The demo cannot make its folder \(path): \(reason)."
        }
    }
}

/// An answer of a shop service that is no success.
struct ShopError: Error, CustomStringConvertible {
    var status: Int
    var description: String

    init(_ status: Int, _ description: String) {
        self.status = status
        self.description = description
    }
}
