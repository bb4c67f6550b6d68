mod draft;

use std::io::{BufRead, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use draft::Draft;

use super::build::SPECS;
use crate::exit::Exit;
use crate::ui::Ui;

/// Write a first spec, after some questions.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc init                 asks, and writes spec.kdl here
  meshc init shop --yes      asks nothing: what stands in it are examples
  meshc init shop --yaml     writes shop/spec.yaml

A spec that is there is never written over.")]
pub(crate) struct Args {
    /// Where to write to; it is made if it is not there.
    #[arg(default_value = ".")]
    folder: PathBuf,

    /// Ask nothing.
    #[arg(short, long)]
    yes: bool,

    /// Write YAML.
    #[arg(long)]
    yaml: bool,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    if let Some(there) = SPECS
        .iter()
        .map(|name| args.folder.join(name))
        .find(|path| path.exists())
    {
        ui.fail(
            format_args!("`{}` is there already", there.display()),
            "a spec is never written over",
            "name another folder, or move it away",
        );
        return Exit::Broken;
    }
    let mut draft = Draft::new(args.yaml);
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            ui.fail(
                "there is nobody to ask",
                "standard input is no terminal",
                "write `--yes` to be asked nothing",
            );
            return Exit::Broken;
        }
        let asked = ask(&mut draft, &mut std::io::stdin().lock(), &mut std::io::stderr());
        if let Err(error) = asked {
            ui.fail("the questions were not answered", error, "nothing was written");
            return Exit::Broken;
        }
    }
    let path = args.folder.join(draft.file_name());
    match write(&path, &draft.text()) {
        Ok(()) => {
            ui.line(format_args!(
                "{} is written; now: meshc check {}",
                path.display(),
                args.folder.display()
            ));
            Exit::Done
        }
        Err(error) => {
            ui.fail(
                format_args!("`{}` cannot be written", path.display()),
                error,
                "name another folder",
            );
            Exit::Broken
        }
    }
}

/// Asks for every part of the draft; what does not fit is asked again.
fn ask(draft: &mut Draft, from: &mut impl BufRead, to: &mut impl Write) -> std::io::Result<()> {
    for at in 0..draft.questions().len() {
        loop {
            let question = &draft.questions()[at];
            write!(to, "{} [{}]: ", question.text, question.answer)?;
            to.flush()?;
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            match draft.answer(at, line.trim()) {
                Ok(()) => break,
                Err(why) => writeln!(to, "  {why}")?,
            }
        }
    }
    Ok(())
}

/// A new file: what somebody else wrote meanwhile stays.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_asked_again_until_the_answer_fits() {
        let answers =
            "shop-mesh\n\nNo Name\nprod\n_\n203.0.113.7\n10.5.0.1/24\n10.5.0.0/24\n\n10.6.0.1\n10.5.0.9\n";
        for yaml in [false, true] {
            let mut draft = Draft::new(yaml);
            let mut said = Vec::new();
            ask(&mut draft, &mut answers.as_bytes(), &mut said).unwrap();
            let (text, said) = (draft.text(), String::from_utf8(said).unwrap());
            for part in ["shop-mesh", "prod", "203.0.113.7", "10.5.0.0/24", "10.5.0.9"] {
                assert!(text.contains(part), "{part} in\n{text}\n{said}");
            }
            // No name has a space, no address is `_`, no range begins in its middle, no machine is elsewhere.
            assert_eq!(said.matches("]:   ").count(), 4, "{said}");
            assert!(said.contains("outside"), "{said}");
        }
    }

    #[test]
    fn a_terminal_that_closes_ends_the_questions() {
        assert!(ask(&mut Draft::new(false), &mut "a\n".as_bytes(), &mut Vec::new()).is_err());
    }
}
