//! Writes again what is derived from the code and the examples.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::command::{self, command, root};
use crate::programs::target_folder;

/// What a build says of itself.
const RECORD: &str = "build.json";

/// Of an example with more files than this, `golden/` keeps build.json alone: its digests pin all others.
const KEPT_WHOLE: usize = 500;

pub(crate) fn run() -> Result<()> {
    command::run(command("cargo").args(["build", "--quiet", "--package", "meshc"]))?;
    let meshc = target_folder().join("debug/meshc");
    for example in examples()? {
        golden(&meshc, &example).with_context(|| format!("examples/{example}"))?;
    }
    for (args, file) in [
        (["schema", "--form", "json"], "schemas/spec.json"),
        (["schema", "--form", "markdown"], "docs/spec.md"),
        (["explain", "--format", "md"], "docs/rules.md"),
    ] {
        let printed = command::output(command(&meshc).args(args))?;
        ensure!(
            printed.status.success(),
            "`meshc {}` ended with {}",
            args.join(" "),
            printed.status
        );
        fs::write(root().join(file), printed.stdout)?;
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

/// The folders in `examples/` that hold a spec, by name.
fn examples() -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root().join("examples"))? {
        let entry = entry?;
        let specs = ["spec.kdl", "spec.yaml", "spec.json"];
        if specs.iter().any(|spec| entry.path().join(spec).is_file()) {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn golden(meshc: &Path, example: &str) -> Result<()> {
    let golden = root().join("golden").join(example);
    // What a build cannot update in place is made anew.
    if golden.exists() && fs::read_dir(&golden)?.count() < 2 {
        fs::remove_dir_all(&golden)?;
    }
    let mut build = command(meshc);
    build.arg("build").arg(format!("examples/{example}"));
    command::run(build.arg("-o").arg(&golden))?;
    let record = fs::read(golden.join(RECORD))?;
    let files = serde_json::from_slice::<Value>(&record)?["files"]
        .as_array()
        .map_or(0, Vec::len);
    if files > KEPT_WHOLE {
        fs::remove_dir_all(&golden)?;
        fs::create_dir(&golden)?;
        fs::write(golden.join(RECORD), record)?;
    }
    Ok(())
}
