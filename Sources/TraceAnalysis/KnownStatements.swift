import TelemetryModel

/// The fingerprints of statements met lately: most come again with the next batch, and to look one up costs much less than
/// to read it.
struct KnownStatements {
    private struct Key: Hashable {
        var statement: UInt32
        var dialect: StatementFingerprint.Dialect
    }

    private var statements = SymbolTable()
    private var fingerprints: [Key: UInt32] = [:]
    private var buffer: [UInt8] = []

    /// When the statements have more bytes than this, all are forgotten.
    private static let byteLimit = 1 << 20

    /// The fingerprint of a statement, as a symbol of `texts`, which must always be the same table.
    mutating func fingerprint(
        _ statement: UnsafeRawBufferPointer, _ dialect: StatementFingerprint.Dialect, _ texts: inout SymbolTable
    ) -> UInt32 {
        if statement.count > StatementFingerprint.byteLimit { return print(statement, dialect, &texts) }
        let key = Key(statement: statements.intern(statement), dialect: dialect)
        if let known = fingerprints[key] { return known }
        let symbol = print(statement, dialect, &texts)
        if statements.byteCount > Self.byteLimit {
            statements = SymbolTable()
            fingerprints.removeAll()
        } else {
            fingerprints[key] = symbol
        }
        return symbol
    }

    private mutating func print(
        _ statement: UnsafeRawBufferPointer, _ dialect: StatementFingerprint.Dialect, _ texts: inout SymbolTable
    ) -> UInt32 {
        StatementFingerprint.fingerprint(statement, dialect, into: &buffer)
        return buffer.withUnsafeBytes { texts.intern($0) }
    }
}
