/// Turns the text of a template into nodes.
struct TemplateParser {
    private typealias Node = AlertTemplate.Node

    static let variables: Set<String> = ["$labels", "$externalLabels", "$externalURL", "$value"]
    static let depthLimit = 32
    static let sourceLimit = 64 << 10

    private var rest: Substring
    private var trimsNext = false

    static func parse(_ source: String) throws(TemplateError) -> [AlertTemplate.Node] {
        if source.utf8.count > sourceLimit { throw TemplateError("It has more than \(sourceLimit) bytes.") }
        var parser = TemplateParser(rest: source[...])
        let (nodes, end) = try parser.nodes(depth: 0)
        if let end { throw TemplateError("There is an '\(end)' without an 'if'.") }
        return nodes
    }

    /// Nodes up to `else`, `else if` or `end` (which is returned) or the end of the text.
    private mutating func nodes(depth: Int) throws(TemplateError) -> ([AlertTemplate.Node], String?) {
        if depth > Self.depthLimit { throw TemplateError("Conditions are nested more than \(Self.depthLimit) deep.") }
        var nodes: [Node] = []
        while !rest.isEmpty {
            if let text = try text() { nodes.append(.text(text)) }
            guard let action = try action() else { continue }
            switch action.first {
            case nil: continue
            case .word("if"):
                nodes.append(try condition(Array(action.dropFirst()), depth: depth + 1))
            case .word("end"), .word("else"):
                return (nodes, action.map(\.text).joined(separator: " "))
            case .word(let word) where ["range", "with", "template", "define", "block"].contains(word):
                throw TemplateError("'\(word)' is not supported in alert texts.")
            default:
                nodes.append(.action(try TemplateCommandParser.pipeline(action)))
            }
        }
        return (nodes, nil)
    }

    private mutating func condition(_ tokens: [TemplateToken], depth: Int) throws(TemplateError) -> AlertTemplate.Node {
        var branches: [AlertTemplate.Branch] = []
        var current = try TemplateCommandParser.pipeline(tokens)
        while true {
            let (body, end) = try nodes(depth: depth)
            branches.append(AlertTemplate.Branch(condition: current, body: body))
            guard let end else { throw TemplateError("An 'if' has no 'end'.") }
            if end == "end" { return .condition(branches: branches, otherwise: []) }
            if end == "else" {
                let (otherwise, last) = try nodes(depth: depth)
                guard last == "end" else { throw TemplateError("An 'else' has no 'end'.") }
                return .condition(branches: branches, otherwise: otherwise)
            }
            guard end.hasPrefix("else if ") else { throw TemplateError("'\(end)' is not understood.") }
            current = try TemplateCommandParser.pipeline(try TemplateToken.scan(end.dropFirst("else if ".count)))
        }
    }

    /// The text before the next `{{`, trimmed where an action asks for it.
    private mutating func text() throws(TemplateError) -> String? {
        let start = rest.firstRange(of: "{{")?.lowerBound ?? rest.endIndex
        var text = rest[..<start]
        rest = rest[start...]
        if trimsNext { text = text.drop { $0.isWhitespace } }
        trimsNext = false
        if rest.hasPrefix("{{- ") {
            while text.last?.isWhitespace == true { text.removeLast() }
        }
        return text.isEmpty ? nil : String(text)
    }

    /// The tokens of the action that begins here; nil at the end of the text; none for a comment.
    private mutating func action() throws(TemplateError) -> [TemplateToken]? {
        guard rest.hasPrefix("{{") else { return nil }
        guard let end = TemplateToken.end(of: rest.dropFirst(2)) else { throw TemplateError("A '{{' has no '}}'.") }
        var body = rest.dropFirst(2)[..<end]
        rest = rest[rest.index(end, offsetBy: 2)...]
        if body.hasPrefix("- ") { body = body.dropFirst(2) }
        if body.hasSuffix(" -") {
            body = body.dropLast(2)
            trimsNext = true
        }
        if body.drop(while: \.isWhitespace).hasPrefix("/*") { return [] }
        let tokens = try TemplateToken.scan(body)
        if tokens.isEmpty { throw TemplateError("There is nothing between '{{' and '}}'.") }
        return tokens
    }
}
