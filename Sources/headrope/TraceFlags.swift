import ArgumentParser

extension ServeCommand {
    /// Which traces keep their spans, for how long, and how Zipkin's API finds them.
    struct TraceFlags: ParsableArguments {
        @Option(help: "The probability with which a trace is kept that no rule keeps, 0 to 1.")
        var samplingProbability: String?
        @Option(help: "Whether sampling keeps every trace with an error: true or false.")
        var samplingKeepErrors: String?
        @Option(help: "How long a span takes at least so that sampling keeps its trace; 0 sets no such rule.")
        var samplingSlowerThan: String?
        @Option(help: "The quantile of its operation above which a span keeps its trace; 0 sets no such rule.")
        var samplingSlowerThanQuantile: String?
        @Option(help: "Calls of an operation in a minute below which its traces are kept; 0 sets no such rule.")
        var samplingRareCalls: String?
        @Option(help: "How long spans that sampling does not keep are held back for replays and late spans.")
        var samplingHoldTime: String?
        @Option(help: "How long traces with errors are kept, where that is longer than --retention-time.")
        var retentionKeepErrors: String?
        @Option(help: "How long slow traces are kept, where that is longer than --retention-time.")
        var retentionKeepSlow: String?
        @Option(help: "How long a span takes at least so that its trace is slow.")
        var retentionSlowThreshold: String?
        @Option(help: "Other probabilities, as SERVICE=P or SERVICE/OPERATION=P, with commas between them.")
        var samplingOverrides: [String] = []
        @Option(help: "Whether Zipkin's API tells traces apart whose ids agree in the lower 64 bits only: true or false.")
        var zipkinStrictTraceId: String?
        @Option(help: "Tags whose values Zipkin's API offers for completion, with commas between them.")
        var zipkinAutocompleteKeys: [String] = []

        /// The values by the dashed names of their keys.
        var given: [String: String?] {
            [
                "sampling-probability": samplingProbability,
                "sampling-keep-errors": samplingKeepErrors,
                "sampling-slower-than": samplingSlowerThan,
                "sampling-slower-than-quantile": samplingSlowerThanQuantile,
                "sampling-rare-calls": samplingRareCalls,
                "sampling-hold-time": samplingHoldTime,
                "retention-keep-errors": retentionKeepErrors,
                "retention-keep-slow": retentionKeepSlow,
                "retention-slow-threshold": retentionSlowThreshold,
                "zipkin-strict-trace-id": zipkinStrictTraceId,
            ]
        }
    }
}
