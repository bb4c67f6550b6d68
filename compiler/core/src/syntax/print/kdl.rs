use crate::syntax::{Comments, Node, Scalar};

/// The nodes as KDL: one a line, four spaces a level.
pub fn kdl(nodes: &[Node]) -> String {
    kdl_with(nodes, &mut Comments::default())
}

/// The same with comments, each on a line before its node.
pub fn kdl_with(nodes: &[Node], comments: &mut Comments) -> String {
    let mut text = String::new();
    lines(nodes, 0, comments, &mut text);
    note(&comments.rest(), "", &mut text);
    text
}

fn note(comments: &[String], indent: &str, text: &mut String) {
    for comment in comments {
        text.push_str(format!("{indent}// {comment}").trim_end());
        text.push('\n');
    }
}

fn lines(nodes: &[Node], depth: usize, comments: &mut Comments, text: &mut String) {
    let indent = "    ".repeat(depth);
    for node in nodes {
        note(&comments.take(node.span.start), &indent, text);
        text.push_str(&indent);
        text.push_str(&word(&node.name.value));
        for arg in &node.args {
            text.push(' ');
            text.push_str(&value(&arg.scalar));
        }
        for prop in &node.props {
            text.push_str(&format!(
                " {}={}",
                word(&prop.key.value),
                value(&prop.value.scalar)
            ));
        }
        if !node.children.is_empty() {
            text.push_str(" {\n");
            lines(&node.children, depth + 1, comments, text);
            text.push_str(&format!("{indent}}}"));
        }
        text.push('\n');
    }
}

fn value(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) => word(text),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Float(number) => float(number),
        Scalar::Bool(value) => format!("#{value}"),
        _ => "#null".to_owned(),
    }
}

/// Numbers of YAML that KDL writes otherwise; what KDL has no number for is a text.
fn float(number: &str) -> String {
    let sign = if number.starts_with('-') { "-" } else { "" };
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, format!("e{exponent}")),
        None => (number, String::new()),
    };
    let unsigned = mantissa.trim_start_matches(['+', '-']);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return quoted(number);
    }
    let or_zero = |text: &str| {
        if text.is_empty() {
            "0".to_owned()
        } else {
            text.to_owned()
        }
    };
    format!("{sign}{}.{}{exponent}", or_zero(whole), or_zero(fraction))
}

/// Without quotes where everybody sees that it is one word.
pub(super) fn word(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !matches!(text, "true" | "false" | "null" | "inf" | "nan");
    if plain { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            _ if c.is_control() || invisible(c) || c != ' ' && c.is_whitespace() => {
                quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            _ => quoted.push(c),
        }
    }
    quoted + "\""
}

/// No text of KDL has these as they are.
fn invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
