/// Handlers that belong together, with what they need injected.
protocol RouteGroup: Sendable {
    /// Their lines in the table of all paths.
    var routes: [Route] { get }
}
