import Synchronization
import TelemetryModel

/// Where the series of a head stand in the order of their labels: found out when somebody needs it, and kept. Heads that
/// number their series alike share it.
final class HeadOrder: Sendable {
    private struct State {
        /// The numbers of the series by rising labels.
        var numbers: [UInt32] = []
        /// The place of each series among them.
        var ranks: [UInt32] = []
    }

    private let state = Mutex(State())

    /// The numbers of all series by rising labels; later series than those in `labels` may be among them.
    func numbers(_ labels: [Labels]) -> [UInt32] { known(labels).numbers }

    /// The place of each series in the order of all; later series than those in `labels` may be among them.
    func ranks(_ labels: [Labels]) -> [UInt32] { known(labels).ranks }

    private func known(_ labels: [Labels]) -> State {
        state.withLock { state in
            let count = state.numbers.count
            if count < labels.count {
                let new = (UInt32(count)..<UInt32(labels.count)).sorted { labels[Int($0)] < labels[Int($1)] }
                state.numbers = Self.merged(state.numbers, new, labels)
                state.ranks = [UInt32](repeating: 0, count: labels.count)
                for (rank, number) in state.numbers.enumerated() { state.ranks[Int(number)] = UInt32(rank) }
            }
            return state
        }
    }

    private static func merged(_ a: [UInt32], _ b: [UInt32], _ labels: [Labels]) -> [UInt32] {
        var merged: [UInt32] = []
        merged.reserveCapacity(a.count + b.count)
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            if labels[Int(a[i])] < labels[Int(b[j])] {
                merged.append(a[i])
                i += 1
            } else {
                merged.append(b[j])
                j += 1
            }
        }
        return merged + a[i...] + b[j...]
    }
}

/// Series of a head as they stood at a moment, with what is needed to put them in order without the store's lock.
struct HeadCopies {
    private let snapshots: [HeadSnapshot]
    private let numbers: [UInt32]
    private let labels: [Labels]
    private let order: HeadOrder

    /// When more than one of so many series is wanted, and more than so many, it pays to know the order of all.
    private static let shareToOrder = 16
    private static let countToOrder = 256

    init(_ snapshots: [HeadSnapshot], _ numbers: [UInt32], of labels: [Labels], _ order: HeadOrder) {
        self.snapshots = snapshots
        self.numbers = numbers
        self.labels = labels
        self.order = order
    }

    /// In the order of their labels.
    var inOrder: [HeadSnapshot] {
        if snapshots.count < Self.countToOrder || snapshots.count * Self.shareToOrder < labels.count {
            return snapshots.sorted { $0.labels < $1.labels }
        }
        let ranks = order.ranks(labels)
        // The place of each wanted series, by its rank; one more, and 0 for the others.
        var places = [UInt32](repeating: 0, count: ranks.count)
        for (place, number) in numbers.enumerated() { places[Int(ranks[Int(number)])] = UInt32(place) + 1 }
        var ordered: [HeadSnapshot] = []
        ordered.reserveCapacity(snapshots.count)
        for place in places where place > 0 { ordered.append(snapshots[Int(place) - 1]) }
        return ordered
    }
}
