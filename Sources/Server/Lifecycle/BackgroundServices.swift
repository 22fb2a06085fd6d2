import ServiceLifecycle

/// The one list of what goes on beside the requests. Each service runs until its task is cancelled.
enum BackgroundServices {
    /// Every service that the configuration asks for.
    static func all(_ server: ServerDependencies, _ configuration: ServerConfiguration) -> [any Service] {
        let upkeep: [any Service] = [StoreUpkeep.Duty.sync, .maintenance].map { duty in
            StoreUpkeep(
                duty: duty, store: server.store, pool: server.upkeep, time: server.time, readiness: server.readiness,
                logger: server.logger)
        }
        guard configuration.selfStore else { return upkeep }
        let instance = (configuration.listen ?? ServerConfiguration.defaultListen).description
        return upkeep + [SelfMetricsService(server: server, instance: instance)]
    }
}
