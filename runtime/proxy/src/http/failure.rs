use std::borrow::Cow;

use http::StatusCode;

use crate::cluster::{PoolError, SendError};
use crate::state::routes::RetryOn;
use crate::telemetry::Flag;

/// Why a request got no answer from an endpoint.
#[derive(Debug)]
pub(super) enum Failure {
    NoEndpoint,
    /// A limit of the cluster.
    Overflow,
    Connect(String),
    /// The connection or the stream ended before an answer began.
    Reset {
        refused: bool,
        unsent: bool,
        /// Of a stream, whose connection goes on.
        stream: bool,
    },
    /// The client's body is none: its fault, not the endpoint's.
    Malformed,
    /// What came back is no HTTP.
    Protocol,
    /// Of one try.
    TryTimeout,
    /// Of all tries.
    Timeout,
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Overflow => Self::Overflow,
            PoolError::Dial(error) => Self::Connect(error.to_string()),
        }
    }
}

impl Failure {
    /// `unsent` where nothing of the request was sent.
    pub(super) fn reset(error: &SendError, unsent: bool) -> Self {
        if error.is_no_http() {
            return Self::Protocol;
        }
        Self::Reset {
            refused: error.is_refused(),
            unsent,
            stream: error.is_reset(),
        }
    }

    /// Whether Envoy would try again.
    pub(super) fn is_retriable(&self, on: &RetryOn) -> bool {
        match self {
            Self::NoEndpoint | Self::Overflow | Self::Malformed | Self::Timeout => false,
            Self::Connect(_) => on.connect_failure || on.server_error || on.gateway_error || on.reset,
            Self::Reset { refused, unsent, .. } => {
                on.reset
                    || on.server_error
                    || on.gateway_error
                    || *refused && on.refused_stream
                    || *unsent && on.reset_before_request
            }
            Self::Protocol | Self::TryTimeout => on.reset || on.server_error || on.gateway_error,
        }
    }

    pub(super) fn flag(&self) -> Flag {
        match self {
            Self::NoEndpoint => Flag::NoHealthyUpstream,
            Self::Overflow => Flag::Overflow,
            Self::Connect(_) => Flag::UpstreamFailure,
            Self::Malformed => Flag::DownstreamProtocol,
            Self::Reset { refused: true, .. } | Self::Reset { stream: true, .. } => Flag::UpstreamReset,
            Self::Reset { .. } => Flag::UpstreamTermination,
            Self::Protocol => Flag::UpstreamProtocol,
            Self::TryTimeout | Self::Timeout => Flag::Timeout,
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::TryTimeout | Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Protocol => StatusCode::BAD_GATEWAY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Envoy's own words, which people search for.
    pub(super) fn body(&self, again: bool) -> String {
        let latest = if again { "retried and the latest " } else { "" };
        let before =
            format!("upstream connect error or disconnect/reset before headers. {latest}reset reason:");
        match self {
            Self::NoEndpoint => "no healthy upstream".to_owned(),
            Self::Malformed => "Bad Request".to_owned(),
            Self::Overflow => format!("{before} overflow"),
            Self::Connect(why) => {
                format!("{before} remote connection failure, transport failure reason: {why}")
            }
            Self::Reset { refused: true, .. } => format!("{before} remote refused stream reset"),
            Self::Reset { stream: true, .. } => format!("{before} remote reset"),
            Self::Reset { .. } => format!("{before} connection termination"),
            Self::Protocol => format!("{before} protocol error"),
            Self::TryTimeout | Self::Timeout => "upstream request timeout".to_owned(),
        }
    }

    pub(super) fn details(&self) -> Cow<'static, str> {
        let details = match self {
            Self::Connect(why) => {
                let why = why.replace(char::is_whitespace, "_");
                return format!("upstream_reset_before_response_started{{remote_connection_failure|{why}}}")
                    .into();
            }
            Self::Malformed => "http1.codec_error",
            Self::NoEndpoint => "no_healthy_upstream",
            Self::Overflow => "upstream_reset_before_response_started{overflow}",
            Self::Reset { refused: true, .. } => {
                "upstream_reset_before_response_started{remote_refused_stream_reset}"
            }
            Self::Reset { stream: true, .. } => "upstream_reset_before_response_started{remote_reset}",
            Self::Reset { .. } => "upstream_reset_before_response_started{connection_termination}",
            Self::Protocol => "upstream_reset_before_response_started{protocol_error}",
            Self::TryTimeout => "upstream_per_try_timeout",
            Self::Timeout => "response_timeout",
        };
        details.into()
    }

    pub(super) fn transport(&self) -> Option<String> {
        match self {
            Self::Connect(why) => Some(why.clone()),
            _ => None,
        }
    }
}
