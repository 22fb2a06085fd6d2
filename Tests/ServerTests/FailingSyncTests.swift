import EmbeddedStorage
import Platform
import Storage
import TelemetryModel
import Testing

@testable import Server

/// A disk whose syncs fail, below a store that a server keeps in shape.
@Suite("A disk that fails to sync")
struct FailingSyncTests {
    private static let time = ManualTime(now: TestServer.now)

    private static func open(_ files: FaultFileSystem) throws -> EmbeddedStore {
        try EmbeddedStore.open(directory: "/store", fileSystem: files, time: time)
    }

    private static func batch(_ number: Int64) -> MetricBatch {
        var batch = MetricBatch()
        let timestamp = Int64(TestServer.now / 1_000_000) - 100_000 + number
        batch.append(Labels(["__name__": "load"]), [Sample(timestamp: timestamp, value: Double(number))])
        return batch
    }

    private static func values(_ store: EmbeddedStore) throws -> [Double] {
        var values: [Double] = []
        try store.scan(SeriesQuery([try LabelMatcher("__name__", .equal, "load")], from: 0, through: .max)) {
            values += Array($0.values)
        }
        return values
    }

    @Test("/-/ready says so, nothing is taken in meanwhile, and what was acknowledged is written anew", arguments: 0..<20)
    func readiness(seed: UInt64) async throws {
        let files = FaultFileSystem(seed: seed)
        let store = try Self.open(files)
        let server = try TestServer(dependencies: TestServer.dependencies(store: store, time: Self.time))
        func upkeep(_ duty: StoreUpkeep.Duty) -> StoreUpkeep {
            StoreUpkeep(
                duty: duty, store: store, pool: server.dependencies.pool, time: Self.time,
                readiness: server.dependencies.readiness, logger: server.dependencies.logger)
        }
        _ = try store.write(Self.batch(0))
        await upkeep(.sync).once()
        #expect(try await server.send(.get, "/-/ready").status == 200)

        _ = try store.write(Self.batch(1))
        // The sync fails, and so does that of the segment that is written instead.
        files.failSyncs(2)
        await upkeep(.sync).once()
        let refusal = try await server.send(.get, "/-/ready")
        #expect(refusal.status == 503 && refusal.body.contains("sync"), "\(refusal.body)")
        let error = #expect(throws: StorageError.self) { try store.write(Self.batch(2)) }
        #expect(error?.kind == .unavailable)
        #expect(try Self.values(store) == [0, 1])

        // The sync writes the segment anew, the maintenance tries whether records are taken again.
        await upkeep(.sync).once()
        await upkeep(.maintenance).once()
        let ready = try await server.send(.get, "/-/ready")
        #expect(ready.status == 200, "\(ready.body)")
        #expect(try store.write(Self.batch(2)).stored == 1)
        #expect(store.status().damages.contains { $0.contains("written anew") })
        await upkeep(.sync).once()
        // The file that could not be synced never becomes durable: what is left comes from the new one.
        files.powerLoss()
        #expect(try Self.values(try Self.open(files)) == [0, 1, 2])
    }
}
