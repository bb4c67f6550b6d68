//! A request, as far as conditions look at it.

use mesh_wire::matcher::HeaderMatch;

use super::text;

/// A request, as far as conditions look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// The host that is asked for, with its port where the client writes it.
    pub authority: String,
    /// Without the query.
    pub path: String,
    /// Behind the `?`; empty where there is none.
    pub query: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// The values of a header, in their order.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The path with the query.
    pub fn target(&self) -> String {
        if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        }
    }

    /// The value of a parameter of the query, as it is written.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.query.split('&');
        let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The request has what `wanted` asks of a header, pseudo headers among them. Envoy joins the values of a header
    /// that comes several times with a comma.
    pub fn has(&self, wanted: &HeaderMatch) -> bool {
        let is = |text: &str| {
            wanted
                .value
                .as_ref()
                .is_none_or(|value| text::matches(value, text))
        };
        let held = match wanted.name.to_ascii_lowercase().as_str() {
            ":method" => is(&self.method),
            ":authority" | "host" => is(&self.authority),
            ":path" => is(&self.target()),
            ":scheme" => is(&self.scheme),
            name => {
                let values: Vec<&str> = self.header(name).collect();
                !values.is_empty() && is(&values.join(","))
            }
        };
        held != wanted.invert
    }

    /// The same of a parameter of the query.
    pub fn asks(&self, wanted: &HeaderMatch) -> bool {
        let value = wanted.value.as_ref();
        let found = self.parameter(&wanted.name);
        let held = found.is_some_and(|found| value.is_none_or(|value| text::matches(value, found)));
        held != wanted.invert
    }

    /// What the request has at the place that `wanted` looks at, for people.
    pub(super) fn at(&self, wanted: &HeaderMatch) -> String {
        let quoted = |text: &str| format!("`{text}`");
        match wanted.name.to_ascii_lowercase().as_str() {
            ":method" => quoted(&self.method),
            ":authority" | "host" => quoted(&self.authority),
            ":path" => quoted(&self.target()),
            ":scheme" => quoted(&self.scheme),
            name => {
                let values: Vec<&str> = self.header(name).collect();
                if values.is_empty() {
                    "not there".to_owned()
                } else {
                    quoted(&values.join(","))
                }
            }
        }
    }
}

/// What a condition on a header or parameter asks for, for people.
pub(super) fn wanted(condition: &HeaderMatch, what: &str) -> String {
    let name = match condition.name.as_str() {
        ":method" => "the method".to_owned(),
        ":authority" => "the host".to_owned(),
        ":path" => "the path".to_owned(),
        ":scheme" => "the scheme".to_owned(),
        name => format!("{what} `{name}`"),
    };
    match (&condition.value, condition.invert) {
        (None, false) => format!("{name} has to be there"),
        (None, true) => format!("{name} must not be there"),
        (Some(value), false) => format!("{name} has to be {}", text::describe(value)),
        (Some(value), true) => format!("{name} must not be {}", text::describe(value)),
    }
}
