import EmbeddedStorage

extension ServerConfiguration.Sampling {
    /// What the store is told.
    func policy() throws -> SamplingPolicy {
        var policy = SamplingPolicy()
        policy.probability = probability
        policy.keepErrors = keepErrors
        policy.slowerThan = UInt64(clamping: slowerThan).nanoseconds
        policy.slowerThanQuantile = slowerThanQuantile
        policy.rareCalls = UInt64(rareCalls)
        policy.holdTime = UInt64(clamping: holdTime).nanoseconds
        policy.overrides = try overridePolicies()
        return policy
    }

    /// Reads `SERVICE=P` and `SERVICE/OPERATION=P`: the last `=` and the first `/` divide.
    func overridePolicies() throws -> [SamplingPolicy.Override] {
        if overrides.count > SamplingPolicy.overrideLimit {
            throw ConfigurationError("sampling.overrides may have at most \(SamplingPolicy.overrideLimit) entries.")
        }
        return try overrides.map { text in
            guard let place = text.lastIndex(of: "="), let probability = Double(text[text.index(after: place)...]),
                (0...1).contains(probability), place > text.startIndex, !text.hasPrefix("/")
            else {
                throw ConfigurationError(
                    "sampling.overrides must be a list of texts such as shop=0.5 or shop/GET /cart=0.1, which '\(text)' is not.")
            }
            let parts = text[..<place].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            return SamplingPolicy.Override(
                service: String(parts[0]), operation: parts.count > 1 ? String(parts[1]) : nil, probability: probability)
        }
    }
}

extension ServerConfiguration.Retention {
    /// Tells the store.
    func apply(to options: inout SpanStoreOptions) {
        options.keepErrors = UInt64(clamping: keepErrors).nanoseconds
        options.keepSlow = UInt64(clamping: keepSlow).nanoseconds
        options.slowDuration = UInt64(clamping: slowThreshold).nanoseconds
    }
}

extension UInt64 {
    /// Milliseconds as nanoseconds, at most what fits.
    fileprivate var nanoseconds: UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : product
    }
}
