/// Makes the enum of attributes that are one value, and the table of their names.
macro_rules! attributes {
    ($($(#[doc = $about:literal])* $attribute:ident = $name:literal),* $(,)?) => {
        /// What an expression can ask of a request or a connection (Envoy's attributes, and Istio's).
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Attribute {
            $($(#[doc = $about])* $attribute,)*
            /// `request.headers['NAME']`, in lower case.
            RequestHeader(String),
            /// `response.headers['NAME']`, in lower case.
            ResponseHeader(String),
            /// `node.metadata['KEY']['KEY']`, of the proxy itself.
            NodeMetadata(Vec<String>),
            /// `upstream_peer.FIELD`: the workload that is called.
            UpstreamPeer(PeerField),
            /// `downstream_peer.FIELD`: the workload that calls.
            DownstreamPeer(PeerField),
        }

        const SIMPLE: &[(&str, Attribute)] = &[$(($name, Attribute::$attribute)),*];
    };
}

attributes! {
    /// The path with its query.
    RequestPath = "request.path",
    /// The path without its query.
    RequestUrlPath = "request.url_path",
    /// The query.
    RequestQuery = "request.query",
    /// The host that is asked.
    RequestHost = "request.host",
    /// `http` or `https`.
    RequestScheme = "request.scheme",
    /// The method.
    RequestMethod = "request.method",
    /// `Referer`.
    RequestReferer = "request.referer",
    /// `User-Agent`.
    RequestUserAgent = "request.useragent",
    /// `X-Request-Id`.
    RequestId = "request.id",
    /// `HTTP/1.1`, `HTTP/2`.
    RequestProtocol = "request.protocol",
    /// Bytes of its body.
    RequestSize = "request.size",
    /// The status.
    ResponseCode = "response.code",
    /// Who answered, and why so (Envoy's `%RESPONSE_CODE_DETAILS%`).
    ResponseCodeDetails = "response.code_details",
    /// `grpc-status`.
    ResponseGrpcStatus = "response.grpc_status",
    /// Bytes of its body.
    ResponseSize = "response.size",
    /// Address and port of who calls.
    SourceAddress = "source.address",
    /// Its port.
    SourcePort = "source.port",
    /// Address and port that are called.
    DestinationAddress = "destination.address",
    /// The port.
    DestinationPort = "destination.port",
    /// The client showed a certificate.
    ConnectionMtls = "connection.mtls",
    /// The name that TLS asked for.
    ConnectionServerName = "connection.requested_server_name",
    /// The identity in the client's certificate.
    ConnectionPeerSan = "connection.uri_san_peer_certificate",
    /// Why it ended.
    ConnectionTermination = "connection.termination_details",
    /// Address and port of the endpoint.
    UpstreamAddress = "upstream.address",
    /// Its port.
    UpstreamPort = "upstream.port",
    /// Where the connection to it comes from.
    UpstreamLocalAddress = "upstream.local_address",
    /// Why it cannot be reached.
    UpstreamFailure = "upstream.transport_failure_reason",
    /// The cluster.
    ClusterName = "xds.cluster_name",
    /// The route.
    RouteName = "xds.route_name",
    /// The proxy's own ID.
    NodeId = "xds.node.id",
}

/// What is known of a peer (Istio's workload metadata).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerField {
    /// `workload`.
    Workload,
    /// `namespace`.
    Namespace,
    /// `service`: the canonical one.
    Service,
    /// `revision`: the canonical one.
    Revision,
    /// `app`.
    App,
    /// `version`.
    Version,
    /// `cluster`.
    Cluster,
}

const PEER: &[(&str, PeerField)] = &[
    ("workload", PeerField::Workload),
    ("namespace", PeerField::Namespace),
    ("service", PeerField::Service),
    ("revision", PeerField::Revision),
    ("app", PeerField::App),
    ("version", PeerField::Version),
    ("cluster", PeerField::Cluster),
];

/// What may stand first, to tell a word that is misspelled from one that proxies do not know.
const ROOTS: &[&str] = &[
    "request",
    "response",
    "source",
    "destination",
    "connection",
    "upstream",
    "xds",
    "node",
    "upstream_peer",
    "downstream_peer",
    "filter_state",
];

impl Attribute {
    /// The one that `path` leads to, such as `["request", "headers", "host"]`.
    pub(super) fn find(path: &[String]) -> Result<Self, String> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let found = match &words[..] {
            ["request", "headers", name] => Some(Self::RequestHeader(name.to_ascii_lowercase())),
            ["response", "headers", name] => Some(Self::ResponseHeader(name.to_ascii_lowercase())),
            ["node", "id"] => Some(Self::NodeId),
            ["node", "metadata", keys @ ..] | ["xds", "node", "metadata", keys @ ..] if !keys.is_empty() => {
                Some(Self::NodeMetadata(owned(keys)))
            }
            ["filter_state", rest @ ..] if rest.first().is_some_and(|peer| peer.ends_with("_peer")) => {
                return Self::find(&owned(rest));
            }
            ["upstream_peer", field] => peer(field).map(Self::UpstreamPeer),
            ["downstream_peer", field] => peer(field).map(Self::DownstreamPeer),
            _ => {
                let name = words.join(".");
                let known = SIMPLE.iter().find(|(own, _)| *own == name);
                known.map(|(_, attribute)| attribute.clone())
            }
        };
        found.ok_or_else(|| Self::unknown(&words))
    }

    fn unknown(words: &[&str]) -> String {
        let name = words.join(".");
        let first = words.first().copied().unwrap_or_default();
        if !ROOTS.contains(&first) {
            return format!("`{name}` is no attribute; a text stands in quotes: '{name}'");
        }
        let before = format!("{first}.");
        let mut known: Vec<&str> = SIMPLE
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| name.starts_with(&before))
            .collect();
        known.extend(match first {
            "request" => ["request.headers['NAME']"].as_slice(),
            "response" => &["response.headers['NAME']"],
            "node" => &["node.id", "node.metadata['KEY']"],
            "upstream_peer" | "downstream_peer" | "filter_state" => &[
                "app",
                "version",
                "workload",
                "namespace",
                "service",
                "revision",
                "cluster",
            ],
            _ => &[],
        });
        format!("proxies do not know `{name}` here; there is {}", known.join(", "))
    }
}

fn peer(field: &str) -> Option<PeerField> {
    PEER.iter()
        .find(|(name, _)| *name == field)
        .map(|(_, field)| *field)
}
