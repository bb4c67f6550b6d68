use crate::diag::{Span, Spanned};
use crate::syntax::{Node, Property, Scalar, Value};

/// A node that is put together; its places lie in objects.
#[derive(Clone, Debug)]
pub(super) struct Draft(Node);

impl Draft {
    pub(super) fn new(name: &str, span: Span) -> Self {
        Self(Node {
            name: Spanned {
                value: name.to_owned(),
                span,
            },
            args: Vec::new(),
            props: Vec::new(),
            children: Vec::new(),
            span,
        })
    }

    pub(super) fn arg(mut self, scalar: Scalar, span: Span) -> Self {
        self.0.args.push(Value { scalar, span });
        self
    }

    pub(super) fn word(self, text: &Spanned<String>) -> Self {
        self.arg(Scalar::Text(text.value.clone()), text.span)
    }

    pub(super) fn put(&mut self, key: &str, scalar: Scalar, span: Span) {
        self.0.props.push(Property {
            key: Spanned {
                value: key.to_owned(),
                span,
            },
            value: Value { scalar, span },
        });
    }

    pub(super) fn prop(mut self, key: &str, scalar: Scalar, span: Span) -> Self {
        self.put(key, scalar, span);
        self
    }

    /// A property, if it is said.
    pub(super) fn text(mut self, key: &str, text: Option<&Spanned<String>>) -> Self {
        if let Some(text) = text {
            self.put(key, Scalar::Text(text.value.clone()), text.span);
        }
        self
    }

    /// A list by comma, if it holds anything.
    pub(super) fn list(mut self, key: &str, texts: &[Spanned<String>]) -> Self {
        self.put_list(key, texts);
        self
    }

    pub(super) fn put_list(&mut self, key: &str, texts: &[Spanned<String>]) {
        if let Some(first) = texts.first() {
            let texts: Vec<_> = texts.iter().map(|text| text.value.as_str()).collect();
            self.put(key, Scalar::Text(texts.join(",")), first.span);
        }
    }

    pub(super) fn number(mut self, key: &str, number: Option<&Spanned<i128>>) -> Self {
        if let Some(number) = number {
            self.put(key, Scalar::Integer(number.value), number.span);
        }
        self
    }

    pub(super) fn yes(mut self, key: &str, said: Option<&Spanned<bool>>) -> Self {
        if let Some(said) = said {
            self.put(key, Scalar::Bool(said.value), said.span);
        }
        self
    }

    pub(super) fn labels(mut self, labels: &[(Spanned<String>, Spanned<String>)]) -> Self {
        for (key, value) in labels {
            self.0.props.push(Property {
                key: key.clone(),
                value: Value {
                    scalar: Scalar::Text(value.value.clone()),
                    span: value.span,
                },
            });
        }
        self
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.extend(children);
        self
    }

    pub(super) fn extend(&mut self, children: impl IntoIterator<Item = Self>) {
        self.0.children.extend(children.into_iter().map(|child| child.0));
    }

    /// Nothing is in it beyond its name.
    pub(super) fn is_bare(&self) -> bool {
        self.0.props.is_empty() && self.0.children.is_empty()
    }

    pub(super) fn push(&mut self, child: Self) {
        self.0.children.push(child.0);
    }

    pub(super) fn has(&self, child: &str) -> bool {
        self.0.children.iter().any(|node| node.name.value == child)
    }

    /// Children in the order in which people think of them; of one name, as they were put.
    pub(super) fn sort(&mut self) {
        self.0.children.sort_by_key(|child| rank(&child.name.value));
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.0.name.value == name
    }

    /// Its first value is an address.
    pub(super) fn is_at_an_address(&self) -> bool {
        let first = self.0.args.first().map(|value| value.scalar.to_string());
        first.is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok())
    }

    pub(super) const fn span(&self) -> Span {
        self.0.span
    }

    /// It has the property `key`.
    pub(super) fn says(&self, key: &str) -> bool {
        self.0.props.iter().any(|prop| prop.key.value == key)
    }

    /// The property `key`, as a text.
    pub(super) fn said(&self, key: &str) -> Option<String> {
        let found = self.0.props.iter().find(|prop| prop.key.value == key);
        found.map(|prop| prop.value.scalar.to_string())
    }

    /// With what `other` has in it.
    pub(super) fn merged(mut self, other: Self) -> Self {
        self.merge(other);
        self
    }

    /// Takes what `other` has in it.
    pub(super) fn merge(&mut self, other: Self) {
        self.0.props.extend(other.0.props);
        self.0.children.extend(other.0.children);
    }

    pub(super) fn node(self) -> Node {
        self.0
    }
}

const ORDER: &[&str] = &[
    "label",
    "trust-domain",
    "istio",
    "mtls",
    "outbound",
    "port",
    "selector",
    "pods",
    "address",
    "endpoint",
    "on",
    "tls",
    "subset",
    "balance",
    "warm-up",
    "locality",
    "limits",
    "eject",
    "retry-budget",
    "route",
    "allow",
    "deny",
    "audit",
    "jwt",
    "dns",
    "telemetry",
    "account",
    "service",
    "external",
    "vms",
];

fn rank(name: &str) -> usize {
    ORDER
        .iter()
        .position(|known| *known == name)
        .unwrap_or(ORDER.len())
}
