use tera::{Error, ErrorKind, Tera};

use super::engine::Fault;

/// Understands the texts of Tera.
pub(super) fn new<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Tera, Vec<Fault>> {
    let mut tera = Tera::new();
    tera.autoescape_on(Vec::<&str>::new());
    tera.add_raw_templates(texts)
        .map_err(|error| match error.kind() {
            ErrorKind::Msg(reports) => several(reports),
            _ => vec![fault(&error)],
        })?;
    Ok(tera)
}

/// What is wrong.
pub(super) fn fault(error: &Error) -> Fault {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let unknown = undefined(report.message());
            Fault {
                message: report.message().to_owned(),
                part: Some(report.filename().to_owned()),
                range: Some(report.span().range.clone()),
                line: Some(report.span().start_line),
                unknown: unknown.map(str::to_owned),
            }
        }
        ErrorKind::CircularExtend { tpl, .. } | ErrorKind::CircularInclude { tpl, .. } => Fault {
            message: format!("the template {tpl} includes itself"),
            part: Some(tpl.clone()),
            ..Fault::default()
        },
        ErrorKind::MissingParent { current, parent } => Fault {
            message: format!("there is no template {parent} beside it"),
            part: Some(current.clone()),
            ..Fault::default()
        },
        other => Fault {
            message: other.to_string(),
            ..Fault::default()
        },
    }
}

/// The name that a message says is not there.
fn undefined(message: &str) -> Option<&str> {
    let rest = ["Variable `", "Field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))?;
    let (name, rest) = rest.split_once('`')?;
    rest.starts_with(" is not defined").then_some(name)
}

/// Filters, functions and templates that are not there come as one text of reports:
/// `error: Unknown filter …`, then ` --> NAME:LINE:COLUMN`.
fn several(reports: &str) -> Vec<Fault> {
    let mut lines = reports.lines().peekable();
    let mut found: Vec<Fault> = Vec::new();
    while let Some(line) = lines.next() {
        let Some(message) = line.strip_prefix("error: ") else {
            continue;
        };
        let place = lines
            .peek()
            .and_then(|next| next.trim_start().strip_prefix("--> "));
        let mut place = place.unwrap_or_default().rsplitn(3, ':');
        let line = place.nth(1).and_then(|line| line.parse().ok());
        found.push(Fault {
            message: message.to_owned(),
            part: place.next().map(str::to_owned),
            line,
            ..Fault::default()
        });
    }
    if found.is_empty() {
        found.push(Fault {
            message: reports.to_owned(),
            ..Fault::default()
        });
    }
    found
}
