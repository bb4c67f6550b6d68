use mesh_apply::fleet::{Ending, Outcome};
use mesh_apply::progress::Progress;
use mesh_apply::progress::bars::Bars;
use mesh_apply::progress::json::Json;
use mesh_apply::progress::plain::{self, Plain};

use crate::exit::Exit;
use crate::ui::Ui;

/// How the course of things is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Bars on a terminal, lines elsewhere; at the end a line for every machine.
    #[default]
    Human,
    /// A JSON object a line on standard output, the last one with everything.
    Json,
}

/// Who shows what happens.
pub(crate) fn progress(format: Format, shows_changes: bool, ui: &Ui) -> Box<dyn Progress> {
    match format {
        Format::Json => Box::new(Json::new(Box::new(std::io::stdout()))),
        Format::Human if ui.interactive => Box::new(Bars::new(ui.color_err, shows_changes)),
        Format::Human => Box::new(Plain::new(Box::new(std::io::stderr()), shows_changes)),
    }
}

/// Shows how every machine ended, and tells how meshc ends.
pub(crate) fn endings(endings: &[Ending], format: Format, ui: &Ui) -> Exit {
    let ok = endings
        .iter()
        .all(|ending| matches!(ending.result, Outcome::Done { .. }));
    match format {
        Format::Json => ui.line(serde_json::json!({"event": "summary", "ok": ok, "hosts": endings})),
        Format::Human => {
            for ending in endings {
                ui.line(format_args!("{}: {}", ending.host, plain::ending(&ending.result)));
            }
            match endings.len() {
                0 => ui.line("the mesh has no VMs"),
                1 => {}
                _ => ui.line(plain::count(endings)),
            }
        }
    }
    if ok { Exit::Done } else { Exit::Failed }
}
