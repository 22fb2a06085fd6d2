/// The structure of a regular expression.
indirect enum PatternNode: Sendable {
    /// Matches nothing but the empty text.
    case empty
    /// Exactly this scalar.
    case literal(Unicode.Scalar)
    /// One scalar out of a set.
    case scalar(ScalarSet)
    /// A place between scalars.
    case assertion(PatternAssertion)
    /// One after the other.
    case sequence([PatternNode])
    /// One of them, the first preferred.
    case alternation([PatternNode])
    /// At least `minimum` times, at most `maximum` (nil: any number), preferring many when greedy.
    case repetition(PatternNode, minimum: Int, maximum: Int?, greedy: Bool)
    /// A group that remembers what it matched.
    case group(PatternNode, number: Int)

    /// How many values a product of classes and alternations may have to count as finite.
    static let productLimit = 256

    /// One scalar, in any case when `ignoresCase`.
    static func one(_ scalar: Unicode.Scalar, ignoresCase: Bool) -> PatternNode {
        guard ignoresCase, CaseFolding.variants(scalar.value).count > 1 else { return .literal(scalar) }
        return .scalar(.allCases(of: scalar))
    }

    /// All texts that match, when they are at most `limit`; nil when there are more or no end of them.
    func literals(limit: Int) -> [String]? {
        switch self {
        case .empty: return [""]
        case .literal(let scalar): return [String(Character(scalar))]
        case .scalar(let set): return set.scalars(limit: limit)?.map { String(Character($0)) }
        case .assertion: return nil
        case .group(let inner, _): return inner.literals(limit: limit)
        case .sequence(let nodes): return Self.product(nodes, limit: limit)
        case .alternation(let nodes):
            var all: [String] = []
            for node in nodes {
                guard let some = node.literals(limit: limit), all.count + some.count <= limit else { return nil }
                all += some
            }
            return all
        case .repetition(let inner, 0, 1, _):
            guard let some = inner.literals(limit: limit - 1) else { return nil }
            return some + [""]
        case .repetition: return nil
        }
    }

    private static func product(_ nodes: [PatternNode], limit: Int) -> [String]? {
        var texts = [""]
        for node in nodes {
            guard let endings = node.literals(limit: limit), !endings.isEmpty, texts.count * endings.count <= limit else {
                return nil
            }
            if endings.count == 1 {
                for index in texts.indices { texts[index] += endings[0] }
            } else {
                texts = texts.flatMap { start in endings.map { start + $0 } }
            }
        }
        return texts
    }

    /// What every match starts with.
    var literalPrefix: String {
        switch self {
        case .literal(let scalar): return String(Character(scalar))
        case .group(let inner, _): return inner.literalPrefix
        case .sequence(let nodes):
            var text = ""
            for node in nodes {
                if case .literal(let scalar) = node {
                    text.unicodeScalars.append(scalar)
                } else {
                    return text + (text.isEmpty ? node.literalPrefix : "")
                }
            }
            return text
        default: return ""
        }
    }

    /// Without a text start in front and a text end behind, which anchoring makes superfluous.
    var withoutOuterAnchors: PatternNode {
        switch self {
        case .assertion(.textStart), .assertion(.textEnd): return .empty
        case .sequence(var nodes):
            while case .assertion(.textStart)? = nodes.first { nodes.removeFirst() }
            while case .assertion(.textEnd)? = nodes.last { nodes.removeLast() }
            return .sequence(nodes)
        default: return self
        }
    }
}

/// A condition on a place between two scalars.
enum PatternAssertion: Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary

    /// Whether it holds between `before` and `after`; nil is an end of the text.
    func holds(before: UInt32?, after: UInt32?) -> Bool {
        switch self {
        case .textStart: before == nil
        case .textEnd: after == nil
        case .lineStart: before == nil || before == 0x0A
        case .lineEnd: after == nil || after == 0x0A
        case .wordBoundary: Self.isWord(before) != Self.isWord(after)
        case .noWordBoundary: Self.isWord(before) == Self.isWord(after)
        }
    }

    private static func isWord(_ scalar: UInt32?) -> Bool {
        switch scalar ?? 0 {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
        default: false
        }
    }
}
