//! What a machine that an autoscaler starts does with the scripts of its cloud-init: they run for real, on a copy of
//! this system that forgets what they did, beside a metadata service that answers as that of the cloud.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

#[path = "cloud/metadata.rs"]
mod metadata;
#[path = "../../../runtime/meshd/tests/namespace/mod.rs"]
mod namespace;

#[path = "common/mod.rs"]
mod common;

use std::path::Path;
use std::process::Command;

use namespace::{Namespace, ip};
use serde_json::Value;

const TOOLS: &[&str] = &["ip", "unshare", "chroot", "mount", "useradd", "curl", "tar"];

/// Where every cloud has its metadata service.
const SERVICE: &str = "169.254.169.254";

/// A machine as its autoscaler starts it: the files of its cloud-init, Istio's package, what the image brings, and in
/// place of systemd somebody who writes down what it is asked for.
const IMAGE: &str = r#"
mount -t tmpfs machine "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount -t devtmpfs dev dev
tar --extract --file "$2"
chroot . useradd --system --user-group istio-proxy
install -D /dev/null usr/local/bin/pilot-agent
chmod 755 usr/local/bin/pilot-agent
install -D -m 644 /dev/stdin usr/share/shop/mesh-root.pem <<< "the mesh's roots"
rm -f usr/bin/systemctl bin/systemctl
printf '#!/bin/sh\necho "systemctl $*"\n' > usr/bin/systemctl
printf '#!/bin/sh\necho "token of $1"\n' > usr/local/bin/join-token
chmod 755 usr/bin/systemctl usr/local/bin/join-token
"#;

/// Runs `script` on a new machine of the example's group; what it prints.
fn machine(script: &str) -> Option<String> {
    if !namespace::needs(TOOLS) {
        return None;
    }
    let network = Namespace::new();
    network.run(|| {
        ip(&format!("addr add {SERVICE}/32 dev lo"));
        metadata::serve(SERVICE);
    });
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files.tar");
    pack(&files);
    let (root, script) = (
        folder.path().join("machine"),
        format!("set -e\n{IMAGE}\n{script}"),
    );
    std::fs::create_dir(&root).unwrap();
    let output = network.run(move || {
        Command::new("unshare")
            .args(["--mount", "bash", "-c", &script, "bash"])
            .args([&root, &files])
            // A proxy that nobody answers at: what is asked of the metadata service never goes there.
            .envs([
                ("http_proxy", "http://127.0.0.1:9"),
                ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ])
            .output()
            .unwrap()
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    Some(text(&output.stdout))
}

/// The files of the group's cloud-init, as cloud-init would write them.
fn pack(archive: &Path) {
    let output = common::emitted(&common::example("elastic"));
    let document: Value = serde_yaml::from_slice(&output["groups/checkout/cloud-init.yaml"].bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for file in document["write_files"].as_array().unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let text = |key: &str| file[key].as_str().unwrap();
        let path = folder.path().join(text("path").trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text("content")).unwrap();
        let mode = u32::from_str_radix(text("permissions"), 8).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut tar = Command::new("tar");
    tar.args(["--create", "--file"])
        .arg(archive)
        .arg("--directory")
        .arg(folder.path());
    assert!(tar.arg(".").status().unwrap().success());
}

#[test]
fn a_machine_joins_as_what_the_cloud_says_that_it_is() {
    let show = r#"
chroot . /usr/local/lib/mesh-join/join
chroot . /usr/local/lib/mesh-join/join
chroot . cat /var/lib/istio/envoy/cluster.env /etc/istio/config/mesh
grep istiod etc/hosts
chroot . stat --format "%n %U %a" /var/run/secrets/tokens/istio-token /etc/certs/root-cert.pem
chroot . cat /var/run/secrets/tokens/istio-token /etc/certs/root-cert.pem
chroot . ls -A /var/run/secrets/tokens
"#;
    let Some(said) = machine(show) else { return };
    for line in [
        "ISTIO_SVC_IP='10.30.0.17'",
        "POD_NAME='i-0a1b2c3d4e5f60718'",
        "discoveryAddress: istiod.istio-system.svc:15012",
        "/var/run/secrets/tokens/istio-token istio-proxy 600",
        "/etc/certs/root-cert.pem istio-proxy 644",
        "token of shop/checkout",
        "the mesh's roots",
    ] {
        assert!(
            said.lines().any(|said| said.trim() == line),
            "{line} is missing in\n{said}"
        );
    }
    assert!(
        said.contains(r#""istio-locality":"ap-northeast-2.ap-northeast-2a""#),
        "{said}"
    );
    assert!(!said.contains('@'), "something was not filled in\n{said}");
    let hosts = said
        .lines()
        .filter(|line| *line == "203.0.113.30 istiod.istio-system.svc");
    assert_eq!(hosts.count(), 1, "joining again writes nothing twice\n{said}");
    assert!(
        said.ends_with("\nistio-token\n"),
        "nothing else is left beside it\n{said}"
    );
}

#[test]
fn a_machine_that_the_cloud_ends_stops_its_agent() {
    let Some(said) = machine("chroot . /usr/local/lib/mesh-join/drain") else {
        return;
    };
    assert_eq!(said, "systemctl stop istio.service\n");
}
