use proptest::prelude::*;

use super::*;
use crate::diag::FileId;

fn part(text: &str) -> Part<'_> {
    Part::whole(text, FileId(0))
}

fn words(text: &str) -> Vec<Vec<String>> {
    let script = read(part(text));
    let words = |command: &Command| command.words.iter().map(|word| word.text.clone()).collect();
    script.commands.iter().map(words).collect()
}

#[test]
fn commands_end_where_the_shell_ends_them() {
    assert_eq!(
        words("sudo apt update && sudo apt install -y 'a b' # c\nif true; then x | y; fi"),
        [
            vec!["sudo", "apt", "update"],
            vec!["sudo", "apt", "install", "-y", "a b"],
            vec!["true"],
            vec!["x"],
            vec!["y"],
        ]
    );
    assert_eq!(words("a \\\n  b"), [["a", "b"]]);
}

#[test]
fn here_documents_are_pieces_of_the_file() {
    let text = "sudo tee /etc/x <<'EOF' >/dev/null\nA=1\nEOF\ncat <<-END\n\tb\n\tEND\nnext\n";
    let script = read(part(text));
    let bodies: Vec<_> = script
        .commands
        .iter()
        .flat_map(|command| &command.redirects)
        .filter_map(|redirect| redirect.body(part(text)))
        .map(|body| body.text)
        .collect();
    assert_eq!(bodies, ["A=1\n", "\tb\n"]);
    assert!(script.commands.last().unwrap().runs("next"));
}

#[test]
fn commands_within_expansions_are_found() {
    let text = "TOKEN=$(kubectl create token \"$(cat sa)\" -n x)\necho \"`date`\" $((1 + 2))";
    let script = read(part(text));
    assert!(
        script
            .commands
            .iter()
            .any(|command| command.begins(&["kubectl", "create", "token"]))
    );
    assert!(script.commands.iter().any(|command| command.runs("cat")));
    assert!(script.commands.iter().any(|command| command.runs("date")));
    assert!(!script.commands[0].variables[0].literal);
}

#[test]
fn options_are_found_either_way() {
    let script = read(part("sudo -u root x --one=1 -n two --flag"));
    let command = &script.commands[0];
    assert!(command.runs("x") && command.has("--flag"));
    assert_eq!(command.option("--one", None).unwrap().value, "1");
    assert_eq!(command.option("--namespace", Some("-n")).unwrap().value, "two");
}

#[test]
fn an_unclosed_quote_is_told() {
    let script = read(part("a 'b\nc"));
    assert_eq!(script.unclosed.unwrap().start, 2);
}

proptest! {
    #[test]
    fn places_lie_in_the_text(text in "[a-zé=$(){}'\"`\\\\<>|;&# \n]{0,60}") {
        let script = read(part(&text));
        for command in &script.commands {
            for word in &command.words {
                let span = word.span;
                prop_assert!(text.get(span.start..span.end).is_some());
                if let Some(piece) = word.part(part(&text)) {
                    prop_assert_eq!(piece.text, &word.text);
                }
            }
            for redirect in &command.redirects {
                if let Some(body) = &redirect.body {
                    prop_assert!(text.get(body.clone()).is_some());
                }
            }
        }
    }
}
