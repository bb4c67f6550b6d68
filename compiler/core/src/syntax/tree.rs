use crate::diag::{Span, Spanned};

/// `name value… key=value… { children }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: Spanned<String>,
    /// Values without a key.
    pub args: Vec<Value>,
    /// Values with a key, all of them, in order.
    pub props: Vec<Property>,
    /// What is written in its braces.
    pub children: Vec<Self>,
    /// From its name to its last value, without the braces.
    pub span: Span,
}

/// `key=value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The key.
    pub key: Spanned<String>,
    /// The value.
    pub value: Value,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The value.
    pub scalar: Scalar,
    /// Where.
    pub span: Span,
}

/// What a value is before the language says what it should be.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `text`, `"text"`.
    Text(String),
    /// `80`, `0x50`.
    Integer(i128),
    /// `1.5`, as it is written: 1.30 is not 1.3 to people who mean a release.
    Float(String),
    /// `#true`, `#false`.
    Bool(bool),
    /// `#null`.
    Null,
    /// A list where a single value is expected (YAML and JSON).
    List,
    /// A mapping where a single value is expected (YAML and JSON).
    Mapping,
    /// An argument that is not written, though one behind it is: where arguments have names (YAML and JSON).
    Absent,
}

impl Scalar {
    /// What it is, for people: `the number 80`.
    pub fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("the text \"{}\"", shorten(text)),
            Self::Integer(number) => format!("the number {number}"),
            Self::Float(number) => format!("the number {number}"),
            Self::Bool(value) => format!("#{value}"),
            Self::Null => "#null".to_owned(),
            Self::List => "a list".to_owned(),
            Self::Mapping => "a mapping".to_owned(),
            Self::Absent => "nothing".to_owned(),
        }
    }
}

/// As it stands inside of a text.
impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Null | Self::List | Self::Mapping | Self::Absent => Ok(()),
        }
    }
}

/// At most 60 characters, on one line.
fn shorten(text: &str) -> String {
    let line: String = text
        .chars()
        .take(60)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.chars().count() < text.chars().count() {
        line + "…"
    } else {
        line
    }
}
