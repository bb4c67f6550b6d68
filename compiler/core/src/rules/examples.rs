//! The examples of pages: blocks whose first line says what they are.
//!
//! | first line | what it is |
//! |---|---|
//! | `kdl fail`, `kdl pass` | nodes of a namespace, in a mesh that is there |
//! | `kdl fail whole` | a spec |
//! | `yaml fail`, `yaml pass` | objects of Kubernetes |
//! | `env fail cluster.env` | a file of a machine, by its name |
//! | `csv vms.csv` | a file beside the others |

/// What an example is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A spec, or a part of one.
    Spec,
    /// Objects of Kubernetes.
    Objects,
    /// A file of a machine.
    HostFile,
}

impl Kind {
    /// What rules look at, in a table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Spec => "specs",
            Self::Objects => "objects",
            Self::HostFile => "VM files",
        }
    }
}

/// One example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example<'a> {
    /// What it is.
    pub kind: Kind,
    /// Nothing is found in it; the code of its page otherwise.
    pub passes: bool,
    /// It is a whole spec, not a part of a namespace.
    pub whole: bool,
    /// The name of its file, where that matters.
    pub file: Option<&'a str>,
    /// What it says.
    pub text: &'a str,
}

/// The examples of a page, in order.
pub fn examples(page: &str) -> Vec<Example<'_>> {
    blocks(page)
        .filter_map(|(head, text)| {
            let mut words = head.split(' ');
            let language = words.next()?;
            let passes = match words.next()? {
                "pass" => true,
                "fail" => false,
                _ => return None,
            };
            let rest: Vec<_> = words.collect();
            let file = rest.iter().copied().find(|word| *word != "whole");
            let kind = match language {
                "kdl" => Kind::Spec,
                "yaml" | "json" if file.is_none() => Kind::Objects,
                _ => Kind::HostFile,
            };
            let whole = rest.contains(&"whole");
            Some(Example {
                kind,
                passes,
                whole,
                file,
                text,
            })
        })
        .collect()
}

/// The files beside the examples: names and texts.
pub fn files(page: &str) -> Vec<(&str, &str)> {
    blocks(page)
        .filter_map(|(head, text)| {
            let (_, name) = head.split_once(' ')?;
            (name.contains('.') && !name.contains(' ')).then_some((name, text))
        })
        .collect()
}

/// Blocks between fences: the first line without the fence, and the lines within.
fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut parts = page.split("\n```");
    parts.next();
    parts.step_by(2).filter_map(|block| {
        let (head, _) = block.split_once('\n')?;
        // With the end of its last line.
        let end = block.len();
        let start = head.len() + 1;
        Some((head, block.get(start..end)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_say_what_they_are() {
        let page = "# A\n\n```kdl fail whole\nmesh m\n```\n\n```yaml pass\na: b\n```\n\n```csv vms.csv\nname\n```\n\n```env fail cluster.env\nA=b\n```\n";
        let found: Vec<_> = examples(page)
            .into_iter()
            .map(|example| {
                (
                    example.kind,
                    example.passes,
                    example.whole,
                    example.file,
                    example.text,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (Kind::Spec, false, true, None, "mesh m"),
                (Kind::Objects, true, false, None, "a: b"),
                (Kind::HostFile, false, false, Some("cluster.env"), "A=b"),
            ]
        );
        assert_eq!(files(page), [("vms.csv", "name")]);
    }
}
