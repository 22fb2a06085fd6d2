import ByteCoding
import TelemetryModel

/// The bytes of all symbols of a table, for as long as a closure runs.
struct SymbolBytes: ~Copyable {
    private let pointers: UnsafeMutableBufferPointer<UnsafeRawBufferPointer>

    subscript(symbol: UInt32) -> UnsafeRawBufferPointer { pointers[Int(symbol)] }

    /// Calls `body` with the bytes of each symbol and the symbols in the order of their bytes.
    static func ranked<Result>(
        _ table: borrowing SymbolTable, _ body: (borrowing SymbolBytes, [UInt32]) throws -> Result
    ) rethrows -> Result {
        try table.withArena { arena, ends in
            try withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: ends.count) { pointers in
                var start = 0
                for symbol in ends.indices {
                    pointers[symbol] = UnsafeRawBufferPointer(rebasing: arena[start..<Int(ends[symbol])])
                    start = Int(ends[symbol])
                }
                let order = (0..<UInt32(ends.count)).sorted { RawBytes.precedes(pointers[Int($0)], pointers[Int($1)]) }
                return try body(SymbolBytes(pointers: pointers), order)
            }
        }
    }
}
