//! What an autoscaler's machines are given: cloud-init takes it, a shell takes its scripts, and it holds no secret.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::common;
use mesh_compiler::emit;
use serde_json::Value;

fn document() -> Value {
    let mut all = documents("elastic");
    all.remove("groups/checkout/cloud-init.yaml").unwrap()
}

/// Those of an example, by path.
fn documents(example: &str) -> BTreeMap<String, Value> {
    let output = common::emitted(&common::example(example));
    let of_groups = output
        .into_iter()
        .filter(|(path, _)| path.ends_with("/cloud-init.yaml"));
    let parsed = |(path, file): (String, emit::File)| {
        let text = String::from_utf8(file.bytes).unwrap();
        assert!(
            text.starts_with("#cloud-config\n"),
            "{path}: cloud-init knows it by its first line"
        );
        (path, serde_yaml::from_str(&text).unwrap())
    };
    of_groups.map(parsed).collect()
}

fn file(document: &Value, end: &str) -> String {
    let files = document["write_files"].as_array().unwrap();
    let found = files
        .iter()
        .find(|file| file["path"].as_str().unwrap().ends_with(end));
    found.unwrap()["content"].as_str().unwrap().to_owned()
}

#[test]
fn cloud_inits_own_schema_takes_it() {
    let schema = common::root().join("target/tools/cloud-init.schema.json");
    if !common::present(
        schema.exists(),
        "cloud-init's schema, get it with `cargo xtask setup`",
    ) {
        return;
    }
    let schema: Value = serde_json::from_str(&common::read(&schema)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for example in common::examples() {
        for (path, document) in documents(&example) {
            let errors: Vec<_> = validator
                .iter_errors(&document)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{example}, {path}: {errors:#?}");
        }
    }
    let mut wrong = document();
    wrong["write_files"][0]["permissions"] = Value::from(420);
    assert!(!validator.is_valid(&wrong), "the schema looks at it");
}

#[test]
fn shells_take_the_scripts_and_the_machine_fills_in_what_only_it_knows() {
    let document = document();
    for name in ["/join", "/drain"] {
        let mut shell = Command::new("sh")
            .args(["-n"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let script = file(&document, name);
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = shell.wait_with_output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
    }
    let env = file(&document, "/cluster.env");
    assert!(
        env.contains("ISTIO_SVC_IP='@ADDRESS@'\n") && env.contains("POD_NAME='@INSTANCE@'\n"),
        "{env}"
    );
    assert!(env.contains(r#""istio-locality":"@LOCALITY@""#), "{env}");
    assert!(
        env.contains("ISTIO_META_AUTO_REGISTER_GROUP='checkout'\n"),
        "{env}"
    );
    let join = file(&document, "/join");
    for needed in [
        "sha256sum --check",
        "--request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds",
        "/var/run/secrets/tokens/istio-token",
    ] {
        assert!(join.contains(needed), "{needed} is missing in\n{join}");
    }
    assert_eq!(
        file(&document, "/51-tune.conf"),
        "[Unit]\nAfter=checkout.service\n"
    );
    assert_eq!(
        file(&document, "sysctl.d/50-mesh.conf").trim_end(),
        "net/core/somaxconn = 4096"
    );
    assert_eq!(document["runcmd"][0][1], "/etc/sysctl.d/50-mesh.conf");
    assert_eq!(
        file(&document, "/token"),
        "/usr/local/bin/join-token shop/checkout\n"
    );
}
