//! Files of Debian packages that are not installed: they would bring daemons, and one of them takes over the machine.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::command::{command, run};
use crate::programs::target_folder;

/// A file of a package.
struct Unpacked {
    package: &'static str,
    /// Where the package keeps it; `*` stands for anything.
    path: &'static str,
    /// Its name in `target/tools`.
    name: &'static str,
    program: bool,
}

const ALL: &[Unpacked] = &[
    // The schema of cloud-init's documents.
    Unpacked {
        package: "cloud-init",
        path: "./usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json",
        name: "cloud-init.schema.json",
        program: false,
    },
    // What checks rules for Prometheus.
    Unpacked {
        package: "prometheus",
        path: "./usr/bin/promtool",
        name: "promtool",
        program: true,
    },
    // A peer of the proxy, with the libraries that nothing else brings.
    Unpacked {
        package: "haproxy",
        path: "./usr/sbin/haproxy",
        name: "haproxy",
        program: true,
    },
    Unpacked {
        package: "liblua5.3-0",
        path: "./usr/lib/*/liblua5.3.so.0.0.0",
        name: "liblua5.3.so.0",
        program: false,
    },
    Unpacked {
        package: "libopentracing-c-wrapper0",
        path: "./usr/lib/*/libopentracing-c-wrapper.so.0.*",
        name: "libopentracing-c-wrapper.so.0",
        program: false,
    },
    Unpacked {
        package: "libopentracing1",
        path: "./usr/lib/*/libopentracing.so.1.*",
        name: "libopentracing.so.1",
        program: false,
    },
];

/// Puts them into `target/tools`, unless they are there already.
pub(super) fn all() -> Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() {
        return Ok(());
    }
    let tools = target_folder().join("tools");
    let missing = ALL.iter().filter(|file| !tools.join(file.name).is_file());
    missing.into_iter().try_for_each(|file| {
        file.unpack(&tools)
            .with_context(|| format!("of {}", file.package))
    })
}

impl Unpacked {
    fn unpack(&self, tools: &Path) -> Result<()> {
        let scratch = tools.join(format!("{}.unpacked", self.package));
        std::fs::create_dir_all(&scratch)?;
        let mut download = command("apt-get");
        download.args(["download", self.package]).current_dir(&scratch);
        run(&mut download).context("the package cannot be fetched")?;
        let package = std::fs::read_dir(&scratch)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|end| end == "deb"))
            .context("apt-get left no package")?;
        let mut files = command("dpkg-deb")
            .arg("--fsys-tarfile")
            .arg(&package)
            .stdout(Stdio::piped())
            .spawn()?;
        let archive = files.stdout.take().context("dpkg-deb has an output")?;
        let file = command("tar")
            .args(["--extract", "--to-stdout", "--wildcards", self.path])
            .stdin(archive)
            .output()?;
        files.wait()?;
        ensure!(file.status.success(), "the package has no {}", self.path);
        // Written beside first: what is there is whole.
        let whole = scratch.join(self.name);
        std::fs::write(&whole, file.stdout)?;
        if self.program {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&whole, std::fs::Permissions::from_mode(0o755))?;
        }
        std::fs::rename(whole, tools.join(self.name))?;
        std::fs::remove_dir_all(&scratch)?;
        Ok(())
    }
}
