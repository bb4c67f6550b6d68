//! The forum on really booted machines, and a person who applies it and looks at what comes of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use mesh_lab::{Lab, Places};

/// The mesh, and so its lab.
const NAME: &str = "trouble-test";
/// What a machine looks like; the demo takes the same.
const FOOTPRINT: &str = include_str!("../../../../xtask/src/demo/footprint.sh");
/// Everything that is waited for comes sooner, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The lab, which goes down with this value.
pub(crate) struct Booted {
    folder: tempfile::TempDir,
    runtime: PathBuf,
}

/// One run of meshc.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    /// What it printed, standard error after standard output.
    pub(crate) said: String,
}

impl Run {
    /// What it said of a machine, in one line.
    pub(crate) fn of(&self, machine: &str) -> String {
        let start = format!("{machine}: ");
        let lines = self.said.lines().filter_map(|line| line.strip_prefix(&start));
        lines.map(str::trim).collect::<Vec<_>>().join(" | ")
    }
}

impl Booted {
    /// Boots the machines; `None`, with a word about it, where that cannot be done.
    pub(crate) fn up() -> Option<Self> {
        let runtime = match (mesh_lab::needs::check(), runtime()) {
            (Ok(()), Some(runtime)) => runtime,
            (needs, runtime) => {
                let needs = needs.err().map(|error| error.to_string());
                let runtime = runtime
                    .is_none()
                    .then(|| "a static meshd: run `cargo xtask demo` once".to_owned());
                let missing = needs.or(runtime).unwrap_or_default();
                assert!(std::env::var_os("CI").is_none(), "{missing}");
                println!("skipped: needs {missing}");
                return None;
            }
        };
        let folder = tempfile::tempdir().unwrap();
        let forum = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/forum");
        copy(&forum, &folder.path().join("spec"));
        let booted = Self { folder, runtime };
        booted.change_spec("mesh forum-mesh", &format!("mesh {NAME}"));
        booted.done(&["ca", "init", "ca"]);
        booted.done(&["ca", "issue", "ca", "spec"]);
        booted.build("out");
        booted.done(&["lab", "up", "spec", "--identity", "ca"]);
        Some(booted)
    }

    /// Edits the spec.
    pub(crate) fn change_spec(&self, from: &str, to: &str) {
        let path = self.folder.path().join("spec/spec.kdl");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "the spec has no `{from}`");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Builds the spec as it is now.
    pub(crate) fn build(&self, out: &str) {
        self.done(&["build", "spec", "-o", out, "--identity", "ca"]);
    }

    fn done(&self, arguments: &[&str]) {
        let run = run(self.meshc(arguments));
        assert_eq!(run.code, Some(0), "meshc {arguments:?}: {}", run.said);
    }

    fn meshc(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshc"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    fn at_operators_seat(&self, verb: &str, out: &str, more: &[&str]) -> Command {
        let config = Places::default()
            .state
            .join(NAME)
            .join("ssh/config")
            .display()
            .to_string();
        let runtime = self.runtime.display().to_string();
        let mut words = vec![
            "lab",
            "exec",
            "spec",
            "--",
            env!("CARGO_BIN_EXE_meshc"),
            verb,
            out,
            "--ssh",
        ];
        words.extend(["-F", &config]);
        if verb == "apply" {
            words.extend(["--runtime", &runtime]);
        }
        words.extend(more);
        self.meshc(&words)
    }

    /// `meshc apply OUT --ssh`.
    pub(crate) fn apply(&self, out: &str, more: &[&str]) -> Run {
        run(self.at_operators_seat("apply", out, more))
    }

    /// The same, not waited for.
    pub(crate) fn begin_apply(&self, out: &str, more: &[&str]) -> Child {
        let mut command = self.at_operators_seat("apply", out, more);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// `meshc remove OUT --ssh`.
    pub(crate) fn remove(&self, out: &str, more: &[&str]) -> Run {
        run(self.at_operators_seat("remove", out, more))
    }

    fn shell(&self, place: &str, script: &str) -> Command {
        self.meshc(&["lab", "exec", "spec", place, "--", "sh", "-c", script])
    }

    /// Runs a script in a machine or pod, which must succeed; what it printed.
    pub(crate) fn sh(&self, place: &str, script: &str) -> String {
        let output = self.shell(place, script).output().unwrap();
        assert!(output.status.success(), "{place}: {script}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Starts a script in a machine or pod.
    pub(crate) fn begin_sh(&self, place: &str, script: &str) -> Child {
        self.shell(place, script).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Waits until a script succeeds there; what it printed then.
    pub(crate) fn until(&self, place: &str, script: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let output = self.shell(place, script).output().unwrap();
            if output.status.success() {
                return String::from_utf8_lossy(&output.stdout).trim().to_owned();
            }
            assert!(
                Instant::now() < deadline,
                "{place}: never: {script}: {}",
                text(&output)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Switches a machine off.
    pub(crate) fn power_off(&self, machine: &str) {
        // The command may end with the machine before it has an exit code.
        let _ = self.shell(machine, "systemctl poweroff --force --force").output();
        let deadline = Instant::now() + PATIENCE;
        let console = Lab::attach(&Places::default(), NAME)
            .unwrap()
            .logs(machine)
            .join("console.log");
        let is_down = || {
            std::fs::read_to_string(&console)
                .unwrap()
                .ends_with("the machine has ended\n")
        };
        while !is_down() {
            assert!(Instant::now() < deadline, "{machine} does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Everything on a machine that meshd could have touched.
    pub(crate) fn footprint(&self, machine: &str) -> String {
        self.sh(machine, FOOTPRINT)
    }

    /// Asserts that a machine is as in `before`.
    pub(crate) fn is_as(&self, before: &str, machine: &str) {
        let after = self.footprint(machine);
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let (before, after) = (lines(before), lines(&after));
        let gone = before.difference(&after).map(|line| format!("- {line}"));
        let new = after.difference(&before).map(|line| format!("+ {line}"));
        let differences: Vec<_> = gone.chain(new).take(20).collect();
        assert!(
            differences.is_empty(),
            "{machine} is not as before:\n{}",
            differences.join("\n")
        );
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        if let Err(error) = Lab::down(&Places::default(), NAME) {
            println!("the lab {NAME} is not wholly gone: {error}");
        }
    }
}

/// The folder with the static runtime: what the person names, or what the demo has built.
fn runtime() -> Option<PathBuf> {
    let built = || {
        Some(
            Path::new(env!("CARGO_BIN_EXE_meshc"))
                .parent()?
                .parent()?
                .join("runtime"),
        )
    };
    let folder = std::env::var_os("MESHD_RUNTIME")
        .map(PathBuf::from)
        .or_else(built)?;
    let program = format!("meshd-{}", std::env::consts::ARCH);
    folder.join(program).is_file().then_some(folder)
}

fn run(mut command: Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code(),
        said: text(&output),
    }
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .join("\n")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
