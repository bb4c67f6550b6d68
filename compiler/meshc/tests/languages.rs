//! Tools of the language, as the user sees them: convert, fmt, init, schema, man.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test: it reads the disk and may panic"
)]

mod common;

use common::Seat;

#[test]
fn a_spec_is_the_same_in_every_language_and_a_folder_has_one() {
    let seat = Seat::with_forum();
    seat.done(&["build", "spec.kdl", "-o", "kdl"]);
    for (language, name) in [
        ("yaml", "other/spec.yaml"),
        ("json", "more/spec.json"),
        ("kdl", "again/spec.kdl"),
    ] {
        let text = seat.done(&["convert", ".", "--to", language]).stdout;
        seat.write(name, &text);
        let folder = name.split('/').next().unwrap();
        seat.done(&["build", folder, "-o", language]);
        let both = ["kdl", language].map(|out| seat.read(&format!("{out}/build.json")));
        let files = |record: &str| record[record.find("\"files\"").unwrap()..].to_owned();
        assert_eq!(files(&both[0]), files(&both[1]), "{language}");
    }
    seat.write("other/spec.kdl", "mesh m\n");
    let run = seat.meshc(&["check", "other"]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("`spec.kdl` and `spec.yaml`"), "{run:?}");
    let wrong = seat.fails(1, &["convert", "spec.kdl", "--to", "yaml", "--from", "json"]);
    assert!(wrong.contains("is not converted"), "{wrong}");
}

#[test]
fn what_is_no_spec_is_called_what_it_is() {
    let seat = Seat::with_forum();
    seat.write("README.md", "# A mesh\n\nIt is ours.\n");
    seat.write("blank.yaml", " \n\n");
    seat.write("long.kdl", &format!("mesh {}\n", "a".repeat(1_000_000)));
    let asked: [&[&str]; 6] = [
        &["check", "README.md"],
        &["build", "README.md"],
        &["graph", "README.md"],
        &["trace", "a", "b", "README.md"],
        &["fmt", "README.md"],
        &["convert", "README.md", "--to", "yaml"],
    ];
    for args in asked {
        let run = seat.meshc(args);
        let told = run.stdout.clone() + &run.stderr;
        assert!(
            run.code != 0 && told.contains("README.md is Markdown, and no spec"),
            "{run:?}"
        );
        assert!(told.contains("KDL, YAML and JSON"), "{told}");
        assert!(!told.contains("begins no comment"), "{told}");
    }
    let run = seat.meshc(&["check", "blank.yaml"]);
    assert!(run.stdout.contains("blank.yaml is empty"), "{run:?}");
    assert!(run.stdout.contains("`mesh: NAME`"), "{run:?}");
    // What nobody can read is not shown.
    let run = seat.meshc(&["check", "long.kdl"]);
    assert!(
        run.code == 1 && run.stdout.len() < 2_000,
        "{} bytes",
        run.stdout.len()
    );
    assert!(
        run.stdout.contains("at long.kdl:1:6, in a line that is too long"),
        "{run:?}"
    );
}

#[test]
fn a_first_spec_is_right_and_is_never_written_over() {
    let seat = Seat::with_forum();
    for (name, flags, file) in [
        ("a", &["--yes"][..], "a/spec.kdl"),
        ("b", &["--yes", "--yaml"], "b/spec.yaml"),
    ] {
        seat.done(&[&["init", name], flags].concat());
        let checked = seat.done(&["check", name]).stdout;
        assert!(checked.contains("no mistakes"), "{checked}");
        let before = seat.read(file);
        let again = seat.fails(2, &[&["init", name], flags].concat());
        assert!(again.contains("is there already"), "{again}");
        assert_eq!(seat.read(file), before);
    }
    seat.done(&["fmt", "--check", "a"]);
    let alone = seat.fails(2, &["init", "c"]);
    assert!(alone.contains("--yes"), "{alone}");
}

#[test]
fn specs_are_put_in_order_and_what_has_mistakes_is_left_alone() {
    let seat = Seat::with_forum();
    seat.done(&["fmt", "--check", "."]);
    seat.write("mine.kdl", "mesh   m { // why\nmtls   strict }\n");
    let run = seat.meshc(&["fmt", "--check", "mine.kdl", "spec.kdl"]);
    assert_eq!((run.code, run.stdout.lines().count()), (1, 1), "{run:?}");
    seat.done(&["fmt", "mine.kdl", "spec.kdl"]);
    assert_eq!(seat.read("mine.kdl"), "mesh m { // why\n    mtls strict\n}\n");

    for (name, text) in [
        ("wrong.kdl", "mesh m {\n"),
        ("slip.kdl", "a ttl=30s\n"),
        ("wrong.yaml", "mesh:   m\n\tmtls: strict\n"),
        ("wrong.json", "{\"mesh\": }"),
    ] {
        seat.write(name, text);
        let said = seat.fails(1, &["fmt", name, "mine.kdl"]);
        assert!(said.contains("is left as it is"), "{said}");
        assert_eq!(seat.read(name), text);
    }
    seat.fails(2, &["fmt", "nowhere.kdl"]);

    seat.write(
        "mine.yaml",
        "mesh:\n    name:   m  # why\n    # later\n    mtls: strict\n",
    );
    seat.write("mine.json", "{\"mesh\": \"m\"}");
    seat.fails(1, &["fmt", "--check", "mine.yaml", "mine.json"]);
    seat.done(&["fmt", "mine.yaml", "mine.json"]);
    seat.done(&["fmt", "--check", "mine.yaml", "mine.json"]);
    assert_eq!(
        seat.read("mine.yaml"),
        "mesh:\n  name: m  # why\n  # later\n  mtls: strict\n"
    );
    assert_eq!(seat.read("mine.json"), "{\n  \"mesh\": \"m\"\n}\n");
}

#[test]
fn every_command_has_a_manual_page() {
    let seat = Seat::with_forum();
    seat.done(&["man", "pages"]);
    let help = seat.done(&["help"]).stdout;
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names: Vec<_> = commands
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .collect();
    assert!(names.contains(&"fmt") && names.len() > 8, "{help}");
    for name in names.iter().filter(|name| !name.is_empty() && **name != "help") {
        let page = seat.read(&format!("pages/meshc-{name}.1"));
        assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
    assert!(seat.read("pages/meshc.1").contains("meshc\\-build(1)"));
}

/// A spec with comments at every kind of place, and what is written of it.
const COMMENTED: &str = r#"// The mesh.
mesh shop { // its name
    /* of two
       lines */
    dns ttl="30s" // half a minute
}

namespace shop {
    // The first.
    service cart {
        port 8080 http // requests
        // Who calls.
        allow from=web
    }
    // The second.
    service web { port 80 http }
}
// The end.
"#;

const IN_YAML: &str = r#"# The mesh.
# its name
mesh:
  name: shop
  # of two
  # lines
  # half a minute
  dns:
    ttl: "30s"
namespace:
  - name: shop
    service:
      # The first.
      - name: cart
        port:
          # requests
          - number: 8080
            protocol: http
        allow:
          # Who calls.
          - from: web
      # The second.
      - name: web
        port:
          - number: 80
            protocol: http
# The end.
"#;

#[test]
fn comments_go_along_where_a_language_has_them() {
    let seat = Seat::with_forum();
    seat.write("c/spec.kdl", COMMENTED);
    let yaml = seat.done(&["convert", "c/spec.kdl", "--to", "yaml"]);
    assert_eq!(yaml.stdout, IN_YAML);
    // And back, where each stands before its node.
    seat.write("y/spec.yaml", &yaml.stdout);
    let kdl = seat.done(&["convert", "y/spec.yaml", "--to", "kdl"]).stdout;
    let comments = |text: &str, mark: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(str::trim)
            .filter_map(|line| line.strip_prefix(mark));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(comments(&kdl, "//"), comments(IN_YAML, "#"));
    assert!(kdl.contains("    // Who calls.\n        allow from=web"), "{kdl}");
    // `#` within a value begins none, and what is for editors stays away from KDL.
    seat.write(
        "h/spec.yaml",
        "# yaml-language-server: $schema=x\nmesh: m # his\ncluster: {name: c, context: 'a # b'}\nnamespace: {name: n}\n",
    );
    let kdl = seat.done(&["convert", "h/spec.yaml", "--to", "kdl"]).stdout;
    assert_eq!(comments(&kdl, "//"), ["his"], "{kdl}");
    let json = seat.done(&["convert", "c/spec.kdl", "--to", "json"]);
    assert!(json.stderr.contains("JSON has none"), "{json:?}");
    let quiet = seat.done(&["convert", "y/spec.yaml", "--to", "yaml"]);
    assert!(!quiet.stderr.contains("JSON"), "{quiet:?}");
}
