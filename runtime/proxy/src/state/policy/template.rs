//! Envoy's URI templates: `{*}` is one segment, `{**}` any number of them.

use crate::state::matcher::{BadPattern, whole};

/// The expression that means `template`.
pub(super) fn pattern(template: &str) -> Result<regex::Regex, BadPattern> {
    let mut pattern = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{*") {
        pattern.push_str(&regex::escape(&rest[..at]));
        let (part, after) = if let Some(after) = rest[at..].strip_prefix("{**}") {
            (".*", after)
        } else if let Some(after) = rest[at..].strip_prefix("{*}") {
            ("[^/]+", after)
        } else {
            return Err(BadPattern {
                pattern: template.to_owned(),
                why: "has an operator other than {*} and {**}".to_owned(),
            });
        };
        pattern.push_str(part);
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
    let (after, most) = match template[at..].strip_prefix("{**}") {
        Some(after) => (after, rest.len()),
        None => (
            &template[at + "{*}".len()..],
            rest.find('/').unwrap_or(rest.len()),
        ),
    };
    let least = usize::from(!template[at..].starts_with("{**}"));
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
            path in "(/[a-c.+%]{0,2}){1,5}",
        ) {
            prop_assert_eq!(pattern(&template).unwrap().is_match(&path), is_of(&template, &path));
        }
    }
}
