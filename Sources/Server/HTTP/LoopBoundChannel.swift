import HummingbirdCore
import Logging
import NIOCore

/// Serves each connection on the thread of its event loop, so that a request changes threads only where it may block (which
/// it does on a pool): every other change costs more than most answers. What a request starts can know when its client goes.
struct LoopBoundChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            try channel.pipeline.syncOperations.addHandler(ClientWatch(), position: .first)
            return value
        }
    }

    func handle(value: Base.Value, logger: Logger) async {
        let channel = value.channel
        await withTaskExecutorPreference(EventLoopExecutor(eventLoop: channel.eventLoop)) {
            // The handler is gone with its pipeline when the client was faster than this.
            let watched = try? await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.handler(type: ClientWatch.self).connection
            }.get()
            await ClientConnection.$current.withValue(watched) { await base.handle(value: value, logger: logger) }
        }
    }
}

/// Runs tasks on the thread of an event loop.
private final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
