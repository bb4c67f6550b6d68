//! Text to sections.

use super::pattern::matches_any;

/// Lines under one condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// The settings.
    pub lines: Vec<Line>,
}

/// When a section counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The name that was written is like one of these.
    Original(Vec<String>),
    /// The name that is dialled is.
    Dialled(Vec<String>),
    /// The login is.
    User(Vec<String>),
    /// A condition that only a shell or a second pass could answer: it never holds here.
    Unsupported,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In lower case.
    pub keyword: String,
    /// Without quotes.
    pub arguments: Vec<String>,
}

/// A line that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Section {
    /// All its conditions hold; for the names that were written it is enough that they hold for one.
    pub fn applies(&self, names: &[&str], dialled: &str, user: &str) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Original(patterns) => names.iter().any(|name| matches_any(patterns, name)),
            Condition::Dialled(patterns) => matches_any(patterns, dialled),
            Condition::User(patterns) => matches_any(patterns, user),
            Condition::Unsupported => false,
        })
    }
}

/// Reads the text of a configuration. Lines before the first `Host` or `Match` count for every host.
///
/// # Errors
/// For the first line that is wrong.
pub fn parse(text: &str) -> Result<Vec<Section>, ParseError> {
    let mut sections = vec![Section::default()];
    for (index, line) in text.lines().enumerate() {
        let wrong = |problem| ParseError {
            line: index + 1,
            problem,
        };
        let Some((keyword, arguments)) = split(line).map_err(wrong)? else {
            continue;
        };
        let conditions = match keyword.as_str() {
            "host" if arguments.is_empty() => return Err(wrong("`Host` without a pattern")),
            "host" => vec![Condition::Original(arguments)],
            "match" => conditions(&arguments).map_err(wrong)?,
            _ if arguments.is_empty() => return Err(wrong("a keyword without a value")),
            _ => {
                if let Some(section) = sections.last_mut() {
                    section.lines.push(Line { keyword, arguments });
                }
                continue;
            }
        };
        sections.push(Section {
            conditions,
            lines: Vec::new(),
        });
    }
    Ok(sections)
}

fn conditions(arguments: &[String]) -> Result<Vec<Condition>, &'static str> {
    let mut conditions = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let condition = match word.to_ascii_lowercase().as_str() {
            "all" => continue,
            // Both need a second pass over the file, or a shell.
            "canonical" | "final" => Condition::Unsupported,
            kind => {
                let list = words.next().ok_or("a condition of `Match` without a value")?;
                let patterns = list.split(',').map(str::to_owned).collect();
                match kind {
                    "host" => Condition::Dialled(patterns),
                    "originalhost" => Condition::Original(patterns),
                    "user" => Condition::User(patterns),
                    _ => Condition::Unsupported,
                }
            }
        };
        conditions.push(condition);
    }
    Ok(conditions)
}

/// `Keyword arguments` or `Keyword=arguments`, with `"…"` around what has blanks; `None` for what says nothing.
fn split(line: &str) -> Result<Option<(String, Vec<String>)>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let end = line
        .find(|c: char| c.is_whitespace() || c == '=')
        .unwrap_or(line.len());
    let keyword = line[..end].to_ascii_lowercase();
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    // A command is one argument, whatever it contains.
    if matches!(
        keyword.as_str(),
        "proxycommand" | "localcommand" | "remotecommand"
    ) {
        let whole = if rest.is_empty() {
            Vec::new()
        } else {
            vec![rest.to_owned()]
        };
        return Ok(Some((keyword, whole)));
    }
    Ok(Some((keyword, words(rest)?)))
}

fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.split_once('"').ok_or("a quote that is not closed")?
        } else {
            rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()))
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}
