/// Services that depend on themselves through others: strongly connected components (R. Tarjan, 1972), without recursion.
public enum DependencyCycles {
    /// A cycle: all members that reach each other, and one way round.
    public struct Cycle: Hashable, Sendable {
        /// All of them, sorted.
        public var members: [String]
        /// Each calls the next; the last is the first again. The shortest way that leads back to the first member.
        public var path: [String]
    }

    /// The cycles among `edges` (who calls whom), sorted by their first member. Calling oneself is no cycle.
    public static func cycles(_ edges: some Sequence<(caller: String, callee: String)>) -> [Cycle] {
        var graph: [String: Set<String>] = [:]
        for edge in edges where edge.caller != edge.callee {
            graph[edge.caller, default: []].insert(edge.callee)
            if graph[edge.callee] == nil { graph[edge.callee] = [] }
        }
        let names = graph.keys.sorted()
        let number = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
        let next = names.map { name in (graph[name] ?? []).compactMap { number[$0] }.sorted() }
        var search = ComponentSearch(next)
        let cycles = search.components().filter { $0.count > 1 }.map { component in
            Cycle(members: component.map { names[$0] }, path: way(round: component, next).map { names[$0] })
        }
        return cycles.sorted { $0.members.lexicographicallyPrecedes($1.members) }
    }

    /// The shortest way from the first member back to it, by breadth.
    private static func way(round component: [Int], _ next: [[Int]]) -> [Int] {
        let members = Set(component)
        let first = component[0]
        var cameFrom: [Int: Int] = [:]
        var queue = [first]
        var position = 0
        while position < queue.count {
            let node = queue[position]
            position += 1
            for other in next[node] where members.contains(other) {
                if other == first {
                    var path = [first, node]
                    while let before = cameFrom[path[path.count - 1]] { path.append(before) }
                    return path.reversed()
                }
                if cameFrom[other] == nil {
                    cameFrom[other] = node
                    queue.append(other)
                }
            }
        }
        return []
    }
}

/// Tarjan's search with a stack of its own.
private struct ComponentSearch {
    private let next: [[Int]]
    private var index: [Int]
    private var low: [Int]
    private var isOnStack: [Bool]
    private var stack: [Int] = []
    private var found: [[Int]] = []
    private var counter = 0

    init(_ next: [[Int]]) {
        self.next = next
        index = next.map { _ in -1 }
        low = next.map { _ in 0 }
        isOnStack = next.map { _ in false }
    }

    mutating func components() -> [[Int]] {
        for node in next.indices where index[node] < 0 { visit(node) }
        return found
    }

    private mutating func enter(_ node: Int) {
        index[node] = counter
        low[node] = counter
        counter += 1
        stack.append(node)
        isOnStack[node] = true
    }

    private mutating func visit(_ root: Int) {
        var frames = [(node: root, position: 0)]
        enter(root)
        while let (node, position) = frames.last {
            if position < next[node].count {
                frames[frames.count - 1].position += 1
                let other = next[node][position]
                if index[other] < 0 {
                    enter(other)
                    frames.append((other, 0))
                } else if isOnStack[other] {
                    low[node] = min(low[node], index[other])
                }
            } else {
                frames.removeLast()
                if let caller = frames.last?.node { low[caller] = min(low[caller], low[node]) }
                if low[node] == index[node] { close(node) }
            }
        }
    }

    private mutating func close(_ node: Int) {
        var component: [Int] = []
        while let member = stack.popLast() {
            isOnStack[member] = false
            component.append(member)
            if member == node { break }
        }
        found.append(component.sorted())
    }
}
