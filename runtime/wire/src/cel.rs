//! Expressions of attributes: as much of CEL (github.com/google/cel-spec) as tags of metrics and filters of the access log
//! are written with.
//!
//! [`Expression::parse`] takes what Envoy takes and proxies of both kinds know, and says why where it takes something not;
//! [`Expression::evaluate`] asks for the attributes that it names. Attributes are Envoy's, and those that Istio adds.

mod attribute;
mod parse;

pub use attribute::{Attribute, PeerField};

/// The value of an expression, or of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `string`.
    Text(String),
    /// `int`, and `uint` where it is read.
    Number(i64),
    /// `bool`.
    Truth(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl std::fmt::Display for Value {
    /// As Envoy writes it into a label (`Expr::print`).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Truth(truth) => truth.fmt(f),
        }
    }
}

/// Why a text is no expression that proxies know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}, at character {at}")]
pub struct BadExpression {
    /// The first character is 1.
    pub at: usize,
    /// The reason, and the remedy where there is one.
    pub why: String,
}

/// An expression, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Literal(Value),
    Attribute(Attribute),
    /// `has(…)`, and `'name' in` a map.
    Has(Attribute),
    Not(Box<Self>),
    Negative(Box<Self>),
    Two(Operator, Box<Self>, Box<Self>),
    /// `condition ? a : b`.
    If(Box<Self>, Box<Self>, Box<Self>),
    /// A function of texts, with what it is called on first.
    Call(Function, Box<Self>, Option<Box<Self>>),
    /// `value in [a, b]`.
    Within(Box<Self>, Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Plus,
    Minus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    String,
    Int,
    Size,
    Contains,
    StartsWith,
    EndsWith,
}

impl Expression {
    /// Takes `text` apart.
    ///
    /// # Errors
    /// Where it is no expression, or asks for what proxies do not know.
    pub fn parse(text: &str) -> Result<Self, BadExpression> {
        parse::parse(text).map(Self)
    }

    /// The attributes that it asks for.
    pub fn attributes(&self) -> Vec<&Attribute> {
        let mut found = Vec::new();
        self.0.attributes(&mut found);
        found
    }

    /// Its value where `look` has those of the attributes; `None` is CEL's error, such as that of an absent header.
    pub fn evaluate(&self, look: &dyn Fn(&Attribute) -> Option<Value>) -> Option<Value> {
        self.0.evaluate(look)
    }
}

impl Node {
    fn attributes<'a>(&'a self, found: &mut Vec<&'a Attribute>) {
        match self {
            Self::Literal(_) => {}
            Self::Attribute(attribute) | Self::Has(attribute) => found.push(attribute),
            Self::Not(inner) | Self::Negative(inner) => inner.attributes(found),
            Self::Two(_, a, b) => [a, b].into_iter().for_each(|node| node.attributes(found)),
            Self::If(a, b, c) => [a, b, c].into_iter().for_each(|node| node.attributes(found)),
            Self::Call(_, on, with) => {
                on.attributes(found);
                with.iter().for_each(|node| node.attributes(found));
            }
            Self::Within(value, list) => {
                value.attributes(found);
                list.iter().for_each(|node| node.attributes(found));
            }
        }
    }

    fn evaluate(&self, look: &dyn Fn(&Attribute) -> Option<Value>) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Attribute(attribute) => look(attribute),
            Self::Has(attribute) => Some(Value::Truth(look(attribute).is_some())),
            Self::Not(inner) => truth(inner.evaluate(look)).map(|truth| Value::Truth(!truth)),
            Self::Negative(inner) => match inner.evaluate(look)? {
                Value::Number(number) => number.checked_neg().map(Value::Number),
                Value::Text(_) | Value::Truth(_) => None,
            },
            Self::Two(Operator::Or, a, b) => {
                decided(truth(a.evaluate(look)), || truth(b.evaluate(look)), true)
            }
            Self::Two(Operator::And, a, b) => {
                decided(truth(a.evaluate(look)), || truth(b.evaluate(look)), false)
            }
            Self::Two(operator, a, b) => two(*operator, a.evaluate(look)?, b.evaluate(look)?),
            Self::If(condition, yes, no) => match truth(condition.evaluate(look))? {
                true => yes.evaluate(look),
                false => no.evaluate(look),
            },
            Self::Call(function, on, with) => {
                let with = with.as_ref().map(|with| with.evaluate(look));
                called(*function, on.evaluate(look)?, with)
            }
            Self::Within(value, list) => {
                let value = value.evaluate(look)?;
                let same = |node: &Self| node.evaluate(look).as_ref() == Some(&value);
                Some(Value::Truth(list.iter().any(same)))
            }
        }
    }
}

fn truth(value: Option<Value>) -> Option<bool> {
    match value? {
        Value::Truth(truth) => Some(truth),
        Value::Text(_) | Value::Number(_) => None,
    }
}

/// `||` and `&&`: one side that decides is enough, whatever becomes of the other.
fn decided(a: Option<bool>, b: impl FnOnce() -> Option<bool>, by: bool) -> Option<Value> {
    if a == Some(by) {
        return Some(Value::Truth(by));
    }
    match (a, b()) {
        (_, Some(b)) if b == by => Some(Value::Truth(by)),
        (Some(_), Some(_)) => Some(Value::Truth(!by)),
        _ => None,
    }
}

fn two(operator: Operator, a: Value, b: Value) -> Option<Value> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = match (&a, &b) {
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::Truth(a), Value::Truth(b)) => Some(a.cmp(b)),
        // Values of two kinds are not the same, and have no order.
        _ => None,
    };
    let told = |is: bool| Some(Value::Truth(is));
    match operator {
        Operator::Equal => told(order == Some(Equal)),
        Operator::Unequal => told(order != Some(Equal)),
        Operator::Less => told(order? == Less),
        Operator::LessOrEqual => told(order? != Greater),
        Operator::More => told(order? == Greater),
        Operator::MoreOrEqual => told(order? != Less),
        Operator::Plus => match (a, b) {
            (Value::Text(a), Value::Text(b)) => Some(Value::Text(a + &b)),
            (Value::Number(a), Value::Number(b)) => a.checked_add(b).map(Value::Number),
            _ => None,
        },
        Operator::Minus => match (a, b) {
            (Value::Number(a), Value::Number(b)) => a.checked_sub(b).map(Value::Number),
            _ => None,
        },
        // They are decided before both sides are known.
        Operator::Or | Operator::And => None,
    }
}

fn called(function: Function, on: Value, with: Option<Option<Value>>) -> Option<Value> {
    let with = match with {
        None => None,
        Some(Some(Value::Text(text))) => Some(text),
        Some(_) => return None,
    };
    match (function, on, with) {
        (Function::String, value, _) => Some(Value::Text(value.to_string())),
        (Function::Int, Value::Number(number), _) => Some(Value::Number(number)),
        (Function::Int, Value::Text(text), _) => text.parse().ok().map(Value::Number),
        (Function::Size, Value::Text(text), _) => i64::try_from(text.chars().count()).ok().map(Value::Number),
        (Function::Contains, Value::Text(on), Some(part)) => Some(Value::Truth(on.contains(&part))),
        (Function::StartsWith, Value::Text(on), Some(part)) => Some(Value::Truth(on.starts_with(&part))),
        (Function::EndsWith, Value::Text(on), Some(part)) => Some(Value::Truth(on.ends_with(&part))),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
