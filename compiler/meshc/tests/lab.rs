//! What `meshc lab` says when there is nothing to run.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test: it reads the disk and may panic"
)]

mod common;

use common::Seat;

/// A spec whose lab cannot be up on this machine.
fn seat() -> Seat {
    let seat = Seat::with_forum();
    let text = seat.read("spec.kdl");
    seat.write("spec.kdl", &text.replace("mesh forum-mesh", "mesh never-up"));
    seat
}

#[test]
fn a_lab_that_is_not_up_is_named_with_what_makes_it() {
    let said = seat().fails(1, &["lab", "exec", "spec.kdl", "forum-vm-1", "--", "true"]);
    assert_eq!(
        said,
        "error: cannot reach the lab `never-up`\n  \
         cause: no lab `never-up` is up on this machine; `meshc lab up SPEC` makes one\n"
    );
}

#[test]
fn mistakes_of_lab_kdl_are_shown_with_their_places_before_anything_boots() {
    let seat = seat();
    seat.write(
        "lab.kdl",
        "lab {\n  vm forum {\n    oops 1\n    file \"gone\" to=\"/x\"\n  }\n}\n",
    );
    let said = seat.fails(1, &["lab", "up", "spec.kdl"]);
    assert!(
        said.starts_with("error: the lab cannot be planned\n  cause: lab.kdl has mistakes:\n"),
        "{said}"
    );
    assert!(said.contains("3:5: `oops` is not known here"), "{said}");
}

#[test]
fn a_spec_that_is_not_there_is_named() {
    let run = seat().meshc(&["lab", "up", "nowhere"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stdout
            .contains("nowhere cannot be read: No such file or directory"),
        "{run:?}"
    );
}
