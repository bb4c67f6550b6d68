use std::path::{Path, PathBuf};

use mesh_apply::out::{self, Target};

use crate::commands::build;
use crate::commands::check::Format;
use crate::commands::settings::Values;
use crate::exit::Exit;
use crate::out_folder;
use crate::ui::Ui;

/// The output of a build: the user's own, or one that was made for this command and goes with this value.
pub(crate) struct Input {
    folder: PathBuf,
    _made: Option<tempfile::TempDir>,
}

/// Refuses a path that is neither a spec nor an output, and says so in the words of both.
pub(crate) fn known(path: &Path, ui: &Ui) -> Result<(), Exit> {
    let cause = if !path.exists() {
        "there is no such file or folder"
    } else if path.is_dir()
        && !std::iter::once("build.json")
            .chain(build::SPECS.iter().copied())
            .any(|name| path.join(name).is_file())
    {
        "the folder has neither a `build.json` nor a `spec.kdl`"
    } else {
        return Ok(());
    };
    ui.fail(
        format_args!("`{}` is neither a spec nor the output of a build", path.display()),
        cause,
        "name a spec, or the folder that `meshc build` wrote",
    );
    Err(Exit::Broken)
}

impl Input {
    /// `path` is an output folder, or a spec that is built first.
    pub(crate) fn open(path: &Path, identity: Option<&Path>, values: &Values, ui: &Ui) -> Result<Self, Exit> {
        known(path, ui)?;
        if !path.join("build.json").is_file() {
            return Self::build(path, identity, values, ui);
        }
        if identity.is_some() {
            ui.fail(
                "`--identity` needs a spec",
                format_args!(
                    "`{}` is the output of a build, which has its certificates or has none",
                    path.display()
                ),
                "name the spec, or run `meshc build --identity` first",
            );
            return Err(Exit::Broken);
        }
        if !values.is_empty() {
            ui.fail(
                "`--profile` and `--set` need a spec",
                format_args!(
                    "`{}` is the output of a build, whose values are in",
                    path.display()
                ),
                "name the spec, or run `meshc build` with them first",
            );
            return Err(Exit::Broken);
        }
        Ok(Self {
            folder: path.to_owned(),
            _made: None,
        })
    }

    fn build(path: &Path, identity: Option<&Path>, values: &Values, ui: &Ui) -> Result<Self, Exit> {
        let mesh = build::mesh(&build::spec_file(path), values, Format::Human, ui)?;
        let output = build::output(&mesh, identity, ui)?;
        let made = tempfile::tempdir().map_err(|error| {
            ui.fail(
                "cannot make a folder to build in",
                error,
                "is there room in the folder for temporary files?",
            );
            Exit::Broken
        })?;
        let folder = made.path().join("out");
        out_folder::write(&folder, &output).map_err(|error| {
            ui.fail("cannot write the output", &error, error.remedy());
            Exit::Broken
        })?;
        Ok(Self {
            folder,
            _made: Some(made),
        })
    }

    /// The VMs in it that run Istio's own agent.
    pub(crate) fn foreign(&self, ui: &Ui) -> Result<Vec<String>, Exit> {
        out::foreign(&self.folder).map_err(|error| {
            ui.fail("cannot read the output", error, "run `meshc build` again");
            Exit::Broken
        })
    }

    /// All VMs in it that have a bundle.
    pub(crate) fn targets(&self, ui: &Ui) -> Result<Vec<Target>, Exit> {
        out::load(&self.folder).map_err(|error| {
            ui.fail("cannot read the output", error, "run `meshc build` again");
            Exit::Broken
        })
    }
}
