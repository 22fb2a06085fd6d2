/// A word of PromQL and the bytes where it stands.
struct PromQLToken: Equatable {
    enum Kind: Equatable {
        /// A name or a keyword; which one it is, depends on where it stands.
        case identifier(String)
        /// A number, or a duration in seconds.
        case number(Double)
        case string(String)
        /// An operator, bracket or comma.
        case symbol(String)
        case end
    }

    var kind: Kind
    var location: Range<Int>

    /// How messages show it.
    var shown: String {
        switch kind {
        case .identifier(let name): "\"\(name)\""
        case .number: "a number"
        case .string: "a string"
        case .symbol(let text): "\"\(text)\""
        case .end: "end of input"
        }
    }
}
