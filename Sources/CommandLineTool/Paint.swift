/// Colours and weights for a terminal; text stays as it is where there are none.
struct Paint {
    /// Whether anything is painted.
    var isOn = false

    /// Services are told apart by the colours that are readable on dark and light ground.
    private static let services = ["36", "33", "35", "32", "34", "96", "93", "95", "92", "94"]

    func service(_ index: Int, _ text: String) -> String { painted(text, Self.services[index % Self.services.count]) }
    func failure(_ text: String) -> String { painted(text, "31") }
    func faint(_ text: String) -> String { painted(text, "2") }
    func strong(_ text: String) -> String { painted(text, "1") }

    private func painted(_ text: String, _ code: String) -> String {
        isOn && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
