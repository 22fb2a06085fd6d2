/// Finds base and width under which groups of integers take the least space.
///
/// Neighbouring groups of a column are mostly alike: while the form of the last one does about as well for the next, it is
/// kept, which saves both its header and the search.
struct GroupPlanner {
    struct Plan {
        var form: GroupForm
        var exceptionCount: Int
        var isRepeated: Bool
        /// From the base of the group before.
        var baseDifference: Int64
    }

    /// What the header of a group that repeats nothing costs, about.
    private static let headerBitCount = 32

    private var last: GroupForm?
    /// What the search last came to, in bits for 128 values.
    private var lastCost = 0

    mutating func plan(_ group: UnsafeBufferPointer<Int64>) -> Plan {
        var repeated: (cost: Int, exceptionCount: Int)?
        if let last {
            repeated = Self.cost(last, group)
            // A few per cent above the cost of the group that the form was made for.
            if let repeated,
                repeated.cost * PackedIntegers.groupCount <= (lastCost + lastCost / 32 + Self.headerBitCount) * group.count
            {
                return Plan(form: last, exceptionCount: repeated.exceptionCount, isRepeated: true, baseDifference: 0)
            }
        }
        let form = Self.search(group)
        // The search knows the order of the values only; this counts what is written.
        guard let cost = Self.cost(form, group) else { preconditionFailure("the search gives forms that fit") }
        if let last, let repeated, repeated.cost <= cost.cost + Self.headerBitCount {
            return Plan(form: last, exceptionCount: repeated.exceptionCount, isRepeated: true, baseDifference: 0)
        }
        let difference = form.base &- (last?.base ?? 0)
        last = form
        lastCost = cost.cost * PackedIntegers.groupCount / group.count
        return Plan(form: form, exceptionCount: cost.exceptionCount, isRepeated: false, baseDifference: difference)
    }

    /// The bits that a group takes in a form, and its exceptions; nil when it cannot be written so.
    private static func cost(_ form: GroupForm, _ group: UnsafeBufferPointer<Int64>) -> (cost: Int, exceptionCount: Int)? {
        var exceptionCount = 0
        var largest: UInt64 = 0
        for value in group {
            let upper = form.upper(value)
            exceptionCount &+= upper == 0 ? 0 : 1
            largest = max(largest, upper)
        }
        if exceptionCount > 0, 64 - (largest - 1).leadingZeroBitCount > form.exceptionWidth { return nil }
        if exceptionCount >= PackedIntegers.groupCount { return nil }
        return (
            group.count * form.width + exceptionCount * (PackedIntegers.placeWidth + form.exceptionWidth), exceptionCount
        )
    }

    private static func search(_ group: UnsafeBufferPointer<Int64>) -> GroupForm {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: group.count) { buffer in
            var sorted = buffer
            _ = sorted.initialize(from: group)
            sorted.sort()
            return search(sorted: UnsafeBufferPointer(sorted))
        }
    }

    private static func search(sorted: UnsafeBufferPointer<Int64>) -> GroupForm {
        let count = sorted.count
        let (range, overflow) = sorted[count - 1].subtractingReportingOverflow(sorted[0])
        if overflow { return GroupForm(base: 0, width: 64, exceptionWidth: 0) }
        let full = 64 - range.leadingZeroBitCount
        var best = GroupForm(base: sorted[0], width: full, exceptionWidth: 0)
        var bestCost = full * count
        // Without the outer few the range is near the best width: the search starts a little above.
        let tail = count / 32
        let inner = 64 - (sorted[count - 1 - tail] - sorted[tail]).leadingZeroBitCount
        var width = min(inner + 1, full - 1)
        while width >= 0 {
            let window = window(sorted, width: width)
            let exceptionCount = count - window.count
            if exceptionCount * 2 > count { break }
            let form = GroupForm(base: sorted[window.start], width: width, exceptionWidth: 0)
            let largest = max(form.upper(sorted[0]), form.upper(sorted[count - 1]))
            let exceptionWidth = largest == 0 ? 0 : 64 - (largest - 1).leadingZeroBitCount
            let cost = width * count + exceptionCount * (PackedIntegers.placeWidth + exceptionWidth)
            if cost < bestCost {
                bestCost = cost
                best = GroupForm(base: form.base, width: width, exceptionWidth: exceptionWidth)
            }
            width -= 1
        }
        return best
    }

    /// Where the window of `2^width` values that holds most of them starts, and how many it holds.
    private static func window(_ sorted: UnsafeBufferPointer<Int64>, width: Int) -> (start: Int, count: Int) {
        let span = Int64(1) &<< Int64(truncatingIfNeeded: width)
        var best = (start: 0, count: 0)
        var end = 0
        for start in sorted.indices {
            while end < sorted.count, sorted[end] &- sorted[start] < span { end &+= 1 }
            if end &- start > best.count { best = (start, end &- start) }
            if end == sorted.count { break }
        }
        return best
    }
}
