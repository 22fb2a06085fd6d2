import ArgumentParser

/// The commands of the command line that ask a server or look at files.
public enum ToolCommands {
    /// All of them, in the order of the help.
    public static let all: [any ParsableCommand.Type] = [
        QueryCommand.self, MetricsCommand.self, LabelsCommand.self, SeriesCommand.self, SearchCommand.self, TraceCommand.self,
        TopCommand.self, ServicesCommand.self, RulesCommand.self,
        ReportCommand.self, CardinalityCommand.self,
    ]
}
