//! What `meshc build` would have written, and the folders of the machine that it is for.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use mesh_apply::deploy::{self, Done, Manner};
use mesh_apply::failure::Failure;
use mesh_apply::host::Login;
use mesh_apply::layout::Layout;
use mesh_apply::out;
use mesh_apply::plan::Plan;
use mesh_apply::progress::Event;
use mesh_apply::release::Release;
use mesh_apply::runtime;
use mesh_wire::Sha256;
use serde_json::json;

/// The size of the stand-in runtime: large enough to be interrupted.
pub const PROGRAM: usize = 10 << 20;

pub struct Machine {
    pub folder: tempfile::TempDir,
    pub manner: Manner,
}

impl Machine {
    /// An empty machine, and an output folder with two files for it, one of them secret.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let show = |name: &str| folder.path().join(name).display().to_string();
        let layout = Layout {
            home: show("var/lib/meshd"),
            prefix: show("root"),
        };
        fs::create_dir_all(folder.path().join("var/lib")).unwrap();
        fs::create_dir_all(folder.path().join("runtime")).unwrap();
        let manner = Manner {
            layout,
            silence: Duration::from_secs(30),
            ..Manner::default()
        };
        let machine = Self { folder, manner };
        let script = include_str!("meshd.sh")
            .replace("@HOME@", &machine.manner.layout.home)
            .replace("@PREFIX@", &machine.manner.layout.prefix);
        // What does not compress and is never read: the shell stops at `exit`.
        let mut program = format!("{script}\nexit 0\n").into_bytes();
        let mut seed = 1_u32;
        while program.len() < PROGRAM {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            program.extend_from_slice(&seed.to_be_bytes());
        }
        machine.put_runtime(&program);
        machine.build("one\n");
        machine
    }

    pub fn put_runtime(&self, program: &[u8]) {
        fs::write(self.folder.path().join("runtime/meshd"), program).unwrap();
    }

    /// Writes an output folder in which `/etc/meshd/names.json` is `names`.
    pub fn build(&self, names: &str) {
        self.build_with(names, "SECRET-KEY\n");
    }

    /// The same, with other contents of the secret file.
    pub fn build_with(&self, names: &str, key: &str) {
        let out = self.folder.path().join("out");
        let files = [
            ("/etc/meshd/identity/key.pem", key, true),
            ("/etc/meshd/names.json", names, false),
        ];
        fs::create_dir_all(out.join("vms/vm/rootfs")).unwrap();
        fs::write(out.join("build.json"), "{}").unwrap();
        let mut listed = Vec::new();
        for (index, (path, text, secret)) in files.iter().enumerate() {
            let source = format!("vms/vm/rootfs/{index}");
            fs::write(out.join(&source), text).unwrap();
            listed.push(
                json!({"path": path, "source": source, "owner": "root", "group": "root", "mode": "0644",
                "sha256": Sha256::of(text.as_bytes()), "secret": secret}),
            );
        }
        let bundle = json!({"format": 1, "vm": "vm", "namespace": "ns", "runtime": "0.1.0", "files": listed,
            "units": [], "checks": [], "ssh": {"host": "127.0.0.1"}});
        fs::write(out.join("vms/vm/bundle.json"), bundle.to_string()).unwrap();
    }

    pub fn releases(&self) -> Vec<Release> {
        let targets = out::load(&self.folder.path().join("out")).unwrap();
        let runtimes = runtime::find(&self.folder.path().join("runtime")).unwrap();
        runtimes
            .iter()
            .map(|runtime| Release::assemble(&targets[0], runtime).unwrap())
            .collect()
    }

    pub fn apply(&self, login: &dyn Login) -> (Result<Done, Failure>, Option<Plan>) {
        let plan = Mutex::new(None);
        let mut tell = |event: Event| {
            if let Event::Planned(planned) = event {
                *plan.lock().unwrap() = Some(*planned);
            }
        };
        let result = deploy::deploy(login, "root", &self.releases(), &self.manner, &mut tell);
        (result, plan.into_inner().unwrap())
    }

    pub fn home(&self, path: &str) -> PathBuf {
        PathBuf::from(&self.manner.layout.home).join(path)
    }

    pub fn root(&self, path: &str) -> PathBuf {
        PathBuf::from(&self.manner.layout.prefix).join(path)
    }

    /// The names of all blobs in the store.
    pub fn store(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home("store")).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}
