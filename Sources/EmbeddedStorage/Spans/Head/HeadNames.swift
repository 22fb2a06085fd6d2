import Storage
import Synchronization
import TelemetryModel

/// The operations of the head. Batches that were looked at once are not looked at again until the head is cut.
final class HeadNames: Sendable {
    private struct State {
        var generation: UInt64 = 0
        var batchCount = 0
        var names: Set<OperationName> = []
    }

    private struct Key: Hashable {
        var service: SymbolTable.Symbol
        var name: SymbolTable.Symbol
        var kind: SpanKind
    }

    private let state = Mutex(State())

    /// Every operation of the head.
    func names(_ head: SpanHead) -> Set<OperationName> {
        state.withLock { state in
            if state.generation > head.generation { return Self.names(head.batches[...]) }
            if state.generation < head.generation { state = State(generation: head.generation) }
            if state.batchCount < head.batches.count {
                state.names.formUnion(Self.names(head.batches[state.batchCount...]))
                state.batchCount = head.batches.count
            }
            return state.names
        }
    }

    private static func names(_ batches: ArraySlice<SharedSpanBatch>) -> Set<OperationName> {
        var names: Set<OperationName> = []
        for batch in batches {
            let spans = batch.spans
            var keys: Set<Key> = []
            for row in spans.rows {
                let service = spans.resources[Int(row.resource)].serviceName
                keys.insert(Key(service: service, name: row.name, kind: row.kind))
            }
            for key in keys {
                names.insert(
                    OperationName(
                        service: spans.symbols.string(key.service), operation: spans.symbols.string(key.name), kind: key.kind))
            }
        }
        return names
    }
}
