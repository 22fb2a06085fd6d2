import IntakeRoutes

/// The one list of everything that the server answers.
enum AllRoutes {
    /// Builds the table of all paths; throws when a path stands in it twice.
    static func table(_ server: ServerDependencies) throws -> RouteTable {
        let groups: [any RouteGroup] = [
            AdminRoutes(server: server),
            IntakeRouteGroup(handlers: IntakeHandlers(pipeline: server.intake)),
            QueryRoutes(server: server),
            ExpressionRoutes(features: server.queries.engine.features),
            SeriesRoutes(server: server),
            TSDBAdminRoutes(server: server),
            CardinalityRoutes(server: server),
            MetricSideRoutes(server: server),
            RuleRoutes(server: server),
            StatusRoutes(server: server),
            TargetRoutes(server: server),
            FeatureRoutes(server: server),
            FederationRoutes(server: server),
            ZipkinRoutes(server: server),
            JaegerRoutes(server: server),
            JaegerV3Routes(server: server),
            AnalysisRoutes(server: server),
            try PageRoutes(server: server),
            LaterRoutes(),
        ]
        return try RouteTable(groups.flatMap(\.routes))
    }
}
