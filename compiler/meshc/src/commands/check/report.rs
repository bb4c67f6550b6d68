use clap::ValueEnum;
use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::diag::{Diagnostic, Severity, Sources, count};
use mesh_compiler::{Allowed, Checked, Compiled, rules};

use crate::exit::Exit;
use crate::ui::Ui;

/// How mistakes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// With the text that they are in, and what to write instead.
    #[default]
    Human,
    /// `file:line:column: error[CODE]: message`.
    Short,
    /// One JSON document.
    Json,
    /// Annotations of a change, for workflows of GitHub.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// What a check came to, whatever was checked.
pub(super) struct Report {
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) allowed: Vec<Allowed>,
    pub(super) sources: Sources,
    /// What was checked, as the end of a sentence.
    pub(super) what: String,
    /// A file could not be read.
    pub(super) unreadable: bool,
}

impl Report {
    pub(super) fn of_spec(compiled: &Compiled, spec: &str) -> Self {
        let what = compiled.model.as_ref().map_or_else(
            || format!("in {spec}"),
            |mesh| {
                let (services, vms) = (mesh.services.len(), mesh.vms().count());
                let holds = format!("{} and {}", plural(services, "service"), plural(vms, "VM"));
                format!("in {spec}: mesh {}, {holds}", mesh.name)
            },
        );
        Self {
            unreadable: compiled.unreadable(),
            diagnostics: compiled.diagnostics.clone(),
            allowed: compiled.allowed.clone(),
            sources: compiled.sources.clone(),
            what,
        }
    }

    pub(super) fn of_objects(checked: Checked, files: usize) -> Self {
        let objects = plural(checked.objects.len(), "object");
        let unreadable = checked.unreadable();
        let Checked {
            diagnostics,
            allowed,
            sources,
            objects: read,
            mesh,
            ..
        } = checked;
        // The program ends soon, and gives everything back at once.
        std::mem::forget((read, mesh));
        Self {
            what: format!("in {objects} of {}", plural(files, "file")),
            unreadable,
            diagnostics,
            allowed,
            sources,
        }
    }

    /// Shows all on standard output.
    pub(super) fn show(self, format: Format, ui: &Ui) {
        let Self {
            diagnostics,
            allowed,
            mut sources,
            what,
            ..
        } = self;
        if matches!(format, Format::Github | Format::Sarif)
            && let Ok(folder) = std::env::current_dir()
        {
            // Places of a repository are said from its root, which these are called in.
            sources.relative_to(&folder.to_string_lossy());
        }
        match format {
            Format::Human => {
                let style = Style {
                    color: ui.color,
                    width: ui.width,
                };
                ui.out(render::human(&diagnostics, &sources, style));
                ui.line(format_args!("{} {what}", counts(&diagnostics, allowed.len())));
            }
            Format::Short => ui.out(render::short(&diagnostics, &sources)),
            Format::Json => ui.out(render::json(&diagnostics, &sources)),
            Format::Github => ui.out(render::github(&diagnostics, &sources)),
            Format::Sarif => {
                let allowed = allowed.iter().map(|one| (&one.diagnostic, one.reason.as_str()));
                ui.out(render::sarif(&diagnostics, allowed, &sources, rules::page));
            }
        }
    }

    /// How the command ends; with `deny_warnings` they count as errors.
    pub(super) fn exit(&self, deny_warnings: bool) -> Exit {
        let number = |severity| count(&self.diagnostics, severity);
        if self.unreadable {
            Exit::Broken
        } else if number(Severity::Error) > 0 || deny_warnings && number(Severity::Warning) > 0 {
            Exit::Failed
        } else {
            Exit::Done
        }
    }
}

/// `2 errors, 1 warning`, and what is allowed.
fn counts(diagnostics: &[Diagnostic], allowed: usize) -> String {
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")].map(|(severity, word)| {
        let number = count(diagnostics, severity);
        (number > 0).then(|| plural(number, word))
    });
    let mut found: Vec<_> = counts.into_iter().flatten().collect();
    if found.is_empty() {
        found.push("no mistakes".to_owned());
    }
    if allowed > 0 {
        found.push(format!("{allowed} allowed"));
    }
    found.join(", ")
}

pub(super) fn plural(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
