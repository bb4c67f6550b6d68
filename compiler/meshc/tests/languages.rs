//! A spec in another language, as the user sees it.

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
