/// What a label may be called.
public enum PromQLLabelName {
    /// Whether a text can name a label: it is not empty, and no escape in it made bytes that are no UTF-8, which became U+FFFD.
    public static func isValid(_ text: String) -> Bool { !text.isEmpty && !text.unicodeScalars.contains("\u{FFFD}") }

    /// The name as it is, or in quotes if it would not be read as a name without them.
    public static func text(_ name: String) -> String {
        PromQLExpression.isName(name, colon: false) ? name : GoText.quoted(name)
    }
}
