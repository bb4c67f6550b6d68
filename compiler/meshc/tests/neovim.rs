//! A spec in a real editor: Neovim without a screen, set up as editors/README.md says.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::Seat;

fn is_there() -> bool {
    let version = Command::new("nvim")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let there = version.is_ok_and(|status| status.success());
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(there || !ci, "CI needs neovim: run `cargo xtask setup`");
    if !there {
        println!("skipped: needs neovim, which `cargo xtask setup` installs");
    }
    there
}

#[test]
fn neovim_marks_fixes_completes_and_renames() {
    if !is_there() {
        return;
    }
    let seat = Seat::with_forum();
    let right = seat.read("spec.kdl");
    let head = right.find("mesh ").unwrap();
    let vm = "            vm forum-db-1";
    let right = right.replace(vm, &format!("            inventory \"machines.csv\"\n{vm}"));
    let right = right.replace(
        "allow from=forum-vm-1",
        "allow from=forum-vm-1\n        expect deny from=listed-1",
    );
    let rows = "name,address,weight\nlisted-1,10.10.0.31,lots\n";
    seat.write("machines.csv", rows);
    seat.write("spec.kdl", &right[head..].replace("mtls strict", "mtsl strict"));
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bin = Path::new(env!("CARGO_BIN_EXE_meshc")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = Command::new("nvim")
        .args(["--headless", "--clean", "-n", "-i", "NONE"])
        .arg("--cmd")
        .arg(format!(
            "luafile {}",
            house.join("../../editors/neovim/meshc.lua").display()
        ))
        .arg("-c")
        .arg(format!("luafile {}", house.join("tests/neovim.lua").display()))
        .arg(seat.path("spec.kdl"))
        .env_clear()
        .env("HOME", seat.path(""))
        .env("PATH", path)
        .current_dir(seat.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    let wanted = right[head..]
        .replace("mtls strict", "mtls permissive")
        .replace("vm-network", "machines")
        .replace("listed-1", "first");
    assert_eq!(seat.read("spec.kdl"), wanted, "{said}");
    let wanted = rows.replace("listed-1", "first").replace("lots", "9");
    assert_eq!(seat.read("machines.csv"), wanted, "{said}");
    seat.done(&["check", "spec.kdl"]);
}
