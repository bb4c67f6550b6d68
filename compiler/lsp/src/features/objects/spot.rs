use crate::tree::Range;

/// A place in a document of YAML, by its lines.
#[derive(Debug)]
pub(super) struct Spot {
    /// `apiVersion` of the object.
    pub(super) api: String,
    /// `kind` of the object.
    pub(super) kind: String,
    /// The keys around, the outermost first; entries of lists have none.
    pub(super) path: Vec<String>,
    /// The key whose value the place is in.
    pub(super) key: Option<String>,
    /// The key that the place is on.
    pub(super) name: Option<String>,
    /// Keys of the same mapping.
    pub(super) beside: Vec<String>,
    /// The word that the place touches.
    pub(super) word: Range,
    /// A colon stands behind the word.
    pub(super) has_colon: bool,
    /// Where the keys of the mapping begin.
    pub(super) indent: usize,
}

/// A line that says something.
struct Line<'a> {
    start: usize,
    text: &'a str,
    /// Where what is said begins, behind dashes.
    indent: usize,
    /// An entry of a list begins in it.
    dash: bool,
}

impl<'a> Line<'a> {
    fn of(start: usize, text: &'a str) -> Self {
        let mut indent = text.len() - text.trim_start().len();
        let mut dash = false;
        while let Some(rest) = text[indent..]
            .strip_prefix('-')
            .filter(|rest| rest.is_empty() || rest.starts_with(' '))
        {
            dash = true;
            indent += 1 + rest.len() - rest.trim_start().len();
        }
        Self {
            start,
            text,
            indent,
            dash,
        }
    }

    fn said(&self) -> &'a str {
        let said = &self.text[self.indent..];
        if said.starts_with('#') { "" } else { said }
    }

    /// Its key, and what stands behind the colon.
    fn key(&self) -> Option<(&'a str, &'a str)> {
        let said = self.said();
        let colon = said
            .find(": ")
            .or_else(|| said.trim_end().strip_suffix(':').map(str::len))?;
        Some((said[..colon].trim_matches(['"', '\'']), &said[colon + 1..]))
    }
}

impl Spot {
    /// What is around byte `at` of `text`; nothing within braces and brackets.
    pub(super) fn of(text: &str, at: usize) -> Option<Self> {
        let (lines, here) = document(text, at);
        let line = lines.get(here)?;
        let head = |wanted: &str| {
            let mut keys = lines.iter().filter(|line| line.indent == 0).filter_map(Line::key);
            let value = keys
                .find(|(key, _)| *key == wanted)?
                .1
                .trim()
                .trim_matches(['"', '\'']);
            Some(value.to_owned())
        };
        let inside = at.checked_sub(line.start)?.min(line.text.len());
        let before = line.text.get(..inside)?;
        if before.contains(['{', '[', '#']) {
            return None;
        }
        // On an empty line, the place itself says how deep it is.
        let indent = if line.said().is_empty() && !line.dash {
            inside
        } else {
            line.indent
        };
        let key = line.key();
        let colon = line.start + line.indent + key.map_or(line.said().trim_end().len(), |(key, _)| key.len());
        let in_value = key.is_some() && at > colon;
        let word = if in_value {
            let rest = line.text.trim_end();
            let begins = line.start + rest.find(": ").map_or(rest.len(), |colon| colon + 2);
            Range::new(begins.min(at), (line.start + rest.len()).max(at))
        } else {
            Range::new((line.start + indent).min(at), colon.max(at))
        };
        Some(Self {
            api: head("apiVersion")?,
            kind: head("kind")?,
            path: path(&lines[..here], indent),
            key: key.filter(|_| in_value).map(|(key, _)| key.to_owned()),
            name: key.filter(|_| !in_value).map(|(key, _)| key.to_owned()),
            beside: beside(&lines, here, indent),
            word,
            has_colon: key.is_some(),
            indent,
        })
    }
}

/// The lines of the document that byte `at` lies in, and which of them that is.
fn document(text: &str, at: usize) -> (Vec<Line<'_>>, usize) {
    let (mut lines, mut here) = (Vec::new(), None);
    let mut start = 0;
    for line in text.split('\n') {
        if line.starts_with("---") {
            if here.is_some() {
                break;
            }
            lines.clear();
        } else {
            if start <= at && at <= start + line.len() {
                here = Some(lines.len());
            }
            lines.push(Line::of(start, line));
        }
        start += line.len() + 1;
    }
    let at = here.unwrap_or(lines.len());
    (lines, at)
}

/// The keys around a line that begins at `indent`, behind those `before`.
fn path(before: &[Line<'_>], mut indent: usize) -> Vec<String> {
    let mut found = Vec::new();
    for line in before.iter().rev() {
        if let Some((key, _)) = line.key().filter(|_| line.indent < indent) {
            found.push(key.to_owned());
            indent = line.indent;
        }
    }
    found.reverse();
    found
}

/// The other keys of the mapping of a line.
fn beside(lines: &[Line<'_>], here: usize, indent: usize) -> Vec<String> {
    let says = |line: &&Line<'_>| !line.said().is_empty();
    let own = |line: &Line<'_>| {
        line.key()
            .filter(|_| line.indent == indent)
            .map(|(key, _)| key.to_owned())
    };
    let mut found = Vec::new();
    if !lines[here].dash {
        for line in lines[..here].iter().rev().filter(says) {
            if line.indent < indent {
                break;
            }
            found.extend(own(line));
            if line.dash && line.indent == indent {
                break;
            }
        }
    }
    for line in lines[here + 1..].iter().filter(says) {
        if line.indent < indent || line.dash && line.indent == indent {
            break;
        }
        found.extend(own(line));
    }
    found
}
