//! Where parameters stand in texts.

use std::ops::Range;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// It stays as it is.
    Plain(&'a str),
    /// The name of a parameter.
    Param(&'a str),
}

/// The parameter that `text` is as a whole: `$gateway`, `${gateway}`.
pub(super) fn whole(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('$')?;
    let inner = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let name = inner.unwrap_or(rest);
    (name_length(name) == name.len() && !name.is_empty()).then_some(name)
}

/// The pieces of `text`: `$$` is a dollar, `${name}` a parameter; every other dollar is one too, as in `^/a$`.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let behind = &rest[at + 1..];
        if let Some(behind) = behind.strip_prefix('$') {
            found.push(Part::Plain(&rest[..=at]));
            rest = behind;
            continue;
        }
        let name = behind.strip_prefix('{').and_then(|inner| {
            let length = name_length(inner);
            (length > 0 && inner[length..].starts_with('}')).then(|| &inner[..length])
        });
        match name {
            Some(name) => {
                found.extend([Part::Plain(&rest[..at]), Part::Param(name)]);
                rest = &behind[name.len() + 2..];
            }
            None => {
                found.push(Part::Plain(&rest[..=at]));
                rest = behind;
            }
        }
    }
    found.push(Part::Plain(rest));
    found
}

/// Where in `text` the names of parameters stand.
pub(in crate::spec) fn named(text: &str) -> Vec<Range<usize>> {
    let place = |name: &str| {
        let start = name.as_ptr().addr() - text.as_ptr().addr();
        start..start + name.len()
    };
    match whole(text) {
        Some(name) => vec![place(name)],
        None => parts(text)
            .iter()
            .filter_map(|part| match part {
                Part::Param(name) => Some(place(name)),
                Part::Plain(_) => None,
            })
            .collect(),
    }
}

/// How much of `text` is a name. Capitals never are one of a parameter, but somebody may have meant it.
fn name_length(text: &str) -> usize {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let inner = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if first {
        text.chars().take_while(inner).count()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let show = |part| match part {
            Part::Plain(plain) => plain.to_owned(),
            Part::Param(name) => format!("<{name}>"),
        };
        parts(text).into_iter().map(show).collect()
    }

    #[test]
    fn dollars_that_name_nothing_stay() {
        for (text, means) in [
            ("^/a$", "^/a$"),
            ("a|b$|c", "a|b$|c"),
            ("api.${domain}", "api.<domain>"),
            ("${a}${b-c}", "<a><b-c>"),
            ("$${a}", "${a}"),
            ("$$$", "$$"),
            ("$a b", "$a b"),
            ("${a", "${a"),
            ("${}", "${}"),
            ("${x:-1}", "${x:-1}"),
            ("é${a}é", "é<a>é"),
            ("$", "$"),
        ] {
            assert_eq!(shown(text), means, "{text}");
        }
    }

    #[test]
    fn a_whole_value_is_one_name() {
        assert_eq!(whole("$gateway"), Some("gateway"));
        assert_eq!(whole("${gateway}"), Some("gateway"));
        for text in ["$", "$$a", "${a}b", "$a b", "a$b", "$1", "${a", "$a}", "${a}${b}"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
