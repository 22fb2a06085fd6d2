/// Binary search.
public enum Search {
    /// The first of `count` places for which `isBefore` is false; it must be true for all places before that and for none
    /// behind it.
    @inlinable
    @inline(__always)
    public static func lowerBound(_ count: Int, _ isBefore: (Int) throws -> Bool) rethrows -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low &+ high) / 2
            if try isBefore(middle) { low = middle &+ 1 } else { high = middle }
        }
        return low
    }
}
