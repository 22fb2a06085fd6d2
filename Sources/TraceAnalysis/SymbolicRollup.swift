import ByteCoding
import TelemetryModel

/// Who an instance is, as symbols of the builder's texts.
struct InstanceSymbols: Hashable {
    var service: UInt32
    var instance: UInt32
    var version: UInt32
    var hostID: UInt32
    var hostName: UInt32
    var containerID: UInt32
}

/// A ``RollupTable`` whose texts are still numbers.
struct SymbolicRollup {
    struct OperationKey: SymbolicKey {
        var minute: Int64
        var service: UInt32
        var operation: UInt32
        var kind: SpanKind

        var hash: UInt64 { minute.hashed(service, operation, UInt32(kind.rawValue), 0) }
    }

    struct EdgeKey: SymbolicKey {
        var minute: Int64
        var caller: UInt32
        var callee: UInt32
        var kind: EdgeKind

        var hash: UInt64 { minute.hashed(caller, callee, UInt32(kind.rawValue), 0) }
    }

    struct StatementKey: SymbolicKey {
        var minute: Int64
        var system: UInt32
        var namespace: UInt32
        var host: UInt32
        var fingerprint: UInt32
        var callerService: UInt32
        var callerOperation: UInt32

        var hash: UInt64 {
            minute.hashed(system &* 31 &+ namespace, host, fingerprint, callerService << 16 ^ callerOperation)
        }
    }

    struct NodeKey: SymbolicKey {
        var minute: Int64
        var entryService: UInt32
        var entryOperation: UInt32
        var service: UInt32
        var operation: UInt32

        var hash: UInt64 { minute.hashed(entryService, entryOperation, service, operation) }
    }

    struct InstanceKey: SymbolicKey {
        var minute: Int64
        /// The number of the instance among those of the builder.
        var instance: UInt32

        var hash: UInt64 { minute.hashed(instance, 0, 0, 0) }
    }

    /// What is counted to find statements that are run again and again within one call.
    struct Execution: SymbolicKey {
        var caller: Int32
        var fingerprint: UInt32

        var hash: UInt64 { Int64(caller).hashed(fingerprint, 0, 0, 0) }
    }

    var operations = SymbolicTable<OperationKey, OperationRollup>()
    var edges = SymbolicTable<EdgeKey, EdgeRollup>()
    var statements = SymbolicTable<StatementKey, StatementRollup>()
    var nodes = SymbolicTable<NodeKey, NodeRollup>()
    var instances = SymbolicTable<InstanceKey, InstanceRollup>()
}

extension Int64 {
    /// A minute, or another number, mixed with four symbols.
    @inline(__always)
    fileprivate func hashed(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> UInt64 {
        SeededHash.hash(
            SeededHash.hash(UInt64(bitPattern: self), UInt64(a) << 32 | UInt64(b)), UInt64(c) << 32 | UInt64(d))
    }
}
