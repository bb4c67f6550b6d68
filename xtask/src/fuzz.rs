//! Runs the fuzz targets for a while, with the compiler that builds everything else: libFuzzer asks of it only what
//! every release of rustc passes on to LLVM.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::{Context, Result, bail, ensure};

use crate::command::{self, command, root};
use crate::programs::target_folder;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Begins with this number, and so goes through the same inputs again
    #[arg(long)]
    seed: Option<u32>,
    /// The targets; all if none is named
    targets: Vec<String>,
}

impl Args {
    /// Those that read what users write: they need the smallest part of the house. Always the same inputs, as
    /// many as there is time for: what they find has to do with the change that they are run for.
    pub(crate) fn of_specs(seconds: u64) -> Self {
        Self::of(&["compiler"], seconds)
    }

    /// Those that read what comes over the network: they need the proxy, whose properties are tested besides.
    pub(crate) fn of_traffic(seconds: u64) -> Self {
        Self::of(&["http2", "proxy", "tls"], seconds)
    }

    fn of(parts: &[&str], seconds: u64) -> Self {
        let targets = TARGETS.iter().filter(|(_, part)| parts.contains(part));
        Self {
            seconds,
            seed: Some(1),
            targets: targets.map(|(name, _)| (*name).to_owned()).collect(),
        }
    }
}

/// A target, and the part of the house that it needs.
const TARGETS: &[(&str, &str)] = &[
    ("spec", "compiler"),
    ("yaml", "compiler"),
    ("json", "compiler"),
    ("inventory", "compiler"),
    ("host_files", "compiler"),
    ("manifests", "compiler"),
    ("lsp", "lsp"),
    ("ssh_config", "apply"),
    ("http2", "http2"),
    ("fields", "http2"),
    ("tls", "tls"),
    ("snapshot", "proxy"),
    ("dns", "proxy"),
    ("http1", "proxy"),
    ("sniff", "proxy"),
    ("token", "proxy"),
    ("paths", "proxy"),
    ("peer", "proxy"),
    ("trace", "proxy"),
    ("xds", "proxy"),
];

/// What libFuzzer needs to see which way a program went (LLVM, SanitizerCoverage).
const COVERAGE: &[&str] = &[
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
];

/// As many as cores; each is one process.
const AT_ONCE: usize = 2;

/// Lines of a target that found something.
const SHOWN: usize = 60;

pub(crate) fn run(args: &Args) -> Result<()> {
    let wanted = wanted(&args.targets)?;
    let programs = build(&wanted)?;
    let mut failed = Vec::new();
    for few in wanted.chunks(AT_ONCE) {
        let running: Vec<_> = few
            .iter()
            .map(|(target, _)| Ok((*target, start(&programs, target, args)?)))
            .collect::<Result<_>>()?;
        for (target, mut child) in running {
            let success = child.wait()?.success();
            let said = std::fs::read_to_string(log(&programs, target)).unwrap_or_default();
            let count = said
                .lines()
                .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
            println!("{target}: {} inputs", count.unwrap_or("?").trim());
            if !success {
                let lines: Vec<_> = said.lines().collect();
                eprintln!("{}", lines[lines.len().saturating_sub(SHOWN)..].join("\n"));
                failed.push(target);
            }
        }
    }
    if failed.is_empty() {
        println!("nothing was found in {} s a target", args.seconds);
        return Ok(());
    }
    bail!(
        "{} found something: what did it is in fuzz/artifacts/, and becomes a test",
        failed.join(", ")
    )
}

fn wanted(names: &[String]) -> Result<Vec<(&'static str, &'static str)>> {
    let known = || {
        TARGETS
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    for name in names {
        let there = TARGETS.iter().any(|(target, _)| target == name);
        ensure!(there, "there is no target `{name}`: they are {}", known());
    }
    let all = TARGETS.iter().copied();
    Ok(all
        .filter(|(target, _)| names.is_empty() || names.iter().any(|name| name == target))
        .collect())
}

/// Builds the targets with no more of the house than they need; where they lie.
fn build(wanted: &[(&str, &str)]) -> Result<PathBuf> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let folder = target_folder().join("fuzz");
    let mut features: Vec<_> = wanted.iter().map(|(_, feature)| *feature).collect();
    features.dedup();
    // The versions of everything else, which are fetched already.
    std::fs::copy(root().join("Cargo.lock"), root().join("fuzz/Cargo.lock"))?;
    let mut cargo = command("cargo");
    // The target is named, so that build scripts and macros are built without the flags.
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target",
            &triple,
        ])
        .args(["--no-default-features", "--features", &features.join(",")])
        .env("RUSTFLAGS", COVERAGE.join(" "))
        .env("CARGO_TARGET_DIR", &folder);
    for (target, _) in wanted {
        cargo.args(["--bin", target]);
    }
    command::run(&mut cargo)?;
    Ok(folder.join(triple).join("release"))
}

/// Starts from the texts that the house has, and from what earlier runs found worth keeping.
fn start(programs: &Path, target: &str, args: &Args) -> Result<Child> {
    let seconds = args.seconds;
    let corpus = root().join("fuzz/corpus").join(target);
    let artifacts = root().join("fuzz/artifacts").join(target);
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&artifacts)?;
    seed(target, &corpus)?;
    let said = File::create(log(programs, target))?;
    let mut fuzzer = command(programs.join(target));
    fuzzer
        .arg(&corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-max_len=4096",
            "-verbosity=0",
            "-print_final_stats=1",
        ])
        .args(args.seed.map(|seed| format!("-seed={seed}")))
        .stdout(said.try_clone()?)
        .stderr(said);
    eprintln!("$ fuzz {target}, {seconds} s");
    fuzzer
        .spawn()
        .with_context(|| format!("cannot start the target {target}"))
}

/// What the target says while it runs.
fn log(programs: &Path, target: &str) -> PathBuf {
    programs.join(format!("{target}.log"))
}

/// Specs to begin with: nobody comes upon a whole one by chance.
fn seed(target: &str, corpus: &Path) -> Result<()> {
    let (folder, end) = match target {
        "spec" | "lsp" => ("compiler/meshc/tests/check", "kdl"),
        "yaml" => ("compiler/meshc/tests/check", "yaml"),
        "json" => ("compiler/meshc/tests/check", "json"),
        "manifests" => ("examples/article/manifests", "yaml"),
        _ => return Ok(()),
    };
    for entry in std::fs::read_dir(root().join(folder))? {
        let path = entry?.path();
        if let (Some(name), true) = (path.file_name(), path.extension().is_some_and(|is| is == end)) {
            std::fs::copy(&path, corpus.join(name))?;
        }
    }
    Ok(())
}
