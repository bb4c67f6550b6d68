use std::ops::Range;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::engine::Fault;

/// Understands the texts of Jinja2.
pub(super) fn new<'a>(
    texts: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Environment<'static>, Fault> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true);
    environment.set_syntax(syntax.build().map_err(|error| fault(&error))?);
    // Places are known only so.
    environment.set_debug(true);
    for (name, text) in texts {
        let added = environment.add_template_owned(name.to_owned(), text.to_owned());
        added.map_err(|error| fault(&error))?;
    }
    Ok(environment)
}

/// What is wrong; where it is wrong in an included text, it is told there.
pub(super) fn fault(error: &Error) -> Fault {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    let mut inner = error;
    while let Some(next) = cause.source() {
        if let Some(next) = next.downcast_ref::<Error>() {
            inner = next;
        }
        cause = next;
    }
    let range = inner.range();
    let at = |range: &Range<usize>| Some(inner.template_source()?.get(range.clone())?.trim().to_owned());
    let unknown = (inner.kind() == ErrorKind::UndefinedError)
        .then(|| range.as_ref().and_then(at).filter(|path| is_path(path)))
        .flatten();
    let message = match (&unknown, inner.detail()) {
        (Some(path), _) => format!("`{path}` is not known"),
        (None, Some(detail)) => format!("{}: {detail}", inner.kind()),
        (None, None) => inner.kind().to_string(),
    };
    Fault {
        message,
        part: inner.name().map(str::to_owned),
        range,
        line: inner.line(),
        unknown,
    }
}

/// `vm.address`.
fn is_path(text: &str) -> bool {
    let name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    text.split('.').all(name)
}
