//! Writes again what is derived from the code and the examples.

use anyhow::Result;

use crate::command::{self, command, root};
use crate::programs::target_folder;

/// The examples whose output is kept in `golden/`.
const GOLDEN: &[&str] = &["forum", "reference"];

pub(crate) fn run() -> Result<()> {
    command::run(command("cargo").args(["build", "--quiet", "--package", "meshc"]))?;
    let meshc = target_folder().join("debug/meshc");
    for example in GOLDEN {
        let golden = root().join("golden").join(example);
        command::run(
            command(&meshc)
                .arg("build")
                .arg(format!("examples/{example}"))
                .arg("-o")
                .arg(golden),
        )?;
    }
    let schemas = [
        "run",
        "--quiet",
        "--package",
        "mesh-wire",
        "--example",
        "schemas",
        "--",
        "schemas",
    ];
    command::run(command("cargo").args(schemas))
}
