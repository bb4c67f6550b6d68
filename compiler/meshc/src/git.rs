use std::path::{Component, Path, PathBuf};
use std::process::Command;

use mesh_compiler::{Entry, World};

use crate::ui::plain;

/// The files of a commit. Paths are below the repository's top folder; those of the command line are turned into such
/// by [`GitWorld::below_top`].
#[derive(Clone, Debug)]
pub(crate) struct GitWorld {
    top: PathBuf,
    revision: String,
}

impl GitWorld {
    /// The commit that `revision` names, in the repository of the current folder.
    ///
    /// # Errors
    /// When there is no git, no repository or no such commit.
    pub(crate) fn of(revision: &str) -> Result<Self, String> {
        let top = run(None, &["rev-parse", "--show-toplevel"])?;
        let top = PathBuf::from(String::from_utf8_lossy(&top).trim_end());
        // A name that begins with a dash would be an option.
        let commit = format!("{revision}^{{commit}}");
        run(
            Some(&top),
            &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit],
        )
        .map_err(|_| format!("git knows no commit `{revision}`"))?;
        Ok(Self {
            top,
            revision: revision.to_owned(),
        })
    }

    /// `path`, which is as the user gave it, below the repository's top folder.
    ///
    /// # Errors
    /// When it leads out of the repository.
    pub(crate) fn below_top(&self, path: &Path) -> Result<String, String> {
        let here = std::env::current_dir()
            .and_then(|here| here.canonicalize())
            .map_err(plain)?;
        let mut whole = PathBuf::new();
        for part in here.join(path).components() {
            match part {
                Component::ParentDir => {
                    whole.pop();
                }
                Component::CurDir => {}
                other => whole.push(other),
            }
        }
        let top = self.top.canonicalize().map_err(plain)?;
        let below = whole
            .strip_prefix(&top)
            .map_err(|_| "it lies outside of the repository".to_owned())?;
        Ok(below.display().to_string())
    }

    fn object(&self, path: &str) -> String {
        format!("{}:{}", self.revision, path.trim_end_matches('/'))
    }
}

impl World for GitWorld {
    fn read(&self, path: &str) -> Result<String, String> {
        String::from_utf8(self.bytes(path)?).map_err(|_| "it is not UTF-8 text".to_owned())
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        run(Some(&self.top), &["cat-file", "blob", &self.object(path)])
            .map_err(|_| format!("commit {} has no such file", self.revision))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let listed = run(Some(&self.top), &["ls-tree", "-z", &self.object(folder)])
            .map_err(|_| format!("commit {} has no folder `{folder}`", self.revision))?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let entry = |line: &str| {
            let (about, name) = line.split_once('\t')?;
            let folder = about.split(' ').nth(1)? == "tree";
            Some(Entry {
                name: name.to_owned(),
                folder,
            })
        };
        Ok(listed.split('\0').filter_map(entry).collect())
    }
}

fn run(folder: Option<&Path>, args: &[&str]) -> Result<Vec<u8>, String> {
    let mut git = Command::new("git");
    if let Some(folder) = folder {
        git.arg("-C").arg(folder);
    }
    let output = git
        .args(args)
        .output()
        .map_err(|error| format!("git cannot be started: {}", plain(error)))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(said.trim().trim_start_matches("fatal: ").to_owned())
    }
}
