use super::{Child, Field, NODE, NodeSpec, any, may, needs, optional};
use crate::spec::Ty;

pub(super) static MESH_TELEMETRY: NodeSpec = NodeSpec {
    name: "telemetry",
    about: "Metrics, access log and traces of the whole mesh, and what watches them.",
    children: &[
        optional(&MESH_METRICS),
        optional(&ACCESS_LOG),
        optional(&TRACING),
        optional(&DASHBOARDS),
        optional(&ALERTS),
    ],
    ..NODE
};

pub(super) static TELEMETRY: NodeSpec = NodeSpec {
    name: "telemetry",
    about: "Metrics, access log and traces, where they are not as around it. Changes to metrics come on top of those of the \
            mesh; an access log replaces it.",
    children: &[optional(&METRICS), optional(&ACCESS_LOG), optional(&TRACING)],
    ..NODE
};

const FORM: &[Field] = &[needs(
    "form",
    Ty::Word(&["prometheus", "none"]),
    "`prometheus` if it is not said; `none` counts nothing.",
)];

const EDITS: &[Child] = &[any(&METRIC_TAG), any(&DROP_TAG), any(&DROP)];

static MESH_METRICS: NodeSpec = NodeSpec {
    name: "metrics",
    about: "Istio's metrics on port 15090: `metrics prometheus operator=#true { drop request-size }`. Said, the build also \
            holds what a Prometheus needs to find the VMs.",
    args: FORM,
    props: &[may(
        "operator",
        Ty::Bool,
        "Prometheus runs by its operator: PodMonitor, ScrapeConfig and PrometheusRule are written for it. Without, files for \
         `file_sd_configs` and `rule_files` are.",
    )],
    children: EDITS,
    ..NODE
};

static METRICS: NodeSpec = NodeSpec {
    name: "metrics",
    about: "Istio's metrics: `metrics prometheus { tag request_host value=\"request.host\" metric=requests }`.",
    args: FORM,
    children: EDITS,
    ..NODE
};

/// Istio's metrics (`MetricSelector.IstioMetric`), in our words.
pub(crate) const METRIC_NAMES: &[&str] = &[
    "all",
    "requests",
    "request-duration",
    "request-size",
    "response-size",
    "tcp-opened",
    "tcp-closed",
    "tcp-sent",
    "tcp-received",
    "grpc-request-messages",
    "grpc-response-messages",
];

const METRIC: Field = may(
    "metric",
    Ty::Word(METRIC_NAMES),
    "Only of this metric; of all if it is not said.",
);

const AT: Field = may(
    "at",
    Ty::Word(&["client", "server"]),
    "Only where the workload calls (`client`) or is called (`server`); both if it is not said.",
);

static METRIC_TAG: NodeSpec = NodeSpec {
    name: "tag",
    about: "A label of the metrics, new or changed: `tag request_host value=\"request.host\"`.",
    args: &[needs("name", Ty::EnvName, "The label's name.")],
    props: &[
        needs(
            "value",
            Ty::AnyText,
            "An expression of Istio's attributes (CEL): \"request.host\", or a text in quotes of its own: \"'eu'\".",
        ),
        METRIC,
        AT,
    ],
    ..NODE
};

static DROP_TAG: NodeSpec = NodeSpec {
    name: "drop-tag",
    about: "A label that metrics do without, so that there are fewer series: `drop-tag destination_principal`.",
    args: &[needs("name", Ty::EnvName, "The label's name.")],
    props: &[METRIC, AT],
    ..NODE
};

static DROP: NodeSpec = NodeSpec {
    name: "drop",
    about: "Metrics that are not counted: `drop request-size response-size`.",
    args: &[needs("metric", Ty::Word(METRIC_NAMES), "Which.")],
    repeat_last: true,
    props: &[AT],
    ..NODE
};

static ACCESS_LOG: NodeSpec = NodeSpec {
    name: "access-log",
    about: "A line for every request and connection: `access-log json { filter \"response.code >= 400\" }`.",
    args: &[needs(
        "form",
        Ty::Word(&["json", "text", "none"]),
        "`text` is Istio's own line; `none` if it is not said.",
    )],
    props: &[
        AT,
        may(
            "file",
            Ty::Path,
            "Where it is written; \"/dev/stdout\" if it is not said.",
        ),
        may(
            "otlp",
            Ty::Text,
            "It goes to this OpenTelemetry collector (gRPC), a service of the mesh or an external one: \
             \"collector.ops:4317\". The line is the body of a record, fields of `json` are its attributes.",
        ),
    ],
    children: &[optional(&FORMAT), any(&FIELD), optional(&FILTER)],
    ..NODE
};

static FORMAT: NodeSpec = NodeSpec {
    name: "format",
    about: "The line of a text log, of Envoy's command operators: `format \"%START_TIME% %RESPONSE_CODE%\"`.",
    args: &[needs("line", Ty::AnyText, "The line.")],
    ..NODE
};

static FIELD: NodeSpec = NodeSpec {
    name: "field",
    about: "A field of a JSON log, of Envoy's command operators: `field status \"%RESPONSE_CODE%\"`. With one, there are no \
            others but those that are said.",
    args: &[
        needs("name", Ty::Text, "Its name."),
        needs("value", Ty::AnyText, "Its value."),
    ],
    ..NODE
};

static FILTER: NodeSpec = NodeSpec {
    name: "filter",
    about: "Only what this expression of Istio's attributes (CEL) is true of: `filter \"response.code >= 400\"`.",
    args: &[needs("expression", Ty::Text, "The expression.")],
    ..NODE
};

static TRACING: NodeSpec = NodeSpec {
    name: "tracing",
    about: "Traces: `tracing otlp=\"collector.ops:4317\" sampling=\"1%\"`. The collector is a service of the mesh or an \
            external one.",
    args: &[may("form", Ty::Word(&["none"]), "`none` sends no spans.")],
    props: &[
        may(
            "zipkin",
            Ty::Text,
            "A collector that speaks Zipkin: \"zipkin.ops:9411\".",
        ),
        may(
            "otlp",
            Ty::Text,
            "A collector that speaks OpenTelemetry over gRPC: \"collector.ops:4317\".",
        ),
        may(
            "sampling",
            Ty::Share,
            "Of the requests that begin a trace; \"1%\" if it is not said.",
        ),
    ],
    children: &[any(&TRACE_TAG)],
    ..NODE
};

static TRACE_TAG: NodeSpec = NodeSpec {
    name: "tag",
    about: "A tag of every span: `tag tier value=backend`, `tag tenant header=x-tenant default=none`.",
    args: &[needs("name", Ty::Text, "Its name.")],
    props: &[
        may("value", Ty::AnyText, "Always this."),
        may(
            "header",
            Ty::HeaderName,
            "The value of this header of the request.",
        ),
        may(
            "env",
            Ty::EnvName,
            "The value of this variable of the proxy's environment.",
        ),
        may(
            "default",
            Ty::AnyText,
            "Where the header or the variable is not there.",
        ),
    ],
    ..NODE
};

static DASHBOARDS: NodeSpec = NodeSpec {
    name: "dashboards",
    about: "Dashboards for Grafana, of VMs and of services, in a ConfigMap that its sidecar finds: `dashboards #true`.",
    args: &[needs("on", Ty::Bool, "#false if it is not said.")],
    ..NODE
};

static ALERTS: NodeSpec = NodeSpec {
    name: "alerts",
    about: "Alerts for Prometheus: machines that are down, not ready or not captured, certificates that end, DNS and requests that fail: \
            `alerts #true`.",
    args: &[needs("on", Ty::Bool, "#false if it is not said.")],
    ..NODE
};
