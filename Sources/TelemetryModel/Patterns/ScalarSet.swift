/// A set of Unicode scalars: a bitmap for ASCII, ranges, classes and general categories for the rest.
struct ScalarSet: Sendable {
    /// Scalars that belong together, or with `isNegated` all others.
    private struct Group: Sendable {
        var ranges: [ClosedRange<UInt32>] = []
        /// The beginnings of the names of general categories.
        var categories: [String] = []
        var isNegated: Bool

        func holds(_ scalar: UInt32) -> Bool {
            if ranges.contains(where: { $0.contains(scalar) }) { return true }
            guard !categories.isEmpty, let scalar = Unicode.Scalar(scalar) else { return false }
            let name = scalar.properties.generalCategory.abbreviation
            return categories.contains { name.hasPrefix($0) }
        }
    }

    /// Closed ranges of scalar values, in the order they were written.
    private(set) var ranges: [ClosedRange<UInt32>] = []
    private var groups: [Group] = []
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
        guard groups.isEmpty, !negated, !ignoresCase else { return nil }
        var total = 0
        for range in ranges {
            total += range.count
            if total > limit { return nil }
        }
        return ranges.flatMap { range in range.compactMap(Unicode.Scalar.init) }
    }

    mutating func add(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    /// Adds the scalars of some ranges, or all others. Case is ignored, if at all, before they are negated.
    mutating func add(_ ranges: [ClosedRange<UInt32>], negated: Bool) {
        if negated { groups.append(Group(ranges: ranges, isNegated: true)) } else { self.ranges += ranges }
    }

    /// Adds the scalars of some general categories, or all others.
    mutating func add(categories: [String], negated: Bool) {
        groups.append(Group(categories: categories, isNegated: negated))
    }

    /// The finished set, ready for ``contains(_:)``.
    func sealed(negated: Bool = false, ignoresCase: Bool = false) -> ScalarSet {
        var set = self
        set.negated = negated
        set.ignoresCase = ignoresCase
        for value in UInt32(0)..<128 where set.slowContains(value) { set.setBit(value) }
        return set
    }

    /// The scalar in all its cases.
    static func allCases(of scalar: Unicode.Scalar) -> ScalarSet {
        var set = ScalarSet()
        set.ignoresCase = true
        for variant in CaseFolding.variants(scalar.value) {
            set.add(variant...variant)
            if variant < 128 { set.setBit(variant) }
        }
        return set
    }

    private mutating func setBit(_ value: UInt32) {
        if value < 64 { asciiLow |= 1 << UInt64(value) } else { asciiHigh |= 1 << UInt64(value - 64) }
    }

    /// Whether it has more scalars than can be listed, or ignores case.
    var isOpen: Bool { !groups.isEmpty || negated || ignoresCase }

    /// Whether the set has the scalar.
    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return (asciiLow &>> UInt64(scalar)) & 1 == 1 }
        if scalar < 128 { return (asciiHigh &>> UInt64(scalar &- 64)) & 1 == 1 }
        return slowContains(scalar)
    }

    private func slowContains(_ scalar: UInt32) -> Bool { isListed(scalar) != negated }

    private func isListed(_ scalar: UInt32) -> Bool {
        let variants = ignoresCase ? CaseFolding.variants(scalar) : [scalar]
        if variants.contains(where: { variant in ranges.contains { $0.contains(variant) } }) { return true }
        return groups.contains { variants.contains(where: $0.holds) != $0.isNegated }
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

    /// The beginnings of the categories that a name in an expression stands for; nil when there is no such name.
    static func named(_ name: String) -> [String]? {
        name == "LC" ? ["Lu", "Ll", "Lt"] : names.contains(name) ? [name] : nil
    }

    /// The one- and two-letter names that an expression may use.
    private static let names: Set<String> = [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
        "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cn", "Co", "Cs",
    ]
}
