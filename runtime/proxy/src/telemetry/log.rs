//! What the snapshot says of the access log, compiled.

use std::collections::BTreeMap;

use http::header::HeaderName;
use mesh_wire::Node;
use mesh_wire::cel::{Attribute, Expression, Value};
use mesh_wire::snapshot::{AccessLog, Telemetry};
use mesh_wire::telemetry::Side;

use super::expression::{self, Facts};
use super::format::Format;
use super::record::Entry;
use super::{LogSink, Reporter, access_log, custom, file};

/// How entries are written, and which.
#[derive(Debug)]
pub(crate) struct Log {
    form: Form,
    at: Option<Side>,
    /// Only what it is true of is written.
    filter: Option<(Expression, Box<Node>)>,
    file: Option<(String, LogSink)>,
    /// Headers that the form tells.
    pub(crate) request: Vec<HeaderName>,
    pub(crate) response: Vec<HeaderName>,
}

#[derive(Debug)]
enum Form {
    Istio,
    IstioJson,
    Text(Format),
    Json(BTreeMap<String, Format>),
}

impl Log {
    /// `None` where nothing is to be written. A file that is written already is taken over.
    pub(crate) fn compile(telemetry: Option<&Telemetry>, node: &Node, before: Option<&Self>) -> Option<Self> {
        let telemetry = telemetry?;
        let options = &telemetry.access_log_options;
        let form = Form::of(telemetry)?;
        let (mut request, mut response) = (Vec::new(), Vec::new());
        for format in form.formats() {
            let (asked, told) = format.headers();
            request.extend(asked);
            response.extend(told);
        }
        let filter = options
            .filter
            .as_ref()
            .and_then(|text| Expression::parse(text).ok());
        let (asked, told) = expression::headers(filter.iter());
        request.extend(asked);
        response.extend(told);
        let sink = |path: &String| {
            let known = before
                .and_then(|before| before.file.as_ref())
                .filter(|(known, _)| known == path);
            let sink = known.map(|(_, sink)| sink.clone());
            (path.clone(), sink.unwrap_or_else(|| file::append(path)))
        };
        Some(Self {
            form,
            at: options.at,
            filter: filter.map(|filter| (filter, Box::new(node.clone()))),
            file: options.file.as_ref().map(sink),
            request,
            response,
        })
    }

    /// Whether this proxy knows all that a format asks for.
    pub(crate) fn is_known(telemetry: &Telemetry) -> bool {
        Form::of(telemetry).is_none_or(|form| form.formats().iter().all(|format| format.is_known()))
    }

    /// Why the filter of `telemetry` is not minded; `None` where it is, or there is none.
    pub(crate) fn misfit(telemetry: &Telemetry) -> Option<String> {
        let text = telemetry.access_log_options.filter.as_ref()?;
        match Expression::parse(text) {
            Err(error) => Some(error.to_string()),
            Ok(expression) => expression
                .attributes()
                .iter()
                .any(|attribute| {
                    matches!(
                        attribute,
                        Attribute::UpstreamPeer(_) | Attribute::DownstreamPeer(_)
                    )
                })
                .then(|| "peers are not known to it".to_owned()),
        }
    }

    /// Whether anybody reads what goes to `sink`, or to the file.
    pub(crate) fn is_read(&self, sink: &LogSink) -> bool {
        self.file.is_some() || sink.is_on()
    }

    /// Writes `entry` to its file, or else to `sink`.
    pub(crate) fn write(&self, entry: &Entry, sink: &LogSink) {
        let side = match entry.reporter {
            Reporter::Source => Side::Client,
            Reporter::Destination => Side::Server,
        };
        if self.at.is_some_and(|at| at != side) {
            return;
        }
        if let Some((filter, node)) = &self.filter {
            // What cannot be told is not written, as with Envoy.
            if Facts::of(entry, node).value(filter) != Some(Value::Truth(true)) {
                return;
            }
        }
        let line = match &self.form {
            Form::Istio => access_log::text(entry),
            Form::IstioJson => access_log::json(entry),
            Form::Text(format) => custom::text(format, entry),
            Form::Json(fields) => custom::json(fields, entry),
        };
        self.file.as_ref().map_or(sink, |(_, file)| file).line(line);
    }
}

impl Form {
    fn of(telemetry: &Telemetry) -> Option<Self> {
        let fields = &telemetry.access_log_options.fields;
        Some(match telemetry.access_log.as_ref()? {
            AccessLog::Text(None) => Self::Istio,
            AccessLog::Text(Some(format)) => Self::Text(Format::parse(format)),
            AccessLog::Json if fields.is_empty() => Self::IstioJson,
            AccessLog::Json => {
                let field = |(key, format): (&String, &String)| (key.clone(), Format::parse(format));
                Self::Json(fields.iter().map(field).collect())
            }
        })
    }

    fn formats(&self) -> Vec<&Format> {
        match self {
            Self::Istio | Self::IstioJson => Vec::new(),
            Self::Text(format) => vec![format],
            Self::Json(fields) => fields.values().collect(),
        }
    }
}
