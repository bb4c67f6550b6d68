/// Istio's metrics (`MetricSelector.IstioMetric`) in the words of the language, and in Istio's.
const METRICS: &[(&str, &str)] = &[
    ("requests", "REQUEST_COUNT"),
    ("request-duration", "REQUEST_DURATION"),
    ("request-size", "REQUEST_SIZE"),
    ("response-size", "RESPONSE_SIZE"),
    ("tcp-opened", "TCP_OPENED_CONNECTIONS"),
    ("tcp-closed", "TCP_CLOSED_CONNECTIONS"),
    ("tcp-sent", "TCP_SENT_BYTES"),
    ("tcp-received", "TCP_RECEIVED_BYTES"),
    ("grpc-request-messages", "GRPC_REQUEST_MESSAGES"),
    ("grpc-response-messages", "GRPC_RESPONSE_MESSAGES"),
];

/// Istio's word for a metric; none for all.
pub(crate) fn istio_metric(word: &str) -> Option<&'static str> {
    METRICS
        .iter()
        .find(|(own, _)| *own == word)
        .map(|(_, istio)| *istio)
}

/// The language's word for a metric of Istio.
pub(crate) fn metric_word(istio: &str) -> Option<&'static str> {
    METRICS
        .iter()
        .find(|(_, own)| *own == istio)
        .map(|(word, _)| *word)
}
