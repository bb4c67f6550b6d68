//! Formats of Envoy's command operators, such as `%REQ(X-A?X-B):10%`: lines of access logs, and values of headers
//! (Envoy's "Access logging", section "Command operators").

/// A format, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format<'a>(pub Vec<Part<'a>>);

/// What a format is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// It stands for itself.
    Text(&'a str),
    /// Something is put in.
    Operator(Operator<'a>),
    /// No operator, though it begins like one: Envoy takes no configuration with it.
    Fault(Fault<'a>),
}

/// `%NAME(ARGUMENT):LENGTH%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator<'a> {
    /// What is put in.
    pub name: &'a str,
    /// What stands in parentheses.
    pub argument: Option<&'a str>,
    /// Longer values are cut, characters.
    pub longest: Option<usize>,
}

/// What is wrong with a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault<'a> {
    /// A `%` that begins nothing.
    Lone,
    /// Envoy has no operator of this name.
    Unknown(&'a str),
    /// The operator is nothing without an argument.
    Missing(&'a str),
    /// The operator takes no argument.
    Needless(&'a str),
}

/// Whether an operator has an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    None,
    May,
    Must,
}

/// Envoy's operators, those of the extensions that Istio configures among them.
const OPERATORS: [(Takes, &str); 3] = [
    (
        Takes::None,
        "ACCESS_LOG_TYPE BYTES_RECEIVED BYTES_RETRANSMITTED BYTES_SENT CONNECTION_ID CONNECTION_TERMINATION_DETAILS \
         DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT \
         DOWNSTREAM_DETECTED_CLOSE_TYPE DOWNSTREAM_DIRECT_LOCAL_ADDRESS DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT \
         DOWNSTREAM_DIRECT_LOCAL_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT \
         DOWNSTREAM_DIRECT_REMOTE_PORT DOWNSTREAM_HANDSHAKE_DURATION DOWNSTREAM_HEADER_BYTES_RECEIVED \
         DOWNSTREAM_HEADER_BYTES_SENT DOWNSTREAM_LOCAL_ADDRESS DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT \
         DOWNSTREAM_LOCAL_CLOSE_REASON DOWNSTREAM_LOCAL_DNS_SAN DOWNSTREAM_LOCAL_EMAIL_SAN DOWNSTREAM_LOCAL_IP_SAN \
         DOWNSTREAM_LOCAL_OTHERNAME_SAN DOWNSTREAM_LOCAL_PORT DOWNSTREAM_LOCAL_SUBJECT DOWNSTREAM_LOCAL_URI_SAN \
         DOWNSTREAM_PEER_CERT DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1 DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256 \
         DOWNSTREAM_PEER_CHAIN_SERIALS DOWNSTREAM_PEER_DNS_SAN DOWNSTREAM_PEER_EMAIL_SAN \
         DOWNSTREAM_PEER_FINGERPRINT_1 DOWNSTREAM_PEER_FINGERPRINT_256 DOWNSTREAM_PEER_IP_SAN DOWNSTREAM_PEER_ISSUER \
         DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256 DOWNSTREAM_PEER_ISSUER_SERIAL DOWNSTREAM_PEER_OTHERNAME_SAN \
         DOWNSTREAM_PEER_SERIAL DOWNSTREAM_PEER_SUBJECT DOWNSTREAM_PEER_URI_SAN DOWNSTREAM_REMOTE_ADDRESS \
         DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT DOWNSTREAM_REMOTE_PORT DOWNSTREAM_TLS_CIPHER DOWNSTREAM_TLS_GROUP \
         DOWNSTREAM_TLS_SESSION_ID DOWNSTREAM_TLS_VERSION DOWNSTREAM_TRANSPORT_FAILURE_REASON \
         DOWNSTREAM_WIRE_BYTES_RECEIVED DOWNSTREAM_WIRE_BYTES_SENT DURATION FILTER_CHAIN_NAME GRPC_STATUS_NUMBER \
         HOSTNAME LOCAL_REPLY_BODY PROTOCOL REQUEST_DURATION REQUEST_HEADERS_BYTES REQUEST_TX_DURATION RESPONSE_CODE \
         RESPONSE_CODE_DETAILS RESPONSE_DURATION RESPONSE_FLAGS RESPONSE_FLAGS_LONG RESPONSE_HEADERS_BYTES \
         RESPONSE_TRAILERS_BYTES RESPONSE_TX_DURATION ROUNDTRIP_DURATION ROUTE_NAME SPAN_ID STREAM_ID \
         TLS_JA3_FINGERPRINT TLS_JA4_FINGERPRINT TRACE_ID UNIQUE_ID UPSTREAM_CLUSTER UPSTREAM_CLUSTER_RAW \
         UPSTREAM_CONNECTION_ID UPSTREAM_CONNECTION_IDS_ATTEMPTED UPSTREAM_CONNECTION_POOL_READY_DURATION \
         UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT \
         UPSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_HEADER_BYTES_RECEIVED UPSTREAM_HEADER_BYTES_SENT UPSTREAM_HOST \
         UPSTREAM_HOSTS_ATTEMPTED UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT UPSTREAM_HOST_NAME \
         UPSTREAM_HOST_NAMES_ATTEMPTED UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT UPSTREAM_HOST_NAME_WITHOUT_PORT \
         UPSTREAM_LOCAL_ADDRESS UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT UPSTREAM_LOCAL_CLOSE_REASON \
         UPSTREAM_LOCAL_DNS_SAN UPSTREAM_LOCAL_IP_SAN UPSTREAM_LOCAL_PORT UPSTREAM_LOCAL_URI_SAN UPSTREAM_PEER_CERT \
         UPSTREAM_PEER_DNS_SAN UPSTREAM_PEER_IP_SAN UPSTREAM_PEER_ISSUER UPSTREAM_PEER_SUBJECT UPSTREAM_PEER_URI_SAN \
         UPSTREAM_PROTOCOL UPSTREAM_REMOTE_ADDRESS UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT UPSTREAM_REMOTE_PORT \
         UPSTREAM_REQUEST_ATTEMPT_COUNT UPSTREAM_SERVER_NAME UPSTREAM_TLS_CIPHER UPSTREAM_TLS_GROUP \
         UPSTREAM_TLS_SESSION_ID UPSTREAM_TLS_VERSION UPSTREAM_TRANSPORT_FAILURE_REASON UPSTREAM_WIRE_BYTES_RECEIVED \
         UPSTREAM_WIRE_BYTES_SENT VIRTUAL_CLUSTER_NAME",
    ),
    (
        Takes::May,
        "CUSTOM_FLAGS DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID \
         DOWNSTREAM_PEER_CERT_V_END DOWNSTREAM_PEER_CERT_V_START EMIT_TIME EMIT_TIME_LOCAL GRPC_STATUS PATH \
         PROXY_PROTOCOL_VERSION QUERY REQUESTED_SERVER_NAME START_TIME START_TIME_LOCAL UPSTREAM_PEER_CERT_V_END \
         UPSTREAM_PEER_CERT_V_START UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID",
    ),
    (
        Takes::Must,
        "CEL CLUSTER_METADATA COMMON_DURATION COOKIE DYNAMIC_METADATA ENVIRONMENT FILE_CONTENT FILTER_STATE METADATA \
         PER_REQUEST_STATE QUERY_PARAM QUERY_PARAMS REQ REQUEST_HEADER REQUEST_TRAILER REQ_WITHOUT_QUERY RESP \
         RESPONSE_HEADER RESPONSE_TRAILER SECRET TRAILER UPSTREAM_FILTER_STATE UPSTREAM_METADATA",
    ),
];

/// The names of all operators.
pub fn names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().flat_map(|(_, names)| names.split(' '))
}

impl<'a> Format<'a> {
    /// Takes `text` apart. `%%` is a percent sign.
    pub fn parse(text: &'a str) -> Self {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find('%') {
            let (before, from) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before));
            }
            let after = &from[1..];
            if let Some(behind) = after.strip_prefix('%') {
                parts.push(Part::Text("%"));
                rest = behind;
            } else if let Some((operator, behind)) = operator(after) {
                parts.push(match fault(&operator) {
                    None => Part::Operator(operator),
                    Some(fault) => Part::Fault(fault),
                });
                rest = behind;
            } else {
                parts.push(Part::Fault(Fault::Lone));
                rest = after;
            }
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest));
        }
        Self(parts)
    }

    /// What is wrong with it.
    pub fn faults(&self) -> impl Iterator<Item = Fault<'a>> {
        self.0.iter().filter_map(|part| match part {
            Part::Fault(fault) => Some(*fault),
            _ => None,
        })
    }
}

/// The operator that begins behind a percent sign, and what follows it. Its argument may hold percent signs.
fn operator(text: &str) -> Option<(Operator<'_>, &str)> {
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
    let operator = Operator {
        name,
        argument,
        longest,
    };
    (!name.is_empty()).then_some((operator, rest))
}

fn fault<'a>(operator: &Operator<'a>) -> Option<Fault<'a>> {
    let has = |names: &str| names.split(' ').any(|name| name == operator.name);
    let found = OPERATORS.iter().find(|(_, names)| has(names));
    match (found, operator.argument) {
        (None, _) => Some(Fault::Unknown(operator.name)),
        (Some((Takes::Must, _)), None | Some("")) => Some(Fault::Missing(operator.name)),
        (Some((Takes::None, _)), Some(_)) => Some(Fault::Needless(operator.name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::telemetry::{ISTIO_LINE, istio_fields};

    fn parts(text: &str) -> Vec<Part<'_>> {
        Format::parse(text).0
    }

    #[test]
    fn operators_have_arguments_and_lengths() {
        let operator = |name, argument, longest| {
            Part::Operator(Operator {
                name,
                argument,
                longest,
            })
        };
        let text = Part::Text;
        let all = [
            text("a "),
            operator("REQ", Some("X-A?:PATH"), Some(7)),
            text(" 100"),
            text("%"),
            text(" "),
            operator("START_TIME", Some("%s"), None),
            operator("DURATION", None, None),
        ];
        assert_eq!(
            parts("a %REQ(X-A?:PATH):7% 100%% %START_TIME(%s)%%DURATION%"),
            all
        );
    }

    #[test]
    fn what_is_no_operator_is_told() {
        let faults = |text| Format::parse(text).faults().collect::<Vec<_>>();
        assert_eq!(faults("50% of %a"), [Fault::Lone, Fault::Lone]);
        assert_eq!(
            faults("%REQ% %PROTOCOLL% %DURATION(a)% %REQ()%"),
            [
                Fault::Missing("REQ"),
                Fault::Unknown("PROTOCOLL"),
                Fault::Needless("DURATION"),
                Fault::Missing("REQ"),
            ]
        );
        assert_eq!(faults(ISTIO_LINE), []);
        for format in istio_fields().values() {
            assert_eq!(faults(format), []);
        }
    }

    proptest! {
        #[test]
        fn no_format_is_too_strange(text in "[%A-Z_():?é0-9 ]{0,60}") {
            let _ = Format::parse(&text);
        }
    }
}
