//! What `meshc check` says, word by word: `check/<case>.kdl` and beside it the transcript.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check")
}

fn meshc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_meshc"))
        .args(args)
        .current_dir(folder())
        .env_clear()
        .output()
        .expect("meshc starts")
}

fn transcript(args: &[&str]) -> String {
    let output = meshc(args);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("meshc writes UTF-8");
    let code = output.status.code().expect("meshc ends by itself");
    format!(
        "$ meshc {}\n{}{}exit {code}\n",
        args.join(" "),
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// Compares with the file, or writes it where MESHC_UPDATE is set.
fn same(file: &str, now: &str) {
    let path = folder().join(file);
    if std::env::var_os("MESHC_UPDATE").is_some() {
        std::fs::write(&path, now).expect("the transcript can be written");
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let help = "if the new text is right: MESHC_UPDATE=1 cargo test -p meshc --test check";
    assert!(
        before == now,
        "{file} says:\n{before}\nmeshc says:\n{now}\n{help}"
    );
}

#[test]
fn every_case_is_told_as_its_transcript_says() {
    let mut cases: Vec<_> = std::fs::read_dir(folder())
        .expect("the cases are there")
        .map(|entry| {
            entry
                .expect("the cases can be listed")
                .file_name()
                .into_string()
                .expect("names are UTF-8")
        })
        .filter(|name| [".kdl", ".yaml", ".json"].iter().any(|end| name.ends_with(end)))
        .collect();
    cases.sort();
    for case in cases {
        // Of other languages than KDL, the transcript keeps the end.
        let name = case.strip_suffix(".kdl").unwrap_or(&case);
        same(&format!("{name}.txt"), &transcript(&["check", &case]));
    }
}

#[test]
fn short_and_json_say_the_same() {
    same(
        "warnings.short.txt",
        &transcript(&["check", "--format", "short", "warnings.kdl"]),
    );
    same(
        "warnings.github.txt",
        &transcript(&["check", "--format", "github", "warnings.kdl"]),
    );
    same(
        "warnings.json.txt",
        &transcript(&["check", "--format", "json", "warnings.kdl"]),
    );
}

#[test]
fn what_cannot_be_read_is_not_the_specs_fault() {
    let output = meshc(&["check", "nowhere.kdl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("nowhere.kdl cannot be read"));
    assert_eq!(meshc(&["check", "."]).status.code(), Some(2));
}

#[test]
fn usage_and_completion() {
    assert_eq!(meshc(&["chekc"]).status.code(), Some(2));
    assert_eq!(meshc(&["check"]).status.code(), Some(2));
    let script = meshc(&["completion", "bash"]);
    assert_eq!(script.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&script.stdout).contains("complete -F _meshc"));
}

#[test]
fn examples_are_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for example in std::fs::read_dir(folder).unwrap() {
        let example = example.unwrap().path();
        // The mistakes of others are kept as they are.
        if example.ends_with("article") {
            continue;
        }
        let output = meshc(&["check", example.to_str().unwrap()]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

/// A folder of its own with this spec in it.
fn spec(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join(name), text).expect("the spec can be written");
    folder
}

#[test]
fn what_is_certain_is_put_right_in_place() {
    use std::os::unix::fs::PermissionsExt as _;
    let wrong =
        "mesh m\nnetwrok kube // where pods are\ncluster c network=kube\nnamespace a {\n    account x\n}\n";
    let folder = spec("spec.kdl", wrong);
    let path = folder.path().join("spec.kdl");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let name = path.to_str().unwrap();

    let shown = meshc(&["check", "--diff", name]);
    let patch = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!(shown.status.code(), Some(1));
    assert!(
        patch.contains("\n-netwrok kube // where pods are\n+network kube // where pods are\n"),
        "{patch}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), wrong);

    let fixed = meshc(&["check", "--fix", name]);
    let told = String::from_utf8_lossy(&fixed.stderr).into_owned();
    assert!(
        told.contains(":2: MC-L002: a spec has no node `netwrok`: write `network`"),
        "{told}"
    );
    assert!(told.contains("fixed 1 mistake in 1 file"), "{told}");
    assert_eq!(
        fixed.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&fixed.stdout)
    );
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        wrong.replace("netwrok", "network")
    );
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);

    let again = meshc(&["check", "--diff", name]);
    assert_eq!((again.status.code(), again.stdout.is_empty()), (Some(0), true));
}

#[test]
fn codes_are_explained_by_number_and_by_name() {
    let page = |args: &[&str]| String::from_utf8(meshc(args).stdout).unwrap();
    let by_name = page(&["explain", "no-probe"]);
    assert!(by_name.starts_with("warning MC-V016 no-probe\n"), "{by_name}");
    assert!(by_name.contains("\n    service cart {\n"), "{by_name}");
    assert_eq!(page(&["explain", "mc-v016"]), by_name);
    assert_eq!(page(&["explain", "V016"]), by_name);
    assert!(page(&["explain", "--format", "md", "no-probe"]).starts_with("# MC-V016 no-probe\n"));
    assert!(page(&["explain", "--format", "json", "no-probe"]).contains("\"slug\": \"no-probe\""));
    assert!(page(&["explain"]).contains("\nMC-V016  warning  no-probe "));

    let unknown = meshc(&["explain", "no-prob"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean `no-probe`?"));
    let script = page(&["completion", "bash"]);
    assert!(script.contains("MC-V016") && script.contains("no-probe"));
    let script = page(&["completion", "fish"]);
    let line = "__fish_meshc_using_subcommand explain\" -f -a \"no-probe\" -d '";
    assert!(
        script.contains(line) && script.contains("machine\\'s"),
        "{script}"
    );
}

#[test]
fn warnings_fail_where_they_are_denied() {
    assert_eq!(meshc(&["check", "warnings.kdl"]).status.code(), Some(0));
    let denied = meshc(&["check", "--deny-warnings", "warnings.kdl"]);
    assert_eq!(denied.status.code(), Some(1));
}

/// Code scanning takes paths from the folder of the repository, however the spec is named.
#[test]
fn sarif_says_paths_from_the_folder() {
    let path = folder().canonicalize().unwrap().join("warnings.kdl");
    let output = meshc(&["check", "--format", "sarif", path.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"uri\": \"warnings.kdl\""), "{text}");
    assert!(text.contains("\"uriBaseId\": \"%SRCROOT%\""), "{text}");
}
