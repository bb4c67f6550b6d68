//! What is changed of metrics, log and traces (Istio `telemetry.istio.io/v1`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::snapshot::AccessLog;

/// Istio's line of text (`EnvoyTextLogFormat` of istio `pilot/pkg/model/telemetry_logging.go`).
pub const ISTIO_LINE: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% \
    %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" \
    %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \
    \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% \
    %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

/// Istio's fields of an object (`EnvoyJSONLogFormatIstio`, ibid.).
pub const ISTIO_FIELDS: [(&str, &str); 24] = [
    ("authority", "%REQ(:AUTHORITY)%"),
    ("bytes_received", "%BYTES_RECEIVED%"),
    ("bytes_sent", "%BYTES_SENT%"),
    (
        "connection_termination_details",
        "%CONNECTION_TERMINATION_DETAILS%",
    ),
    ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
    ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
    ("duration", "%DURATION%"),
    ("method", "%REQ(:METHOD)%"),
    ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
    ("protocol", "%PROTOCOL%"),
    ("request_id", "%REQ(X-REQUEST-ID)%"),
    ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
    ("response_code", "%RESPONSE_CODE%"),
    ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
    ("response_flags", "%RESPONSE_FLAGS%"),
    ("route_name", "%ROUTE_NAME%"),
    ("start_time", "%START_TIME%"),
    ("upstream_cluster", "%UPSTREAM_CLUSTER_RAW%"),
    ("upstream_host", "%UPSTREAM_HOST%"),
    ("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
    ("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
    (
        "upstream_transport_failure_reason",
        "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    ),
    ("user_agent", "%REQ(USER-AGENT)%"),
    ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
];

/// [`ISTIO_FIELDS`], as options of a log name theirs.
pub fn istio_fields() -> BTreeMap<String, String> {
    let owned = |(name, format): (&str, &str)| (name.to_owned(), format.to_owned());
    ISTIO_FIELDS.into_iter().map(owned).collect()
}

/// A change of the standard metrics; later ones count over earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MetricEdit {
    /// Istio's name of the metric, such as `REQUEST_COUNT`; `None` is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Where; `None` is both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Side>,
    /// What becomes of it.
    pub change: MetricChange,
}

/// What becomes of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum MetricChange {
    /// It is not counted.
    Drop,
    /// It loses a label.
    DropTag(String),
    /// A label gets a value.
    Tag {
        /// The label.
        name: String,
        /// A CEL expression of attributes.
        value: String,
    },
}

/// One end of a connection.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The workload calls.
    Client,
    /// The workload is called.
    Server,
}

/// What is said of the access log beyond its form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AccessLogOptions {
    /// A CEL expression of attributes: only what it is true of is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Where; `None` is both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Side>,
    /// Fields of a JSON log, and attributes of what a collector gets; empty is Istio's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The file; `None` is standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Cluster of an OpenTelemetry collector that gets the log instead: the line as the body of a record, the fields of a
    /// JSON log as its attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
}

/// One of several access logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AnotherLog {
    /// Its form.
    pub form: AccessLog,
    /// What is said of it beyond its form.
    #[serde(default, skip_serializing_if = "AccessLogOptions::is_empty")]
    pub options: AccessLogOptions,
}

/// The value of a span's tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum TraceTag {
    /// Always this.
    Literal(String),
    /// A header of the request.
    Header {
        /// Its name.
        name: String,
        /// Where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
    /// A variable of the proxy's environment.
    Environment {
        /// Its name.
        name: String,
        /// Where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
}

impl AccessLogOptions {
    /// They say nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
