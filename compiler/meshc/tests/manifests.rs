//! What is asked of a spec can be asked of the manifests that it became, and of others'.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn meshc(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_meshc"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("meshc starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("meshc writes UTF-8")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The manifests of the forum, without values for charts.
fn forum() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let golden = root().join("golden/forum/kubernetes/forum-cluster");
    for entry in std::fs::read_dir(golden).expect("golden/forum is there") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("UTF-8");
        if entry.path().is_file() && name.ends_with(".yaml") && !name.contains("values") {
            std::fs::copy(entry.path(), folder.path().join(name)).expect("a copy");
        }
    }
    folder
}

#[test]
fn a_call_through_manifests_ends_as_through_the_spec() {
    let folder = forum();
    let (manifests, spec) = (folder.path().display().to_string(), "examples/forum");
    let mut ends = Vec::new();
    for from in ["outside", "istioinaction/forum-vm-1", "webapp"] {
        let asked = |mesh: &str| {
            let to = "http://forum:8080/api/threads";
            let output = meshc(&root(), &["trace", from, to, mesh, "--method", "POST"]);
            let last = text(&output.stdout).lines().last().map(str::to_owned);
            (output.status.code(), last.unwrap_or_default())
        };
        assert_eq!(asked(&manifests), asked(spec), "{from}");
        ends.push(asked(spec).0);
    }
    assert_eq!(ends, [Some(1), Some(1), Some(0)]);
}

#[test]
fn a_graph_of_manifests_has_their_machines() {
    let folder = forum();
    let output = meshc(folder.path(), &["graph", ".", "--format", "dot"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("istioinaction/forum"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn what_is_expected_of_manifests_lies_beside_them() {
    let folder = forum();
    let expected =
        "expect allow from=\"istioinaction/webapp\" to=\"http://forum.istioinaction:8080/api/threads\"\n";
    std::fs::write(folder.path().join("calls.test.kdl"), expected).expect("a file");
    let output = meshc(folder.path(), &["test", "."]);
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(said.contains("1 met, 0 not"), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn what_is_no_part_of_the_mesh_is_told() {
    let folder = forum();
    let odd = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: edge, namespace: istioinaction}\n\
               spec:\n  hosts: [shop.example.com]\n  gateways: [edge]\n  http: [{route: [{destination: {host: webapp}}]}]\n";
    std::fs::write(folder.path().join("edge.yaml"), odd).expect("a file");
    let output = meshc(folder.path(), &["graph", ".", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("VirtualService edge.istioinaction: routes of gateways"),
        "{}",
        text(&output.stderr)
    );
}
