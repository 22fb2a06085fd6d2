/// A regular expression as a non-deterministic automaton that is run over all states at once (Thompson, 1968): its time is
/// the number of instructions times the length of the text, whatever the text is.
struct PatternProgram: Sendable {
    private enum Instruction: Sendable {
        case literal(UInt32)
        case scalar(ScalarSet)
        case assertion(PatternAssertion)
        /// Goes on at both, the first preferred.
        case split(Int, Int)
        case jump(Int)
        /// Remembers the position in a slot.
        case save(Int)
        case accept
    }

    /// The most instructions; a larger expression is refused.
    static let instructionLimit = 10_000
    /// The refusal of such an expression.
    static let tooLarge = LabelPatternError(
        "error parsing regexp: expression too large: it needs more than \(instructionLimit) states")

    private var instructions: [Instruction] = []
    private let capturing: Bool

    /// Compiles; throws when there are more than ``instructionLimit`` instructions.
    init(_ node: PatternNode, capturing: Bool) throws(LabelPatternError) {
        self.capturing = capturing
        try append(node)
        instructions.append(.accept)
    }

    // MARK: Compiling

    private mutating func add(_ instruction: Instruction) throws(LabelPatternError) {
        if instructions.count >= Self.instructionLimit { throw Self.tooLarge }
        instructions.append(instruction)
    }

    private mutating func append(_ node: PatternNode) throws(LabelPatternError) {
        switch node {
        case .empty: break
        case .literal(let scalar): try add(.literal(scalar.value))
        case .scalar(let set): try add(.scalar(set))
        case .assertion(let assertion): try add(.assertion(assertion))
        case .sequence(let nodes): for node in nodes { try append(node) }
        case .alternation(let nodes): try appendAlternation(nodes)
        case .group(let inner, let number):
            if capturing { try add(.save(2 * number)) }
            try append(inner)
            if capturing { try add(.save(2 * number + 1)) }
        case .repetition(let inner, let minimum, let maximum, let greedy):
            try appendRepetition(inner, minimum, maximum, greedy)
        }
    }

    private mutating func appendAlternation(_ nodes: [PatternNode]) throws(LabelPatternError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            if index == nodes.count - 1 {
                try append(node)
                continue
            }
            let split = instructions.count
            try add(.jump(0))
            try append(node)
            jumps.append(instructions.count)
            try add(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }

    private mutating func appendRepetition(
        _ inner: PatternNode, _ minimum: Int, _ maximum: Int?, _ greedy: Bool
    ) throws(LabelPatternError) {
        for _ in 0..<minimum { try append(inner) }
        guard let maximum else {
            let split = instructions.count
            try add(.jump(0))
            try append(inner)
            try add(.jump(split))
            instructions[split] = Self.split(split + 1, instructions.count, greedy)
            return
        }
        var splits: [Int] = []
        for _ in minimum..<max(minimum, maximum) {
            splits.append(instructions.count)
            try add(.jump(0))
            try append(inner)
        }
        for split in splits { instructions[split] = Self.split(split + 1, instructions.count, greedy) }
    }

    private static func split(_ inside: Int, _ past: Int, _ greedy: Bool) -> Instruction {
        greedy ? .split(inside, past) : .split(past, inside)
    }

    // MARK: Running

    /// The states that are alive at one position, by preference, each once.
    private struct States {
        var list: [Int] = []
        var slots: [[Int]] = []
        var mark: [Int]

        init(count: Int) { mark = [Int](repeating: -1, count: count) }

        mutating func clear() {
            list.removeAll(keepingCapacity: true)
            slots.removeAll(keepingCapacity: true)
        }
    }

    /// Whether the whole of `text` matches.
    func matches(_ text: String) -> Bool { run(text, slotCount: 0) != nil }

    /// The positions (in scalars) of what each group matched when the whole of `text` matches.
    func captures(in text: String, groupCount: Int) -> [Range<Int>?]? {
        guard var slots = run(text, slotCount: 2 * groupCount) else { return nil }
        slots[0] = 0
        slots[1] = text.unicodeScalars.count
        return (0..<groupCount).map { group in
            let start = slots[2 * group]
            let end = slots[2 * group + 1]
            return start >= 0 && end >= start ? start..<end : nil
        }
    }

    /// The slots of the preferred match of the whole text; nil when there is none.
    private func run(_ text: String, slotCount: Int) -> [Int]? {
        var current = States(count: instructions.count)
        var next = States(count: instructions.count)
        var iterator = text.unicodeScalars.makeIterator()
        var before: UInt32?
        var after = iterator.next()?.value
        var position = 0
        let unset = [Int](repeating: -1, count: slotCount)
        follow(0, unset, &current, position, before, after)
        while let scalar = after {
            if current.list.isEmpty { return nil }
            after = iterator.next()?.value
            before = scalar
            position += 1
            next.clear()
            for index in current.list.indices {
                let state = current.list[index]
                guard reads(scalar, at: state) else { continue }
                follow(state + 1, slotCount == 0 ? unset : current.slots[index], &next, position, before, after)
            }
            swap(&current, &next)
        }
        guard let accepted = current.list.firstIndex(of: instructions.count - 1) else { return nil }
        return slotCount == 0 ? unset : current.slots[accepted]
    }

    /// Whether the instruction reads this scalar.
    private func reads(_ scalar: UInt32, at state: Int) -> Bool {
        switch instructions[state] {
        case .literal(let wanted): wanted == scalar
        case .scalar(let set): set.contains(scalar)
        default: false
        }
    }

    /// Adds `start` and what can be reached from it without reading a scalar, in order of preference.
    private func follow(
        _ start: Int, _ startSlots: [Int], _ states: inout States, _ position: Int, _ before: UInt32?, _ after: UInt32?
    ) {
        let keepsSlots = !startSlots.isEmpty
        var pending = [(start, startSlots)]
        while var (state, slots) = pending.popLast() {
            while states.mark[state] != position {
                states.mark[state] = position
                switch instructions[state] {
                case .literal, .scalar, .accept:
                    states.list.append(state)
                    if keepsSlots { states.slots.append(slots) }
                case .assertion(let assertion):
                    if assertion.holds(before: before, after: after) {
                        state += 1
                        continue
                    }
                case .split(let preferred, let other):
                    pending.append((other, slots))
                    state = preferred
                    continue
                case .jump(let target):
                    state = target
                    continue
                case .save(let slot):
                    if keepsSlots { slots[slot] = position }
                    state += 1
                    continue
                }
                break
            }
        }
    }
}
