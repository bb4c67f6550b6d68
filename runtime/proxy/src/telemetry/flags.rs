use std::sync::LazyLock;

/// All that is to be said of an end (Envoy `%RESPONSE_FLAGS%`): why, and what was done before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Flags {
    /// A delay on purpose.
    pub(crate) delayed: bool,
    /// Every try that was allowed failed.
    pub(crate) exhausted: bool,
    pub(crate) why: Flag,
}

impl From<Flag> for Flags {
    fn from(why: Flag) -> Self {
        Self {
            why,
            ..Self::default()
        }
    }
}

/// Texts of all flags: by what was done before, then by why.
type Texts = [Vec<String>; 4];

impl Flags {
    /// Envoy's letters; `-` for none.
    pub(crate) fn as_str(self) -> &'static str {
        static TEXTS: LazyLock<Texts> = LazyLock::new(|| texts(["DI", "URX"], Flag::as_str));
        self.text(&TEXTS)
    }

    /// Envoy's words; `-` for none.
    pub(crate) fn long(self) -> &'static str {
        static TEXTS: LazyLock<Texts> =
            LazyLock::new(|| texts(["DelayInjected", "UpstreamRetryLimitExceeded"], Flag::long));
        self.text(&TEXTS)
    }

    fn text(self, texts: &'static Texts) -> &'static str {
        let before = &texts[usize::from(self.delayed) + 2 * usize::from(self.exhausted)];
        before.get(self.why as usize).map_or("-", String::as_str)
    }
}

fn texts([delayed, exhausted]: [&str; 2], why: fn(Flag) -> &'static str) -> Texts {
    [(false, false), (true, false), (false, true), (true, true)].map(|(was_delayed, was_exhausted)| {
        let join = |flag: &Flag| {
            let parts = [(was_delayed, delayed), (was_exhausted, exhausted)];
            let mut parts: Vec<&str> = parts
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, text)| *text)
                .collect();
            if parts.is_empty() || why(*flag) != "-" {
                parts.push(why(*flag));
            }
            parts.join(",")
        };
        Flag::ALL.iter().map(join).collect()
    })
}

/// Why the proxy itself ended something.
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
    /// The endpoint answered with what is no HTTP.
    UpstreamProtocol,
    /// A limit of the cluster.
    Overflow,
    /// The route's timeout.
    Timeout,
    /// The client went away.
    DownstreamTermination,
    /// A fault on purpose.
    FaultInjected,
    /// A policy refused it.
    Denied,
    /// The client does not speak HTTP as it is.
    DownstreamProtocol,
    /// Somebody who was asked refused it.
    Unauthorized,
}

impl Flag {
    /// In their order.
    const ALL: [Self; 14] = [
        Self::None,
        Self::NoRoute,
        Self::NoHealthyUpstream,
        Self::UpstreamFailure,
        Self::UpstreamTermination,
        Self::UpstreamReset,
        Self::UpstreamProtocol,
        Self::Overflow,
        Self::Timeout,
        Self::DownstreamTermination,
        Self::FaultInjected,
        Self::Denied,
        Self::DownstreamProtocol,
        Self::Unauthorized,
    ];

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
            Self::UpstreamProtocol => "UPE",
            Self::Overflow => "UO",
            Self::Timeout => "UT",
            Self::DownstreamTermination => "DC",
            Self::FaultInjected => "FI",
            Self::DownstreamProtocol => "DPE",
            Self::Unauthorized => "UAEX",
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
            Self::UpstreamProtocol => "UpstreamProtocolError",
            Self::Overflow => "UpstreamOverflow",
            Self::Timeout => "UpstreamRequestTimeout",
            Self::DownstreamTermination => "DownstreamConnectionTermination",
            Self::FaultInjected => "FaultInjected",
            Self::DownstreamProtocol => "DownstreamProtocolError",
            Self::Unauthorized => "UnauthorizedExternalService",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_before_is_told_first() {
        for (place, flag) in Flag::ALL.into_iter().enumerate() {
            assert_eq!(flag as usize, place);
            assert_eq!(Flags::from(flag).as_str(), flag.as_str());
        }
        let all = Flags {
            delayed: true,
            exhausted: true,
            why: Flag::Timeout,
        };
        assert_eq!(all.as_str(), "DI,URX,UT");
        assert_eq!(
            all.long(),
            "DelayInjected,UpstreamRetryLimitExceeded,UpstreamRequestTimeout"
        );
        let only = Flags {
            why: Flag::None,
            delayed: false,
            ..all
        };
        assert_eq!(only.as_str(), "URX");
        assert_eq!(Flags::default().as_str(), "-");
    }
}
