/// A set of Unicode scalars: a bitmap for ASCII, ranges and general categories for the rest.
struct ScalarSet: Sendable {
    /// Closed ranges of scalar values, in the order they were written.
    private(set) var ranges: [ClosedRange<UInt32>] = []
    /// General categories whose scalars belong to the set (or, negated, do not).
    private var categories: [(prefix: String, negated: Bool)] = []
    private var negated = false
    private var ignoresCase = false
    private var asciiLow: UInt64 = 0
    private var asciiHigh: UInt64 = 0

    /// All scalars, or all but the line feed.
    static func any(lineFeed: Bool) -> ScalarSet {
        var set = ScalarSet()
        if lineFeed {
            set.add(0...0x10FFFF)
        } else {
            set.add(0...0x09)
            set.add(0x0B...0x10FFFF)
        }
        return set.sealed()
    }

    /// The scalars, when they are at most `limit` and written as such.
    func scalars(limit: Int) -> [Unicode.Scalar]? {
        guard categories.isEmpty, !negated, !ignoresCase else { return nil }
        var total = 0
        for range in ranges {
            total += range.count
            if total > limit { return nil }
        }
        return ranges.flatMap { range in range.compactMap(Unicode.Scalar.init) }
    }

    mutating func add(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    mutating func add(category: String, negated: Bool) { categories.append((category, negated)) }

    /// Adds the scalars that are in none of `others`, which are sorted and do not overlap.
    mutating func addComplement(of others: [ClosedRange<UInt32>]) {
        var next: UInt32 = 0
        for range in others {
            if range.lowerBound > next { add(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        add(next...0x10FFFF)
    }

    /// The finished set, ready for ``contains(_:)``.
    func sealed(negated: Bool = false, ignoresCase: Bool = false) -> ScalarSet {
        var set = self
        set.negated = negated
        set.ignoresCase = ignoresCase
        for value in UInt32(0)..<128 where set.slowContains(value) {
            if value < 64 { set.asciiLow |= 1 << UInt64(value) } else { set.asciiHigh |= 1 << UInt64(value - 64) }
        }
        return set
    }

    /// Whether the set has the scalar.
    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return (asciiLow &>> UInt64(scalar)) & 1 == 1 }
        if scalar < 128 { return (asciiHigh &>> UInt64(scalar &- 64)) & 1 == 1 }
        return slowContains(scalar)
    }

    private func slowContains(_ scalar: UInt32) -> Bool {
        let found = ignoresCase ? Self.variants(scalar).contains(where: holds) : holds(scalar)
        return found != negated
    }

    private func holds(_ scalar: UInt32) -> Bool {
        if ranges.contains(where: { $0.contains(scalar) }) { return true }
        guard !categories.isEmpty, let scalar = Unicode.Scalar(scalar) else { return false }
        let name = scalar.properties.generalCategory.abbreviation
        return categories.contains { name.hasPrefix($0.prefix) != $0.negated }
    }

    /// The scalar and its other cases.
    static func variants(_ scalar: UInt32) -> Set<UInt32> {
        guard let known = Unicode.Scalar(scalar) else { return [scalar] }
        var found: Set<UInt32> = [scalar]
        for mapping in [known.properties.lowercaseMapping, known.properties.uppercaseMapping] {
            let mapped = Array(mapping.unicodeScalars)
            if mapped.count == 1 { found.insert(mapped[0].value) }
        }
        // The Kelvin sign and the long s fold to ASCII letters that do not map back to them.
        if !found.isDisjoint(with: [0x4B, 0x6B]) { found.formUnion([0x4B, 0x6B, 0x212A]) }
        if !found.isDisjoint(with: [0x53, 0x73]) { found.formUnion([0x53, 0x73, 0x17F]) }
        return found
    }
}

extension Unicode.GeneralCategory {
    /// The two letters that Unicode gives the category.
    var abbreviation: String {
        switch self {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }

    /// The one- and two-letter names that an expression may use.
    static let names: Set<String> = [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
        "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co",
    ]
}
