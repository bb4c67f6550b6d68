use http::header::{HeaderName, HeaderValue};
use mesh_http2::Fields;
use mesh_wire::route::HeaderEdits;

use crate::state::CompileError;
use crate::telemetry::{self, Entry, Format};

/// Changes to headers.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    set: Vec<(HeaderName, Content)>,
    add: Vec<(HeaderName, Content)>,
    remove: Vec<HeaderName>,
    /// The new `:authority`, which Istio writes as the header `host` or `:authority`.
    pub(crate) authority: Option<HeaderValue>,
    /// What values ask for; `None` where all are known before.
    pub(crate) asks: Option<Asks>,
}

/// What a header becomes.
#[derive(Debug)]
enum Content {
    Known(HeaderValue),
    /// Made of what is known of a request.
    Made(Format),
}

/// Headers that values are made of.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    pub(crate) request: Vec<HeaderName>,
    pub(crate) response: Vec<HeaderName>,
}

impl Edits {
    pub(super) fn compile(place: &str, wire: &HeaderEdits) -> Result<Self, CompileError> {
        let bad = |value: &str| CompileError::Header {
            place: place.to_owned(),
            value: value.to_owned(),
        };
        let named = |name: &str| HeaderName::try_from(name).map_err(|_| bad(name));
        let mut edits = Self::default();
        for (name, value) in &wire.set {
            if matches!(name.to_ascii_lowercase().as_str(), ":authority" | "host") {
                // Envoy takes hosts as they are written.
                edits.authority = Some(HeaderValue::try_from(value).map_err(|_| bad(value))?);
                continue;
            }
            let content = edits.content(value).ok_or_else(|| bad(value))?;
            edits.set.push((named(name)?, content));
        }
        for (name, value) in &wire.add {
            let content = edits.content(value).ok_or_else(|| bad(value))?;
            edits.add.push((named(name)?, content));
        }
        for name in &wire.remove {
            edits.remove.push(named(name)?);
        }
        Ok(edits)
    }

    fn content(&mut self, value: &str) -> Option<Content> {
        if !value.contains('%') {
            return Some(Content::Known(HeaderValue::try_from(value).ok()?));
        }
        let format = Format::parse(value);
        if let Some(known) = format.constant() {
            return Some(Content::Known(HeaderValue::try_from(known).ok()?));
        }
        let told = format.headers();
        let asks = self.asks.get_or_insert_default();
        asks.request.extend(told.request);
        asks.response.extend(told.response);
        Some(Content::Made(format))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.remove.is_empty()
    }

    /// Envoy removes before it makes values, and makes all of them before it adds any.
    pub(crate) fn apply(&self, headers: &mut Fields, known: impl FnOnce(&Fields, &Asks) -> Entry) {
        for name in &self.remove {
            headers.remove(name);
        }
        let entry = self.asks.as_ref().map(|asks| known(headers, asks));
        for (name, content) in &self.set {
            if let Some(value) = content.value(entry.as_ref()) {
                headers.insert(name, value);
            }
        }
        for (name, content) in &self.add {
            if let Some(value) = content.value(entry.as_ref()) {
                headers.append(name, value);
            }
        }
    }
}

impl Content {
    /// `None` where nothing of it is known: then there is no such header, as with Envoy.
    fn value(&self, entry: Option<&Entry>) -> Option<HeaderValue> {
        match self {
            Self::Known(value) => Some(value.clone()),
            Self::Made(format) => {
                let text = telemetry::header(format, entry?);
                HeaderValue::try_from(text).ok().filter(|value| !value.is_empty())
            }
        }
    }
}
