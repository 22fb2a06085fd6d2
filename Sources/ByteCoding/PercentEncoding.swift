/// Text as a component of a URL (RFC 3986 section 2).
public enum PercentEncoding {
    private static let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    private static let digits = Array("0123456789ABCDEF".unicodeScalars)

    /// The text with every byte but letters, digits and `-._~` as per cent and two digits.
    public static func component(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            if plain.contains(byte) {
                output.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                output.unicodeScalars.append(contentsOf: ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return output
    }
}
