//! What the snapshot says of the access log, compiled.

use std::collections::BTreeMap;

use http::header::HeaderName;
use mesh_wire::Node;
use mesh_wire::cel::{Attribute, Expression, Value};
use mesh_wire::snapshot::{AccessLog, Telemetry};
use mesh_wire::telemetry::{AccessLogOptions, Side};

use super::expression::{self, Facts};
use super::format::Format;
use super::record::Entry;
use super::records::Shape;
use super::{LogSink, Reporter, access_log, custom, file};

/// All access logs.
#[derive(Debug)]
pub(crate) struct Logs {
    all: Vec<Log>,
    /// They tell what filters wrote down.
    pub(crate) metadata: bool,
    /// Headers that they tell.
    pub(crate) request: Vec<HeaderName>,
    pub(crate) response: Vec<HeaderName>,
    /// Trailers of answers that they tell.
    pub(crate) trailers: Vec<HeaderName>,
}

/// How entries are written, and which.
#[derive(Debug)]
struct Log {
    to: To,
    at: Option<Side>,
    /// Only what it is true of is written.
    filter: Option<(Expression, Box<Node>)>,
}

/// Where entries go.
#[derive(Debug)]
enum To {
    Sink(Form),
    File(Form, String, LogSink),
    Collector(Shape),
}

#[derive(Debug)]
enum Form {
    Istio,
    IstioJson,
    Text(Format),
    Json(BTreeMap<String, Format>),
}

impl Logs {
    /// `None` where nothing is to be written. A file that is written already is taken over.
    pub(crate) fn compile(telemetry: Option<&Telemetry>, node: &Node, before: Option<&Self>) -> Option<Self> {
        let mut logs = Self {
            all: Vec::new(),
            metadata: false,
            request: Vec::new(),
            response: Vec::new(),
            trailers: Vec::new(),
        };
        for (form, options) in telemetry?.logs() {
            let log = Log::compile(form, options, node, before);
            logs.read(&log);
            logs.all.push(log);
        }
        (!logs.all.is_empty()).then_some(logs)
    }

    /// Has kept what `log` tells.
    fn read(&mut self, log: &Log) {
        for format in log.to.formats() {
            let told = format.headers();
            self.request.extend(told.request);
            self.response.extend(told.response);
            self.trailers.extend(told.trailers);
            self.metadata |= format.tells_metadata();
        }
        let filter = log.filter.as_ref().map(|(expression, _)| expression);
        let (asked, told) = expression::headers(filter.into_iter());
        self.request.extend(asked);
        self.response.extend(told);
        for names in [&mut self.request, &mut self.response, &mut self.trailers] {
            names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
            names.dedup();
        }
    }

    /// What is not minded of the logs of `telemetry`.
    pub(crate) fn misfits(telemetry: &Telemetry) -> Vec<String> {
        let mut misfits = Vec::new();
        for (form, options) in telemetry.logs() {
            let is_known = match &options.cluster {
                Some(cluster) => Shape::of(cluster, form, options).formats().all(Format::is_known),
                None => Form::of(form, options)
                    .formats()
                    .into_iter()
                    .all(Format::is_known),
            };
            if !is_known {
                misfits
                    .push("the access log's format asks for what is not known here; it says `-`".to_owned());
            }
            if let Some(why) = options.filter.as_ref().and_then(|text| misfit(text)) {
                misfits.push(format!("the access log's filter is not minded: {why}"));
            }
        }
        misfits
    }

    /// Whether anybody reads what goes to `sink`, or elsewhere.
    pub(crate) fn is_read(&self, sink: &LogSink) -> bool {
        sink.is_on() || self.all.iter().any(|log| !matches!(log.to, To::Sink(_)))
    }

    /// Writes `entry` wherever it is to be written.
    pub(crate) fn write(&self, entry: &Entry, telemetry: &super::Telemetry) {
        let side = match entry.reporter {
            Reporter::Source => Side::Client,
            Reporter::Destination => Side::Server,
        };
        for log in &self.all {
            if log.wants(entry, side) {
                match &log.to {
                    To::Sink(form) => telemetry.log.line(form.line(entry)),
                    To::File(form, _, file) => file.line(form.line(entry)),
                    To::Collector(shape) => telemetry.records.put(shape.record(entry)),
                }
            }
        }
    }

    fn file(&self, path: &str) -> Option<&LogSink> {
        self.all.iter().find_map(|log| match &log.to {
            To::File(_, known, sink) if known == path => Some(sink),
            _ => None,
        })
    }
}

impl Log {
    fn compile(form: &AccessLog, options: &AccessLogOptions, node: &Node, before: Option<&Logs>) -> Self {
        let filter = options
            .filter
            .as_ref()
            .and_then(|text| Expression::parse(text).ok());
        Self {
            to: To::of(form, options, before),
            at: options.at,
            filter: filter.map(|filter| (filter, Box::new(node.clone()))),
        }
    }

    /// What cannot be told is not written, as with Envoy.
    fn wants(&self, entry: &Entry, side: Side) -> bool {
        self.at.is_none_or(|at| at == side)
            && self
                .filter
                .as_ref()
                .is_none_or(|(filter, node)| Facts::of(entry, node).value(filter) == Some(Value::Truth(true)))
    }
}

impl To {
    fn of(form: &AccessLog, options: &AccessLogOptions, before: Option<&Logs>) -> Self {
        if let Some(cluster) = &options.cluster {
            return Self::Collector(Shape::of(cluster, form, options));
        }
        let form = Form::of(form, options);
        match &options.file {
            Some(path) => {
                let known = before.and_then(|before| before.file(path));
                let sink = known.cloned().unwrap_or_else(|| file::append(path));
                Self::File(form, path.clone(), sink)
            }
            None => Self::Sink(form),
        }
    }

    fn formats(&self) -> Vec<&Format> {
        match self {
            Self::Sink(form) | Self::File(form, ..) => form.formats(),
            Self::Collector(shape) => shape.formats().collect(),
        }
    }
}

/// Why a filter is not minded; `None` where it is.
fn misfit(text: &str) -> Option<String> {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => return Some(error.to_string()),
    };
    let of_peers = |attribute: &Attribute| {
        matches!(
            attribute,
            Attribute::UpstreamPeer(_) | Attribute::DownstreamPeer(_)
        )
    };
    expression
        .attributes()
        .iter()
        .any(|attribute| of_peers(attribute))
        .then(|| "peers are not known to it".to_owned())
}

impl Form {
    fn of(form: &AccessLog, options: &AccessLogOptions) -> Self {
        let fields = &options.fields;
        match form {
            AccessLog::Text(None) => Self::Istio,
            AccessLog::Text(Some(format)) => Self::Text(Format::parse(format)),
            AccessLog::Json if fields.is_empty() => Self::IstioJson,
            AccessLog::Json => {
                let field = |(key, format): (&String, &String)| (key.clone(), Format::parse(format));
                Self::Json(fields.iter().map(field).collect())
            }
        }
    }

    fn line(&self, entry: &Entry) -> String {
        match self {
            Self::Istio => access_log::text(entry),
            Self::IstioJson => access_log::json(entry),
            Self::Text(format) => custom::text(format, entry),
            Self::Json(fields) => custom::json(fields, entry),
        }
    }

    fn formats(&self) -> Vec<&Format> {
        match self {
            Self::Istio | Self::IstioJson => Vec::new(),
            Self::Text(format) => vec![format],
            Self::Json(fields) => fields.values().collect(),
        }
    }
}
