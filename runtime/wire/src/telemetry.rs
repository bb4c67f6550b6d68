//! What is changed of metrics, log and traces (Istio `telemetry.istio.io/v1`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Fields of a JSON log; empty is Istio's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The file; `None` is standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Cluster of an OpenTelemetry collector that gets the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
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
