//! The two languages of templates. Both are strict: a name that is not known is a mistake. Nothing is escaped: what is
//! written are no web pages.

use std::ops::Range;

use minijinja::Environment;
use tera::Tera;

use super::values::Scope;
use super::{jinja, tera as tera_language};

/// What a template is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// Jinja2.
    Jinja,
    /// Tera.
    Tera,
}

/// A template that is understood, or bytes that need not be.
pub(super) enum Program {
    Verbatim(Vec<u8>),
    Jinja(Box<Environment<'static>>),
    Tera(Box<Tera>),
}

/// What is wrong with a template.
#[derive(Debug, Default)]
pub(super) struct Fault {
    pub(super) message: String,
    /// In which of the texts.
    pub(super) part: Option<String>,
    /// Bytes of it.
    pub(super) range: Option<Range<usize>>,
    /// From 1, where the bytes are not known.
    pub(super) line: Option<usize>,
    /// The path of names that is not known, if that is it.
    pub(super) unknown: Option<String>,
}

impl Language {
    /// By the ending; of other endings is no template.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "j2" => Some(Self::Jinja),
            "tera" => Some(Self::Tera),
            _ => None,
        }
    }
}

impl Program {
    /// Understands the texts, which may include each other by name.
    pub(super) fn new<'a>(
        language: Language,
        texts: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<Fault>> {
        match language {
            Language::Jinja => match jinja::new(texts) {
                Ok(environment) => Ok(Self::Jinja(Box::new(environment))),
                Err(fault) => Err(vec![fault]),
            },
            Language::Tera => Ok(Self::Tera(Box::new(tera_language::new(texts)?))),
        }
    }

    /// The text `name`, filled in.
    pub(super) fn render(&self, name: &str, scope: &Scope) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Verbatim(bytes) => Ok(bytes.clone()),
            Self::Jinja(environment) => {
                let template = environment.get_template(name);
                let text = template.and_then(|template| template.render(&scope.jinja));
                text.map(String::into_bytes).map_err(|error| jinja::fault(&error))
            }
            Self::Tera(tera) => {
                let text = tera.render(name, &scope.tera);
                text.map(String::into_bytes)
                    .map_err(|error| tera_language::fault(&error))
            }
        }
    }
}

/// The names in all tags of `text` that bring in other texts.
pub(super) fn includes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tag in text.split("{%").skip(1) {
        let tag = tag.split("%}").next().unwrap_or_default();
        let tag = tag.trim_start_matches(['-', '+']).trim_start();
        let brings = ["include", "import", "from", "extends"];
        if !brings.iter().any(|word| {
            tag.strip_prefix(word)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        }) {
            continue;
        }
        let mut rest = tag;
        while let Some(at) = rest.find(['"', '\'']) {
            let (quote, after) = (&rest[at..=at], &rest[at + 1..]);
            let Some((name, next)) = after.split_once(quote) else {
                break;
            };
            found.push(name.to_owned());
            rest = next;
        }
    }
    found
}
