use http::header::{HeaderName, HeaderValue};
use mesh_http2::Fields;
use mesh_wire::route::HeaderEdits;

use crate::state::CompileError;

/// Changes to headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edits {
    set: Vec<(HeaderName, HeaderValue)>,
    add: Vec<(HeaderName, HeaderValue)>,
    remove: Vec<HeaderName>,
    /// The new `:authority`, which Istio writes as the header `host` or `:authority`.
    pub(crate) authority: Option<HeaderValue>,
}

impl Edits {
    pub(super) fn compile(place: &str, wire: &HeaderEdits) -> Result<Self, CompileError> {
        let bad = |value: &str| CompileError::Header {
            place: place.to_owned(),
            value: value.to_owned(),
        };
        let mut edits = Self::default();
        for (name, value) in &wire.set {
            let value = HeaderValue::try_from(value).map_err(|_| bad(value))?;
            if matches!(name.to_ascii_lowercase().as_str(), ":authority" | "host") {
                edits.authority = Some(value);
                continue;
            }
            edits
                .set
                .push((HeaderName::try_from(name).map_err(|_| bad(name))?, value));
        }
        for (name, value) in &wire.add {
            let value = HeaderValue::try_from(value).map_err(|_| bad(value))?;
            edits
                .add
                .push((HeaderName::try_from(name).map_err(|_| bad(name))?, value));
        }
        for name in &wire.remove {
            edits
                .remove
                .push(HeaderName::try_from(name).map_err(|_| bad(name))?);
        }
        Ok(edits)
    }

    /// Envoy removes before it adds.
    pub(crate) fn apply(&self, headers: &mut Fields) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name, value.clone());
        }
        for (name, value) in &self.add {
            headers.append(name, value.clone());
        }
    }
}
