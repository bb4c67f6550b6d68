//! What is written down of a request, or of a connection of bytes, for others to read: Envoy's dynamic metadata.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::state::jwt::Token;

/// The filter of tokens.
pub(crate) const TOKENS: &str = "envoy.filters.http.jwt_authn";
/// Where it writes the claims of the token that held, as Istio has it.
pub(crate) const PAYLOAD: &str = "payload";

/// What filters wrote, by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    /// The log tells it: else nobody is to write what only it would read.
    is_told: bool,
    token: Option<Arc<Token>>,
    by: BTreeMap<&'static str, Map<String, Value>>,
}

impl Written {
    pub(crate) fn new(is_told: bool) -> Self {
        Self {
            is_told,
            ..Self::default()
        }
    }

    /// The token that was verified.
    pub(crate) fn holds(&mut self, token: Option<Arc<Token>>) {
        self.token = token;
    }

    /// Of two of one key the later counts.
    pub(crate) fn add(&mut self, filter: &'static str, fields: Map<String, Value>) {
        self.by.entry(filter).or_default().extend(fields);
    }

    /// Writes what only the log reads.
    pub(crate) fn note(&mut self, filter: &'static str, field: impl FnOnce() -> (String, Value)) {
        if self.is_told {
            let fields = self.by.entry(filter).or_default();
            fields.extend([field()]);
        }
    }

    /// What a path of keys leads to, outermost first; without any, all that the filter wrote.
    pub(crate) fn at(&self, filter: &str, path: &[String]) -> Option<Cow<'_, Value>> {
        let (first, rest) = match path.split_first() {
            Some((first, rest)) => (Some(first), rest),
            None => (None, path),
        };
        if filter == TOKENS {
            let token = self.token.as_ref()?;
            return match first.map(String::as_str) {
                None => Some(Cow::Owned(json!({ PAYLOAD: token.all() }))),
                Some(PAYLOAD) if rest.is_empty() => Some(Cow::Owned(json!(token.all()))),
                Some(PAYLOAD) => token.at(rest).map(Cow::Borrowed),
                Some(_) => None,
            };
        }
        let fields = self.by.get(filter)?;
        let Some(first) = first else {
            return Some(Cow::Owned(Value::Object(fields.clone())));
        };
        let mut value = fields.get(first)?;
        for key in rest {
            value = value.as_object()?.get(key)?;
        }
        Some(Cow::Borrowed(value))
    }
}
