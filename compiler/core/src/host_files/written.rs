//! Files that scripts write: `tee FILE <<EOF`, `cat > FILE <<EOF` and `echo … >> FILE`.

use super::part::Part;
use super::shell::{Command, Redirect, Script, Way};
use crate::diag::Span;

/// A file and what a script writes into it.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    /// Its path, as the script says it.
    pub(crate) path: String,
    /// What is written, where the script says it in so many words.
    pub(crate) part: Part<'a>,
    /// Where the script says the path.
    pub(crate) named: Span,
}

/// What the commands of `script`, which was read from `part`, write.
pub(crate) fn written<'a>(script: &Script, part: Part<'a>) -> Vec<Written<'a>> {
    let mut found = Vec::new();
    for (at, command) in script.commands.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &script.commands[at]);
        let paths = targets(command);
        if paths.is_empty() {
            continue;
        }
        let own = body(command, part);
        let piped = || {
            let before = before.filter(|_| command.piped)?;
            body(before, part).or_else(|| echoed(before, part))
        };
        let said = || echoed(command, part);
        let Some(text) = own.or_else(piped).or_else(said) else {
            continue;
        };
        found.extend(paths.into_iter().map(|(path, named)| Written {
            path,
            part: text,
            named,
        }));
    }
    found
}

/// The files that a command writes.
fn targets(command: &Command) -> Vec<(String, Span)> {
    let into = |redirect: &&Redirect| matches!(redirect.way, Way::Into | Way::Onto);
    let mut words: Vec<_> = Vec::new();
    if command.runs("tee") {
        words.extend(
            command.plain()[1..]
                .iter()
                .filter(|word| !word.text.starts_with('-')),
        );
    } else if ["cat", "echo", "printf"].iter().any(|name| command.runs(name)) {
        words.extend(
            command
                .redirects
                .iter()
                .filter(into)
                .map(|redirect| &redirect.target),
        );
    }
    let words = words
        .into_iter()
        .filter(|word| word.literal && word.text.contains(char::is_alphanumeric));
    let words = words.filter(|word| word.text != "/dev/null");
    words.map(|word| (word.text.clone(), word.span)).collect()
}

/// Its here-document.
fn body<'a>(command: &Command, part: Part<'a>) -> Option<Part<'a>> {
    command.redirects.iter().find_map(|redirect| redirect.body(part))
}

/// What `echo` says.
fn echoed<'a>(command: &Command, part: Part<'a>) -> Option<Part<'a>> {
    if !(command.runs("echo") || command.runs("printf")) {
        return None;
    }
    let said = command.plain()[1..]
        .iter()
        .find(|word| !word.text.starts_with('-'))?;
    said.part(part)
}

/// The objects that `kubectl apply -f -` is given in the script, where nothing in them is expanded.
pub(crate) fn applied<'a>(script: &Script, part: Part<'a>) -> Vec<Part<'a>> {
    let mut found = Vec::new();
    for (at, command) in script.commands.iter().enumerate() {
        let reads = ["apply", "create", "replace"]
            .iter()
            .any(|verb| command.begins(&["kubectl", verb]));
        let stdin = command
            .option("--filename", Some("-f"))
            .is_some_and(|file| file.value == "-");
        if !(reads && stdin) {
            continue;
        }
        let before = at
            .checked_sub(1)
            .filter(|_| command.piped)
            .map(|at| &script.commands[at]);
        let text = body(command, part).or_else(|| before.and_then(|before| body(before, part)));
        found.extend(text.filter(|text| !text.text.contains(['$', '`'])));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;
    use crate::host_files::shell;

    #[test]
    fn scripts_write_files_in_several_ways() {
        let text = "sudo tee /a <<EOF\n1\nEOF\ncat > /b <<'EOF'\n2\nEOF\ncat <<EOF | sudo tee /c >/dev/null\n3\nEOF\necho \"X=1\" | sudo tee -a /d\necho Y=2 >> /e\ntee \"$F\" <<EOF\n4\nEOF\n";
        let part = Part::whole(text, FileId(0));
        let script = shell::read(part);
        let files: Vec<_> = written(&script, part)
            .iter()
            .map(|file| (file.path.clone(), file.part.text.to_owned()))
            .collect();
        let expected = [
            ("/a", "1\n"),
            ("/b", "2\n"),
            ("/c", "3\n"),
            ("/d", "X=1"),
            ("/e", "Y=2"),
        ];
        assert_eq!(
            files,
            expected.map(|(path, text)| (path.to_owned(), text.to_owned()))
        );
    }

    #[test]
    fn objects_that_are_applied_are_found_unless_the_shell_fills_them_in() {
        let text = "kubectl apply -n x -f - <<EOF\nkind: A\nEOF\nkubectl apply -f - <<EOF\nkind: $B\nEOF\ncat <<EOF | kubectl create -f -\nkind: C\nEOF\n";
        let part = Part::whole(text, FileId(0));
        let found: Vec<_> = applied(&shell::read(part), part)
            .iter()
            .map(|part| part.text)
            .collect();
        assert_eq!(found, ["kind: A\n", "kind: C\n"]);
    }
}
