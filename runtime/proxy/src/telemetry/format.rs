//! Formats of the access log and of values of headers: Envoy's command operators, ready to be asked.

use http::header::HeaderName;
use mesh_wire::format as wire;
use mesh_wire::grpc::STATUSES;

use super::grpc;

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
    /// What comes behind the answer's body.
    Trailer(Vec<HeaderName>),
    /// What a filter wrote down: its name, and a path of keys, outermost first.
    Written(String, Vec<String>),
    /// What never changes, where there is such a thing.
    Constant(Option<String>),
    /// A gRPC status, by its name in one of these, or its number.
    GrpcStatus(&'static [&'static str]),
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
    /// The first of the query's parameters of this name.
    Parameter(String),
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
    UpstreamRemoteIp = "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    UpstreamRemotePort = "UPSTREAM_REMOTE_PORT",
    UpstreamLocalIp = "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    UpstreamLocalPort = "UPSTREAM_LOCAL_PORT",
    TraceId = "TRACE_ID",
    SpanId = "SPAN_ID",
    Local = "DOWNSTREAM_LOCAL_ADDRESS",
    LocalIp = "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    LocalPort = "DOWNSTREAM_LOCAL_PORT",
    DirectLocal = "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
    DirectLocalIp = "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT",
    DirectLocalPort = "DOWNSTREAM_DIRECT_LOCAL_PORT",
    Remote = "DOWNSTREAM_REMOTE_ADDRESS",
    RemoteIp = "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    RemotePort = "DOWNSTREAM_REMOTE_PORT",
    DirectRemotePort = "DOWNSTREAM_DIRECT_REMOTE_PORT",
    DirectRemote = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    DirectRemoteIp = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
    PeerUri = "DOWNSTREAM_PEER_URI_SAN",
    ServerName = "REQUESTED_SERVER_NAME",
    Route = "ROUTE_NAME",
    GrpcStatus = "GRPC_STATUS_NUMBER",
}

impl Format {
    /// What is no operator stands for itself.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut parts, mut plain) = (Vec::new(), String::new());
        for part in wire::Format::parse(text).0 {
            let (what, longest) = match part {
                wire::Part::Text(text) => {
                    plain.push_str(text);
                    continue;
                }
                wire::Part::Fault(wire::Fault::Lone) => {
                    plain.push('%');
                    continue;
                }
                wire::Part::Fault(_) => (Operator::Unknown, None),
                wire::Part::Operator(operator) => {
                    let known = known(operator.name, operator.argument);
                    (known.unwrap_or(Operator::Unknown), operator.longest)
                }
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Operator { what, longest });
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self(parts)
    }

    /// What it says, where it asks for nothing.
    pub(crate) fn constant(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
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

    /// Headers that it tells, and trailers.
    pub(crate) fn headers(&self) -> Told {
        let mut told = Told::default();
        for part in &self.0 {
            let Part::Operator { what, .. } = part else {
                continue;
            };
            match what {
                Operator::Request(fields) => told.request.extend(fields.iter().filter_map(Field::header)),
                Operator::Response(names) => told.response.extend_from_slice(names),
                Operator::Trailer(names) => told.trailers.extend_from_slice(names),
                _ => {}
            }
        }
        told
    }
}

/// Headers and trailers that are told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) request: Vec<HeaderName>,
    pub(crate) response: Vec<HeaderName>,
    pub(crate) trailers: Vec<HeaderName>,
}

fn known(name: &str, argument: Option<&str>) -> Option<Operator> {
    let fields = |argument: &str| argument.split('?').map(Field::parse).collect::<Option<Vec<_>>>();
    match (name, argument) {
        ("START_TIME", pattern) => Some(Operator::StartTime(pattern.map(str::to_owned))),
        ("REQ" | "REQUEST_HEADER", Some(argument)) => fields(argument).map(Operator::Request),
        ("REQ_WITHOUT_QUERY", Some(argument)) => fields(argument).map(bare).map(Operator::Request),
        ("RESP" | "RESPONSE_HEADER", Some(argument)) => names(argument).map(Operator::Response),
        ("TRAILER" | "RESPONSE_TRAILER", Some(argument)) => names(argument).map(Operator::Trailer),
        ("PATH", argument) => path(argument.unwrap_or_default()).map(Operator::Request),
        ("QUERY_PARAM", Some(name)) => Some(Operator::Request(vec![Field::Parameter(name.to_owned())])),
        ("GRPC_STATUS", None | Some("" | "CAMEL_STRING")) => Some(Operator::GrpcStatus(grpc::CAMEL)),
        ("GRPC_STATUS", Some("SNAKE_STRING")) => Some(Operator::GrpcStatus(STATUSES)),
        ("GRPC_STATUS", Some("NUMBER")) => Some(Operator::Named(Named::GrpcStatus)),
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

/// Headers or trailers, of which the first counts that is there.
fn names(argument: &str) -> Option<Vec<HeaderName>> {
    let names = argument.split('?').map(|name| HeaderName::try_from(name).ok());
    names.collect()
}

/// `WQ` or `NQ`, with its query or without; `ORIG`, `PATH` or `ORIG_OR_PATH`, before rewrites or after.
fn path(argument: &str) -> Option<Vec<Field>> {
    let (query, which) = argument.split_once(':').unwrap_or((argument, ""));
    let original = || Field::Header(HeaderName::from_static("x-envoy-original-path"));
    let fields = match which {
        "" | "ORIG_OR_PATH" => vec![original(), Field::Path],
        "ORIG" => vec![original()],
        "PATH" => vec![Field::Path],
        _ => return None,
    };
    match query {
        "" | "WQ" => Some(fields),
        "NQ" => Some(bare(fields)),
        _ => None,
    }
}

/// Each without its query.
fn bare(fields: Vec<Field>) -> Vec<Field> {
    let bare = |field| Field::Bare(Box::new(field));
    fields.into_iter().map(bare).collect()
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
        assert_eq!(format.headers().request, ["x-a"]);
        assert!(!Format::parse("%FILTER_STATE(a)%").is_known());
        assert_eq!(Format::parse("50% of %a").0, [text("50% of %a")]);
    }
}
