//! Formats of the access log: Envoy's command operators.

use http::header::HeaderName;

/// A format, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Format(pub(super) Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Operator {
        what: Operator,
        /// Longer values are cut.
        longest: Option<usize>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// By a strftime pattern; `None` is Envoy's.
    StartTime(Option<String>),
    /// The first of two that is there.
    Request(Vec<Field>),
    Response(Vec<HeaderName>),
    /// What a filter wrote down: its name, and a path of keys, outermost first.
    Written(String, Vec<String>),
    /// What never changes, where there is such a thing.
    Constant(Option<String>),
    Named(Named),
    /// None that this proxy knows.
    Unknown,
}

/// A header of a request, pseudo headers among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Method,
    Path,
    Authority,
    Scheme,
    Header(HeaderName),
    /// Any of these without its query.
    Bare(Box<Self>),
}

/// Makes the enum of operators without arguments, and the table of their names.
macro_rules! named {
    ($($operator:ident = $name:literal),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Named { $($operator),* }

        const NAMED: &[(&str, Named)] = &[$(($name, Named::$operator)),*];
    };
}

named! {
    Protocol = "PROTOCOL",
    Code = "RESPONSE_CODE",
    Details = "RESPONSE_CODE_DETAILS",
    Flags = "RESPONSE_FLAGS",
    FlagsLong = "RESPONSE_FLAGS_LONG",
    Termination = "CONNECTION_TERMINATION_DETAILS",
    UpstreamFailure = "UPSTREAM_TRANSPORT_FAILURE_REASON",
    Received = "BYTES_RECEIVED",
    Sent = "BYTES_SENT",
    Duration = "DURATION",
    UpstreamHost = "UPSTREAM_HOST",
    UpstreamCluster = "UPSTREAM_CLUSTER",
    UpstreamClusterRaw = "UPSTREAM_CLUSTER_RAW",
    UpstreamLocal = "UPSTREAM_LOCAL_ADDRESS",
    UpstreamRemote = "UPSTREAM_REMOTE_ADDRESS",
    Local = "DOWNSTREAM_LOCAL_ADDRESS",
    LocalIp = "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    LocalPort = "DOWNSTREAM_LOCAL_PORT",
    Remote = "DOWNSTREAM_REMOTE_ADDRESS",
    RemoteIp = "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    DirectRemote = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    DirectRemoteIp = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
    PeerUri = "DOWNSTREAM_PEER_URI_SAN",
    ServerName = "REQUESTED_SERVER_NAME",
    Route = "ROUTE_NAME",
    GrpcStatus = "GRPC_STATUS_NUMBER",
}

impl Format {
    /// Takes `text` apart; what is no operator stands for itself.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find('%') {
            plain.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                plain.push('%');
                rest = after;
                continue;
            }
            let Some((part, after)) = operator(rest) else {
                plain.push('%');
                continue;
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(part);
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self(parts)
    }

    /// Whether the proxy knows all that it asks for.
    pub(crate) fn is_known(&self) -> bool {
        let unknown = |part: &Part| {
            matches!(
                part,
                Part::Operator {
                    what: Operator::Unknown,
                    ..
                }
            )
        };
        !self.0.iter().any(unknown)
    }

    /// Whether it tells what filters wrote down.
    pub(crate) fn tells_metadata(&self) -> bool {
        let written = |part: &Part| {
            matches!(
                part,
                Part::Operator {
                    what: Operator::Written(..),
                    ..
                }
            )
        };
        self.0.iter().any(written)
    }

    /// Headers of requests, and of responses, that it tells.
    pub(crate) fn headers(&self) -> (Vec<HeaderName>, Vec<HeaderName>) {
        let (mut request, mut response) = (Vec::new(), Vec::new());
        for part in &self.0 {
            match part {
                Part::Operator {
                    what: Operator::Request(fields),
                    ..
                } => {
                    request.extend(fields.iter().filter_map(Field::header));
                }
                Part::Operator {
                    what: Operator::Response(names),
                    ..
                } => response.extend(names.clone()),
                _ => {}
            }
        }
        (request, response)
    }
}

/// `NAME(ARGUMENT):LENGTH%`, and what follows. The argument may hold percent signs.
fn operator(text: &str) -> Option<(Part, &str)> {
    let end = text.find(|next: char| !next.is_ascii_uppercase() && next != '_' && !next.is_ascii_digit())?;
    let (name, mut rest) = text.split_at(end);
    let mut argument = None;
    if let Some(inside) = rest.strip_prefix('(') {
        let close = inside.find(')')?;
        argument = Some(&inside[..close]);
        rest = &inside[close + 1..];
    }
    let mut longest = None;
    if let Some(length) = rest.strip_prefix(':') {
        let close = length.find('%')?;
        longest = Some(length[..close].parse().ok()?);
        rest = &length[close..];
    }
    let rest = rest.strip_prefix('%')?;
    let what = known(name, argument).unwrap_or(Operator::Unknown);
    (!name.is_empty()).then_some((Part::Operator { what, longest }, rest))
}

fn known(name: &str, argument: Option<&str>) -> Option<Operator> {
    let fields = |argument: &str| argument.split('?').map(Field::parse).collect::<Option<Vec<_>>>();
    match (name, argument) {
        ("START_TIME", pattern) => Some(Operator::StartTime(pattern.map(str::to_owned))),
        ("REQ", Some(argument)) => fields(argument).map(Operator::Request),
        ("REQ_WITHOUT_QUERY", Some(argument)) => {
            let bare = |field| Field::Bare(Box::new(field));
            let fields = fields(argument)?.into_iter().map(bare);
            Some(Operator::Request(fields.collect()))
        }
        ("RESP", Some(argument)) => {
            let names = argument.split('?').map(|name| HeaderName::try_from(name).ok());
            names.collect::<Option<_>>().map(Operator::Response)
        }
        ("DYNAMIC_METADATA", Some(argument)) => {
            let mut keys = argument.split(':').map(str::to_owned);
            Some(Operator::Written(keys.next()?, keys.collect()))
        }
        ("ENVIRONMENT", Some(variable)) => Some(Operator::Constant(std::env::var(variable).ok())),
        ("HOSTNAME", None) => {
            let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
            Some(Operator::Constant(name.ok().map(|name| name.trim().to_owned())))
        }
        (name, None) => {
            let found = NAMED.iter().find(|(known, _)| *known == name);
            found.map(|(_, named)| Operator::Named(*named))
        }
        _ => None,
    }
}

impl Field {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            ":method" => Self::Method,
            ":path" => Self::Path,
            ":authority" | "host" => Self::Authority,
            ":scheme" => Self::Scheme,
            name => Self::Header(HeaderName::try_from(name).ok()?),
        })
    }

    fn header(&self) -> Option<HeaderName> {
        match self {
            Self::Header(name) => Some(name.clone()),
            Self::Bare(inner) => inner.header(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn operators_have_arguments_and_lengths() {
        let format = Format::parse("a %REQ(X-A?:PATH):7% 100%% %START_TIME(%s)% %DURATION%");
        let text = |text: &str| Part::Text(text.to_owned());
        let whole = |what| Part::Operator { what, longest: None };
        let fields = vec![Field::Header(HeaderName::from_static("x-a")), Field::Path];
        let parts = [
            text("a "),
            Part::Operator {
                what: Operator::Request(fields),
                longest: Some(7),
            },
            text(" 100% "),
            whole(Operator::StartTime(Some("%s".to_owned()))),
            text(" "),
            whole(Operator::Named(Named::Duration)),
        ];
        assert_eq!(format.0, parts);
        assert!(format.is_known());
        assert_eq!(format.headers().0, ["x-a"]);
        assert!(!Format::parse("%FILTER_STATE(a)%").is_known());
        assert_eq!(Format::parse("50% of %a").0, [text("50% of %a")]);
    }

    proptest! {
        #[test]
        fn no_format_is_too_strange(text in "[%A-Z_():?é0-9 ]{0,60}") {
            let _ = Format::parse(&text);
        }
    }
}
