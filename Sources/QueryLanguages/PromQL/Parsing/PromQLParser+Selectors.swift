import TelemetryModel

// Names and matchers.
extension PromQLParser {
    /// Reads the braces, if any, of a selector whose name has been taken.
    mutating func parseSelector(named name: PromQLToken?) throws(PromQLError) -> PromQLExpression.Selector {
        var matchers: [LabelMatcher] = []
        if try take(.leftBrace) {
            while try !take(.rightBrace) {
                matchers.append(try parseMatcher())
                if try !take(.comma), try !isNext(.rightBrace) {
                    throw try unexpected("label matching", expected: "\",\" or \"}\"")
                }
            }
        }
        if let name { matchers.append(try matcher(Labels.nameLabel, .equal, name.text, at: name.location.lowerBound)) }
        return PromQLExpression.Selector(name: name?.text, matchers: matchers)
    }

    private mutating func parseMatcher() throws(PromQLError) -> LabelMatcher {
        let token = try peek()
        let place = token.location.lowerBound
        let name: String
        switch token.kind {
        case .identifier:
            try take()
            name = token.text
        case .string(let text):
            try take()
            if try nextOperation() == nil { return try matcher(Labels.nameLabel, .equal, text, at: place) }
            name = text
        default: throw try unexpected("label matching", expected: "identifier or \"}\"")
        }
        guard let operation = try nextOperation() else {
            throw try unexpected("label matching", expected: "label matching operator")
        }
        try take()
        guard case .string(let value) = try peek().kind else { throw try unexpected("label matching", expected: "string") }
        try take()
        return try matcher(name, operation, value, at: place)
    }

    private mutating func nextOperation() throws(PromQLError) -> LabelMatcher.Operation? {
        switch try peek().kind {
        case .symbol(.assign): .equal
        case .symbol(.matches): .matches
        case .symbol(.matchesNot): .matchesNot
        case .operation(.notEqual): .notEqual
        default: nil
        }
    }

    private mutating func matcher(
        _ name: String, _ operation: LabelMatcher.Operation, _ value: String, at offset: Int
    ) throws(PromQLError) -> LabelMatcher {
        let matcher: LabelMatcher
        do { matcher = try LabelMatcher(name, operation, value) } catch {
            throw self.error(error.description, at: offset)
        }
        if let pattern = matcher.pattern, pattern.literals == nil { patternCount += 1 }
        if patternCount > Self.patternLimit {
            throw error("the expression has more than \(Self.patternLimit) regular expressions", at: offset)
        }
        return matcher
    }

    /// Reads names of labels in parentheses.
    mutating func parseLabelNames() throws(PromQLError) -> [String] {
        let context = "grouping opts"
        if try !take(.leftParenthesis) { throw try unexpected(context, expected: "\"(\"") }
        var names: [String] = []
        while try !take(.rightParenthesis) {
            let token = try peek()
            switch token.kind {
            case .string(let name):
                try take()
                if !PromQLLabelName.isValid(name) {
                    throw error("invalid label name for grouping: \(GoText.quoted(name))", at: token.location.lowerBound)
                }
                names.append(name)
            case _ where token.canNameLabel: names.append(try take().text)
            default: throw try unexpected(context, expected: "label")
            }
            if try !take(.comma), try !isNext(.rightParenthesis) { throw try unexpected(context, expected: "\",\" or \")\"") }
        }
        return names
    }
}
