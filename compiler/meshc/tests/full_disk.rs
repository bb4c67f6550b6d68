//! A build that finds no room or no right leaves the last output as it was. The disks are small ones of memory, in a
//! mount namespace that ends with its shell.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

mod common;

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use common::Seat;

/// Builds into a disk of memory, makes the disk as `then` says, and builds another spec into it.
fn second_build(then: &str) -> Option<String> {
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let script = format!(
        "mount -t tmpfs -o size=1m tmpfs disk || exit 99
         $MESHC build spec.kdl -o disk/out >/dev/null || exit 98
         sum() {{ find disk/out -type f -exec sha256sum {{}} + | sort | sha256sum; }}
         before=$(sum)
         {then}
         $MESHC build other.kdl -o disk/out
         echo exit $?
         [ \"$before\" = \"$(sum)\" ] && echo as it was
         ls -A disk"
    );
    let seat = Seat::with_forum();
    let other = seat.read("spec.kdl").replace("weight=130", "weight=131");
    seat.write("other.kdl", &other);
    std::fs::create_dir(seat.path("disk")).unwrap();
    let shell = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["-m", "sh", "-c", script])
            .current_dir(seat.path(""));
        command.env("MESHC", env!("CARGO_BIN_EXE_meshc")).output()
    };
    let output = if root { shell(&script).ok() } else { None };
    let run = output.filter(|output| output.status.code() != Some(99));
    assert!(
        run.is_some() || std::env::var_os("CI").is_none(),
        "needs root, unshare (util-linux) and the right to mount"
    );
    let Some(run) = run else {
        println!("skipped: needs root, unshare (util-linux) and the right to mount");
        return None;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(text(&run.stderr) + &text(&run.stdout))
}

#[test]
fn a_full_disk_is_named() {
    let fill = "head -c 2m /dev/zero >disk/full 2>/dev/null";
    let Some(said) = second_build(fill) else { return };
    assert!(
        said.starts_with("error: cannot write the output to `disk/out`\n  cause: "),
        "{said}"
    );
    assert!(
        said.contains("No space left on device\n  help: nothing was changed"),
        "{said}"
    );
    assert!(said.ends_with("exit 2\nas it was\nfull\nout\n"), "{said}");
}

#[test]
fn a_disk_that_nobody_may_write_is_named() {
    let Some(said) = second_build("mount -o remount,ro disk") else {
        return;
    };
    assert!(
        said.starts_with("error: cannot write the output to `disk/out`\n  cause: "),
        "{said}"
    );
    assert!(said.contains("Read-only file system"), "{said}");
    assert!(said.ends_with("exit 2\nas it was\nout\n"), "{said}");
}
