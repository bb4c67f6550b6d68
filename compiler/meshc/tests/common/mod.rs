//! A person with a spec in an empty folder, who runs meshc and reads what it says.

#![allow(dead_code, reason = "no test does everything that a person can")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder, which goes away with this value.
pub(crate) struct Seat {
    folder: tempfile::TempDir,
}

/// One run of meshc.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Seat {
    /// With `spec.kdl`, which is the forum's.
    pub(crate) fn with_forum() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let forum = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/forum/spec.kdl");
        fs::copy(forum, folder.path().join("spec.kdl")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs meshc in the folder, with nothing of the environment but the folder as home.
    pub(crate) fn meshc(&self, args: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_meshc"))
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("USER", "ada")
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(
                !text.contains('\u{1b}'),
                "no colours and no bars into a pipe: {text}"
            );
            text.replace(&self.folder.path().display().to_string(), "~")
        };
        Run {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The same, for what has to work.
    pub(crate) fn done(&self, args: &[&str]) -> Run {
        let run = self.meshc(args);
        assert_eq!(run.code, 0, "meshc {args:?}: {run:?}");
        run
    }

    /// The same, for what has to end with `code`; what it says on standard error.
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> String {
        let run = self.meshc(args);
        assert_eq!(run.code, code, "meshc {args:?}: {run:?}");
        run.stderr
    }
}
