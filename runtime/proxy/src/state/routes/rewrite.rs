use mesh_wire::route::{PathMatch, PathRewrite};

use crate::state::CompileError;

/// What a path becomes.
#[derive(Clone, Debug)]
pub(crate) enum Rewrite {
    /// So many bytes at the beginning are replaced.
    Prefix {
        matched: usize,
        by: String,
    },
    Full(String),
    Regex {
        find: regex::Regex,
        by: String,
    },
}

impl Rewrite {
    pub(super) fn compile(
        place: &str,
        wire: &PathRewrite,
        matched: &PathMatch,
    ) -> Result<Self, CompileError> {
        Ok(match wire {
            PathRewrite::Prefix(by) => match matched {
                PathMatch::Prefix(text) | PathMatch::PathPrefix(text) | PathMatch::Exact(text) => {
                    Self::Prefix {
                        matched: text.len(),
                        by: by.clone(),
                    }
                }
                PathMatch::Regex(_) => {
                    let what =
                        "a prefix cannot be rewritten where the path is matched by an expression".to_owned();
                    return Err(CompileError::Value {
                        place: place.to_owned(),
                        what,
                    });
                }
            },
            PathRewrite::Full(path) => Self::Full(path.clone()),
            PathRewrite::Regex {
                pattern,
                substitution,
            } => {
                let find =
                    crate::state::matcher::anywhere(pattern).map_err(|source| CompileError::Pattern {
                        place: place.to_owned(),
                        source,
                    })?;
                Self::Regex {
                    find,
                    by: groups(substitution),
                }
            }
        })
    }

    /// The new path of `path`, both without query.
    pub(crate) fn apply(&self, path: &str) -> String {
        match self {
            Self::Prefix { matched, by } => format!("{by}{}", path.get(*matched..).unwrap_or_default()),
            Self::Full(full) => full.clone(),
            Self::Regex { find, by } => find.replace_all(path, by.as_str()).into_owned(),
        }
    }
}

/// RE2's `\1` as the `regex` crate's `${1}`.
fn groups(substitution: &str) -> String {
    let mut out = String::with_capacity(substitution.len() + 4);
    let mut chars = substitution.chars();
    while let Some(char) = chars.next() {
        match char {
            '$' => out.push_str("$$"),
            '\\' => match chars.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    out.push_str("${");
                    out.push(digit);
                    out.push('}');
                }
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(wire: PathRewrite, matched: PathMatch) -> Rewrite {
        Rewrite::compile("a route", &wire, &matched).unwrap()
    }

    #[test]
    fn a_prefix_keeps_the_rest() {
        let rewrite = rewrite(
            PathRewrite::Prefix("/v1/search".to_owned()),
            PathMatch::Prefix("/search".to_owned()),
        );
        assert_eq!(rewrite.apply("/search/x"), "/v1/search/x");
    }

    #[test]
    fn groups_are_put_in_where_re2_has_them() {
        let wire = PathRewrite::Regex {
            pattern: "^/a/([^/]+)/(.*)$".to_owned(),
            substitution: r"/\2/$/\1".to_owned(),
        };
        assert_eq!(
            rewrite(wire, PathMatch::Prefix("/".to_owned())).apply("/a/b/c"),
            "/c/$/b"
        );
    }
}
