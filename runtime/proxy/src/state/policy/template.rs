//! Envoy's URI templates: `{*}` is one segment, `{**}` any number of them.

use crate::state::matcher::{BadPattern, whole};

/// What an operator stands for, beside the `/` between segments: what RFC 3986 has in paths
/// (Envoy, `uri_template_internal.cc`). Whatever else a path has in it is of no template.
const LITERAL: &str = r"a-zA-Z0-9\-._~%!$&'()*+,;:@=";

/// The expression that means `template`.
pub(super) fn pattern(template: &str) -> Result<regex::Regex, BadPattern> {
    let mut pattern = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{*") {
        pattern.push_str(&regex::escape(&rest[..at]));
        let (part, after) = if let Some(after) = rest[at..].strip_prefix("{**}") {
            (format!("[{LITERAL}/]*"), after)
        } else if let Some(after) = rest[at..].strip_prefix("{*}") {
            (format!("[{LITERAL}]+"), after)
        } else {
            return Err(BadPattern {
                pattern: template.to_owned(),
                why: "has an operator other than {*} and {**}".to_owned(),
            });
        };
        pattern.push_str(&part);
        rest = after;
    }
    pattern.push_str(&regex::escape(rest));
    whole(&pattern)
}

/// Whether a path is one of a template, in the words of the templates: the tests hold the expression beside it.
#[cfg(any(test, fuzzing))]
fn is_of(template: &str, path: &str) -> bool {
    let Some(at) = template.find("{*") else {
        return template == path;
    };
    let Some(rest) = path.strip_prefix(&template[..at]) else {
        return false;
    };
    let (after, least, several) = match template[at..].strip_prefix("{**}") {
        Some(after) => (after, 0, true),
        None => (&template[at + "{*}".len()..], 1, false),
    };
    let stands =
        |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;:@=".contains(c) || several && c == '/';
    let most = rest.find(|c| !stands(c)).unwrap_or(rest.len());
    let mut ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
    ends.any(|end| (least..=most).contains(&end) && is_of(after, &rest[end..]))
}

/// Asks a template about a path: both are of `read`.
#[cfg(fuzzing)]
pub(crate) fn fuzz(read: &[u8]) {
    let text = String::from_utf8_lossy(read);
    let (template, path) = text.split_once('\n').unwrap_or((&text, "/"));
    // Nobody writes longer ones, and every operator makes the check here slower.
    let simple = template.matches("{*").count() <= 4 && !path.contains('\n');
    if let Ok(pattern) = pattern(template)
        && simple
    {
        assert_eq!(pattern.is_match(path), is_of(template, path), "{template} {path}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_expression_means_the_template(
            template in "(/([a-c.+]{0,2}|\\{\\*\\}|\\{\\*\\*\\})){1,4}",
            path in "(/[a-c.+%*\\[]{0,2}){1,5}",
        ) {
            prop_assert_eq!(pattern(&template).unwrap().is_match(&path), is_of(&template, &path));
        }
    }
}
