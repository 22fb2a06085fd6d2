/// Why a command could not do what it was asked, as a sentence that says what to do.
struct ToolError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
