//! Istio's ProxyConfig as its tools write it back (proto3's JSON): what is at its default is left out.

use serde_json::{Map, Value};

/// Fields whose value is written even at its default, since they are wrapped and know whether they were set.
const WRAPPED: &[&str] = &[
    "attemptCount",
    "cert",
    "chain",
    "clusterPerConnectionBufferLimitBytes",
    "concurrency",
    "disabled",
    "dns",
    "enableIstioTags",
    "enabled",
    "fallback",
    "globalDownstreamConnectionLimit",
    "holdApplicationUntilProxyStarts",
    "http2InitialConnectionWindowSize",
    "http2InitialStreamWindowSize",
    "httpMaxConcurrentStreams",
    "httpMergeSlashes",
    "listenerConnectionLimit",
    "listenerPerConnectionBufferLimitBytes",
    "maxNumberOfAnnotations",
    "maxNumberOfAttributes",
    "maxNumberOfMessageEvents",
    "preserveHttp1HeaderCase",
    "serviceCluster",
    "statsCompression",
    "subject",
    "tracingServiceName",
    "uri",
];

/// Fields that hold names of the user's: they are not spelt anew, and empty they are left out.
const MAPS: &[&str] = &["proxyMetadata", "runtimeValues", "customTags"];

/// First values of their enums.
const FIRST: &[(&str, &str)] = &[
    ("controlPlaneAuthPolicy", "NONE"),
    ("forwardClientCertDetails", "UNDEFINED"),
    ("forwardedClientCert", "UNDEFINED"),
    (
        "httpHeadersWithUnderscoresAction",
        "HEADERS_WITH_UNDERSCORES_UNSPECIFIED",
    ),
    (
        "httpPathWithEscapedSlashesAction",
        "PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED",
    ),
    ("interceptionMode", "REDIRECT"),
    ("mode", "UNDEFINED"),
    ("profile", "SIDECAR"),
];

/// `config` as it is written back.
pub(super) fn canonical(config: &Map<String, Value>) -> Map<String, Value> {
    let fields = config.iter().filter_map(|(key, value)| {
        let key = camel_case(key);
        let value = field(&key, value)?;
        Some((key, value))
    });
    fields.collect()
}

fn field(key: &str, value: &Value) -> Option<Value> {
    let wrapped = WRAPPED.contains(&key);
    match value {
        Value::Null => None,
        Value::Bool(false) if !wrapped => None,
        Value::Number(number) if !wrapped && number.as_f64() == Some(0.0) => None,
        Value::String(text) if !wrapped && (text.is_empty() || FIRST.contains(&(key, text.as_str()))) => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(Value::Array(items.iter().map(item).collect())),
        Value::Object(fields) if MAPS.contains(&key) => (!fields.is_empty()).then(|| map(fields)),
        Value::Object(fields) => Some(Value::Object(canonical(fields))),
        other => Some(other.clone()),
    }
}

fn item(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(canonical(fields)),
        other => other.clone(),
    }
}

/// Names stay as they are; what they lead to may be a message.
fn map(fields: &Map<String, Value>) -> Value {
    let values = fields.iter().map(|(name, value)| (name.clone(), item(value)));
    Value::Object(values.collect())
}

/// `discovery_address` is read as well as `discoveryAddress`.
fn camel_case(key: &str) -> String {
    let mut words = key.split('_');
    let mut all = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        all.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        all.push_str(letters.as_str());
    }
    all
}
