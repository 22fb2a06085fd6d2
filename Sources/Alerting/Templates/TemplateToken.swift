/// A piece of an action.
enum TemplateToken: Equatable {
    /// A function, a keyword, a number, `true` or `false`.
    case word(String)
    /// `$labels.job`, `.Labels.job`, `$`.
    case path(String)
    /// A quoted text.
    case text(String)
    /// `|`, `(`, `)`.
    case mark(Character)

    /// The token as it was written, more or less.
    var text: String {
        switch self {
        case .word(let word), .path(let word): word
        case .text(let text): "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        case .mark(let mark): String(mark)
        }
    }

    /// Where the `}}` stands that ends an action, outside of quotes.
    static func end(of body: Substring) -> Substring.Index? {
        var quote: Character?
        var index = body.startIndex
        while index < body.endIndex {
            let character = body[index]
            if let open = quote {
                if character == "\\", open == "\"" {
                    index = body.index(after: index)
                    if index == body.endIndex { return nil }
                } else if character == open {
                    quote = nil
                }
            } else if character == "\"" || character == "`" {
                quote = character
            } else if character == "}", body[index...].hasPrefix("}}") {
                return index
            }
            index = body.index(after: index)
        }
        return nil
    }

    /// The tokens of an action.
    static func scan(_ body: Substring) throws(TemplateError) -> [TemplateToken] {
        var tokens: [TemplateToken] = []
        var rest = body
        while let character = rest.first {
            if character.isWhitespace {
                rest.removeFirst()
            } else if "|()".contains(character) {
                tokens.append(.mark(character))
                rest.removeFirst()
            } else if character == "\"" || character == "`" {
                rest.removeFirst()
                tokens.append(.text(try quoted(&rest, character)))
            } else {
                let word = rest.prefix { !$0.isWhitespace && !"|()\"`".contains($0) }
                rest = rest.dropFirst(word.count)
                tokens.append(word.hasPrefix("$") || word.hasPrefix(".") ? .path(String(word)) : .word(String(word)))
            }
        }
        return tokens
    }

    private static func quoted(_ rest: inout Substring, _ quote: Character) throws(TemplateError) -> String {
        var text = ""
        while let character = rest.popFirst() {
            if character == quote { return text }
            if character == "\\", quote == "\"" {
                switch rest.popFirst() {
                case "n": text.append("\n")
                case "t": text.append("\t")
                case let escaped?: text.append(escaped)
                case nil: break
                }
            } else {
                text.append(character)
            }
        }
        throw TemplateError("A quoted text has no end.")
    }
}

/// Turns the tokens of an action into a pipeline.
struct TemplateCommandParser {
    private var tokens: ArraySlice<TemplateToken>

    static func pipeline(_ tokens: [TemplateToken]) throws(TemplateError) -> AlertTemplate.Pipeline {
        var parser = TemplateCommandParser(tokens: tokens[...])
        let pipeline = try parser.pipeline(depth: 0)
        if let left = parser.tokens.first { throw TemplateError("'\(left.text)' is not expected here.") }
        return pipeline
    }

    private mutating func pipeline(depth: Int) throws(TemplateError) -> AlertTemplate.Pipeline {
        if depth > TemplateParser.depthLimit { throw TemplateError("Brackets are nested too deep.") }
        var commands: [[AlertTemplate.Operand]] = [[]]
        while let token = tokens.first, token != .mark(")") {
            tokens.removeFirst()
            if token == .mark("|") {
                if commands[commands.count - 1].isEmpty { throw TemplateError("There is nothing before a '|'.") }
                commands.append([])
            } else {
                commands[commands.count - 1].append(try operand(token, depth: depth))
            }
        }
        if commands.contains(where: \.isEmpty) { throw TemplateError("A command is missing.") }
        return AlertTemplate.Pipeline(commands: commands)
    }

    private mutating func operand(_ token: TemplateToken, depth: Int) throws(TemplateError) -> AlertTemplate.Operand {
        switch token {
        case .text(let text): return .text(text)
        case .mark:
            let inner = try pipeline(depth: depth + 1)
            guard tokens.popFirst() == .mark(")") else { throw TemplateError("A '(' has no ')'.") }
            return .nested(inner)
        case .word(let word):
            if let number = Double(word) { return .number(number) }
            if word == "true" || word == "false" { return .flag(word == "true") }
            if TemplateFunctions.names.contains(word) { return .function(word) }
            throw TemplateError("The function '\(word)' is not known.")
        case .path(let path):
            let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            if parts[0].isEmpty || parts[0] == "$" { return .variable("$", fields: parts.dropFirst().filter { !$0.isEmpty }) }
            guard TemplateParser.variables.contains(parts[0]) else {
                throw TemplateError("The variable '\(parts[0])' is not known.")
            }
            return .variable(parts[0], fields: Array(parts.dropFirst()))
        }
    }
}
