/// Characters that differ in nothing but their case, as Unicode's simple case folding has them.
enum CaseFolding {
    /// The scalar and its other cases.
    static func variants(_ scalar: UInt32) -> [UInt32] {
        if scalar < 0x80, let own = ascii[Int(scalar)] { return own }
        if let orbit = orbits[scalar] { return orbit }
        guard let known = Unicode.Scalar(scalar) else { return [scalar] }
        var found = [scalar]
        for mapping in [known.properties.lowercaseMapping, known.properties.uppercaseMapping] {
            let mapped = Array(mapping.unicodeScalars)
            if mapped.count == 1, !found.contains(mapped[0].value) { found.append(mapped[0].value) }
        }
        return found
    }

    /// What ``variants(_:)`` has for each ASCII character that has other cases.
    private static let ascii: [[UInt32]?] = (UInt32(0)..<0x80).map { value in
        let letter = value & ~0x20
        guard letter >= 0x41, letter <= 0x5A else { return nil }
        return orbits[value] ?? [letter, letter | 0x20]
    }

    /// The sets that the mappings to lower and upper case do not tell, by each of their members. The dotless i, whose upper
    /// case is that of another letter, is alone.
    private static let orbits: [UInt32: [UInt32]] = {
        var orbits: [UInt32: [UInt32]] = [0x131: [0x131]]
        for orbit in unusual + iotas { for scalar in orbit { orbits[scalar] = orbit } }
        return orbits
    }()

    /// Greek letters with a iota below or beside them, eight small ones before eight capital ones.
    private static let iotas: [[UInt32]] = [0x1F80, 0x1F90, 0x1FA0].flatMap { (start: UInt32) in
        (start..<(start + 8)).map { [$0, $0 + 8] }
    }

    private static let unusual: [[UInt32]] = [
        [0x4B, 0x6B, 0x212A], [0x53, 0x73, 0x17F], [0xDF, 0x1E9E], [0xC5, 0xE5, 0x212B], [0x1C4, 0x1C5, 0x1C6],
        [0x1C7, 0x1C8, 0x1C9], [0x1CA, 0x1CB, 0x1CC], [0x1F1, 0x1F2, 0x1F3], [0x392, 0x3B2, 0x3D0],
        [0x395, 0x3B5, 0x3F5], [0x398, 0x3B8, 0x3D1, 0x3F4], [0x345, 0x399, 0x3B9, 0x1FBE], [0x39A, 0x3BA, 0x3F0],
        [0xB5, 0x39C, 0x3BC], [0x3A0, 0x3C0, 0x3D6], [0x3A1, 0x3C1, 0x3F1], [0x3A3, 0x3C2, 0x3C3],
        [0x3A6, 0x3C6, 0x3D5], [0x3A9, 0x3C9, 0x2126], [0x412, 0x432, 0x1C80], [0x414, 0x434, 0x1C81],
        [0x41E, 0x43E, 0x1C82], [0x421, 0x441, 0x1C83], [0x422, 0x442, 0x1C84, 0x1C85], [0x42A, 0x44A, 0x1C86],
        [0x462, 0x463, 0x1C87], [0x1E60, 0x1E61, 0x1E9B], [0x1FB3, 0x1FBC], [0x1FC3, 0x1FCC], [0x1FF3, 0x1FFC],
        [0x1C88, 0xA64A, 0xA64B],
    ]
}
