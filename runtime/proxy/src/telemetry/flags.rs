/// Why the proxy itself ended something (Envoy `%RESPONSE_FLAGS%`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Flag {
    /// It did not.
    #[default]
    None,
    /// No route.
    NoRoute,
    /// No healthy endpoint.
    NoHealthyUpstream,
    /// The endpoint cannot be reached.
    UpstreamFailure,
    /// The endpoint ended the connection.
    UpstreamTermination,
    /// The endpoint reset the request.
    UpstreamReset,
    /// A limit of the cluster.
    Overflow,
    /// Every try that was allowed failed.
    RetryLimit,
    /// The route's timeout.
    Timeout,
    /// The client went away.
    DownstreamTermination,
    /// A fault on purpose.
    FaultInjected,
    /// A delay on purpose.
    DelayInjected,
    /// A policy refused it.
    Denied,
}

impl Flag {
    /// Envoy's letters; `-` for none.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            // Envoy has no letters for a refusal by RBAC: the details say it.
            Self::None | Self::Denied => "-",
            Self::NoRoute => "NR",
            Self::NoHealthyUpstream => "UH",
            Self::UpstreamFailure => "UF",
            Self::UpstreamTermination => "UC",
            Self::UpstreamReset => "UR",
            Self::Overflow => "UO",
            Self::RetryLimit => "URX",
            Self::Timeout => "UT",
            Self::DownstreamTermination => "DC",
            Self::FaultInjected => "FI",
            Self::DelayInjected => "DI",
        }
    }

    /// Envoy's words; `-` for none.
    pub(crate) fn long(self) -> &'static str {
        match self {
            Self::None | Self::Denied => "-",
            Self::NoRoute => "NoRouteFound",
            Self::NoHealthyUpstream => "NoHealthyUpstream",
            Self::UpstreamFailure => "UpstreamConnectionFailure",
            Self::UpstreamTermination => "UpstreamConnectionTermination",
            Self::UpstreamReset => "UpstreamRemoteReset",
            Self::Overflow => "UpstreamOverflow",
            Self::RetryLimit => "UpstreamRetryLimitExceeded",
            Self::Timeout => "UpstreamRequestTimeout",
            Self::DownstreamTermination => "DownstreamConnectionTermination",
            Self::FaultInjected => "FaultInjected",
            Self::DelayInjected => "DelayInjected",
        }
    }
}
