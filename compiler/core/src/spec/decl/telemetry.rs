use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `telemetry`.
#[derive(Clone, Debug, Default)]
pub struct TelemetryDecl {
    /// `metrics`.
    pub metrics: Option<MetricsDecl>,
    /// `access-log`.
    pub access_log: Option<AccessLogDecl>,
    /// `tracing`.
    pub tracing: Option<TracingDecl>,
    /// `dashboards`.
    pub dashboards: Option<Spanned<bool>>,
    /// `alerts`.
    pub alerts: Option<Spanned<bool>>,
}

/// `metrics FORM`.
#[derive(Clone, Debug)]
pub struct MetricsDecl {
    /// `prometheus`, `none`.
    pub form: Spanned<String>,
    /// `operator=`.
    pub operator: Option<Spanned<bool>>,
    /// `tag`, `drop-tag` and `drop`.
    pub edits: Vec<MetricEditDecl>,
    /// Where.
    pub span: Span,
}

/// One change of metrics.
#[derive(Clone, Debug)]
pub struct MetricEditDecl {
    /// A label and its new value, `None` to be without it; no label drops the metric.
    pub tag: Option<(Spanned<String>, Option<Spanned<String>>)>,
    /// Which metric; all if not said.
    pub metric: Option<Spanned<String>>,
    /// `at=`.
    pub at: Option<Spanned<String>>,
}

/// `access-log FORM`.
#[derive(Clone, Debug)]
pub struct AccessLogDecl {
    /// `json`, `text`, `none`.
    pub form: Spanned<String>,
    /// `at=`.
    pub at: Option<Spanned<String>>,
    /// `file=`.
    pub file: Option<Spanned<String>>,
    /// `otlp=`.
    pub otlp: Option<Spanned<String>>,
    /// `format`.
    pub format: Option<Spanned<String>>,
    /// `field`.
    pub fields: Vec<(Spanned<String>, Spanned<String>)>,
    /// `filter`.
    pub filter: Option<Spanned<String>>,
    /// Where.
    pub span: Span,
}

/// `tracing`.
#[derive(Clone, Debug)]
pub struct TracingDecl {
    /// `none`.
    pub none: Option<Spanned<String>>,
    /// `zipkin=`.
    pub zipkin: Option<Spanned<String>>,
    /// `otlp=`.
    pub otlp: Option<Spanned<String>>,
    /// `sampling=`, in millionths.
    pub sampling: Option<Spanned<u32>>,
    /// `tag`.
    pub tags: Vec<TraceTagDecl>,
    /// Where.
    pub span: Span,
}

/// `tag NAME` of spans.
#[derive(Clone, Debug)]
pub struct TraceTagDecl {
    /// Name.
    pub name: Spanned<String>,
    /// `value=`.
    pub value: Option<Spanned<String>>,
    /// `header=`.
    pub header: Option<Spanned<String>>,
    /// `env=`.
    pub env: Option<Spanned<String>>,
    /// `default=`.
    pub default: Option<Spanned<String>>,
    /// Where.
    pub span: Span,
}

impl TelemetryDecl {
    /// Of the node `telemetry` in `item`.
    pub(super) fn read(item: &Item) -> Self {
        let Some(item) = item.child("telemetry") else {
            return Self::default();
        };
        Self {
            metrics: item.child("metrics").and_then(MetricsDecl::read),
            access_log: item.child("access-log").and_then(AccessLogDecl::read),
            tracing: item.child("tracing").map(TracingDecl::read),
            dashboards: item.word("dashboards"),
            alerts: item.word("alerts"),
        }
    }
}

impl MetricsDecl {
    fn read(item: &Item) -> Option<Self> {
        let edit = |tag, metric, at: &Item| MetricEditDecl {
            tag,
            metric,
            at: at.spanned("at"),
        };
        let tags = item.children("tag").filter_map(|tag| {
            let label = (tag.spanned("name")?, Some(tag.spanned("value")?));
            Some(edit(Some(label), tag.spanned("metric"), tag))
        });
        let dropped = item.children("drop-tag").filter_map(|tag| {
            let label = (tag.spanned("name")?, None);
            Some(edit(Some(label), tag.spanned("metric"), tag))
        });
        let metrics = item.children("drop").flat_map(|drop| {
            let names = drop.all("metric").into_iter();
            names.map(move |name| edit(None, Some(name), drop))
        });
        Some(Self {
            form: item.spanned("form")?,
            operator: item.spanned("operator"),
            edits: tags.chain(dropped).chain(metrics).collect(),
            span: item.span,
        })
    }
}

impl AccessLogDecl {
    fn read(item: &Item) -> Option<Self> {
        let field = |field: &Item| Some((field.spanned("name")?, field.spanned("value")?));
        Some(Self {
            form: item.spanned("form")?,
            at: item.spanned("at"),
            file: item.spanned("file"),
            otlp: item.spanned("otlp"),
            format: item.word("format"),
            fields: item.children("field").filter_map(field).collect(),
            filter: item.word("filter"),
            span: item.span,
        })
    }
}

impl TracingDecl {
    fn read(item: &Item) -> Self {
        Self {
            none: item.spanned("form"),
            zipkin: item.spanned("zipkin"),
            otlp: item.spanned("otlp"),
            sampling: item.spanned("sampling"),
            tags: item.children("tag").filter_map(TraceTagDecl::read).collect(),
            span: item.span,
        }
    }
}

impl TraceTagDecl {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name")?,
            value: item.spanned("value"),
            header: item.spanned("header"),
            env: item.spanned("env"),
            default: item.spanned("default"),
            span: item.span,
        })
    }
}
