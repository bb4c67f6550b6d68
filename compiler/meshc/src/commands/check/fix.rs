use std::path::Path;

use mesh_compiler::{Fixed, Found, World};
use similar::TextDiff;

use super::input::PIPE;
use super::plural;
use crate::exit::Exit;
use crate::rewrite::rewrite;
use crate::ui::Ui;

/// Puts right what is certain, and says what that was.
pub(super) fn write(world: &dyn World, check: impl Fn(&dyn World) -> Found, ui: &Ui) -> Result<(), Exit> {
    let fixed = mesh_compiler::fix(world, check);
    if fixed.files.contains_key(PIPE) {
        ui.fail(
            "standard input cannot be put right in place",
            "it is no file",
            "look at `--diff`",
        );
        return Err(Exit::Broken);
    }
    for (path, text) in &fixed.files {
        if let Err(error) = rewrite(Path::new(path), &text.after) {
            ui.fail(
                format_args!("`{path}` cannot be written"),
                error,
                "it is as it was",
            );
            return Err(Exit::Broken);
        }
    }
    tell(&fixed, "fixed", ui);
    Ok(())
}

/// Shows what would be put right, as a patch. It is a failure that there is something.
pub(super) fn show(world: &dyn World, check: impl Fn(&dyn World) -> Found, ui: &Ui) -> Exit {
    let fixed = mesh_compiler::fix(world, check);
    for (path, text) in &fixed.files {
        let diff = TextDiff::from_lines(&text.before, &text.after);
        // Paths as `patch -p1` and `git apply` take them.
        let name = path.trim_start_matches("./").trim_start_matches('/');
        ui.out(
            diff.unified_diff()
                .header(&format!("a/{name}"), &format!("b/{name}")),
        );
    }
    tell(&fixed, "would fix", ui);
    if fixed.files.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

/// What was done goes where no program reads mistakes.
fn tell(fixed: &Fixed, word: &str, ui: &Ui) {
    for done in &fixed.done {
        ui.note(format_args!(
            "{word} {}:{}: {}: {}: {}",
            done.path, done.line, done.code.id, done.message, done.title
        ));
    }
    ui.note(match fixed.files.len() {
        0 => "nothing to fix by itself".to_owned(),
        files => format!(
            "{word} {} in {}",
            plural(fixed.done.len(), "mistake"),
            plural(files, "file")
        ),
    });
}
