//! `out/groups/GROUP/cloud-init.yaml`: what a machine that an autoscaler starts does to join.

use minijinja::context;
use serde_json::{Value, json};

use super::{envoy, text, tune};
use crate::emit::document::yaml_text;
use crate::model::{Elastic, Group, Mesh, Token};

/// Where the files lie that a machine fills in at its start.
const FOLDER: &str = "/usr/local/lib/mesh-join";

/// Settings of the kernel.
const SYSCTLS: &str = "/etc/sysctl.d/50-mesh.conf";

/// What stands for the values that only the machine knows.
const ADDRESS: &str = "@ADDRESS@";
const INSTANCE: &str = "@INSTANCE@";
const LOCALITY: &str = "@LOCALITY@";

const JOIN: &str = include_str!("../../../../../templates/elastic/join.sh.j2");
const DRAIN: &str = include_str!("../../../../../templates/elastic/drain.sh.j2");
const JOIN_UNIT: &str = include_str!("../../../../../templates/elastic/mesh-join.service.j2");
const DRAIN_UNIT: &str = include_str!("../../../../../templates/elastic/mesh-drain.service.j2");
const ISTIO_DROP_IN: &str = include_str!("../../../../../templates/elastic/istio.conf.j2");

/// A word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What the scripts and units are told.
fn values(elastic: &Elastic) -> minijinja::Value {
    context! {
        folder => FOLDER,
        metadata => elastic.metadata.as_str(),
        package => quoted(&elastic.package),
        sha256 => elastic.sha256.clone(),
        rpm => elastic.package.ends_with(".rpm"),
        token_file => match &elastic.token {
            Token::File(path) => Some(quoted(path)),
            Token::Command(_) => None,
        },
        root_cert => quoted(&elastic.root_cert),
        drain => elastic.drain,
    }
}

/// A file that cloud-init writes.
fn file(path: String, mode: &str, content: String) -> Value {
    json!({ "path": path, "owner": "root:root", "permissions": mode, "content": content })
}

/// The document.
pub(super) fn cloud_init(mesh: &Mesh, group: &Group, elastic: &Elastic) -> String {
    let mut own = envoy::workload_group(group);
    // The labels of a machine say its place (Istio `pkg/model`, `GetLocalityLabel`) and its name in the cloud.
    own.labels
        .insert("istio-locality".to_owned(), LOCALITY.to_owned());
    own.labels
        .insert("app.kubernetes.io/instance".to_owned(), INSTANCE.to_owned());
    let around = envoy::surroundings(mesh, group, None);
    let files = envoy::configure(&own, &around).expect("the annotation is written here, as YAML");
    let env = format!(
        "{}ISTIO_SVC_IP='{ADDRESS}'\nPOD_NAME='{INSTANCE}'\n",
        files.cluster_env
    );
    let values = values(elastic);
    let script = |template| text::render(template, values.clone());
    let own = |name: &str| format!("{FOLDER}/{name}");
    let unit = |name: &str| format!("/etc/systemd/system/{name}");
    let command = match &elastic.token {
        Token::Command(line) => Some(file(own("token"), "0700", format!("{line}\n"))),
        Token::File(_) => None,
    };
    let unit_file = |name: &str, text| file(unit(name), "0644", text);
    let set_up = [
        tune::service(&group.tune).map(|text| unit_file("istio.service.d/51-tune.conf", text)),
        tune::sysctls(&group.tune).map(|text| file(SYSCTLS.to_owned(), "0644", text)),
        command,
    ];
    let mut commands = vec![
        json!(["systemctl", "daemon-reload"]),
        json!(["systemctl", "enable", "--now", "mesh-join.service"]),
        json!([
            "systemctl",
            "enable",
            "--now",
            "istio.service",
            "mesh-drain.service"
        ]),
    ];
    if !group.tune.sysctls.is_empty() {
        commands.insert(0, json!(["/usr/lib/systemd/systemd-sysctl", SYSCTLS]));
    }
    let mut document = json!({
        "write_files": [
            file(own("cluster.env"), "0644", env),
            file(own("mesh.yaml"), "0644", files.mesh_yaml),
            file(own("hosts"), "0644", files.hosts),
            file(own("join"), "0755", script(JOIN)),
            file(own("drain"), "0755", script(DRAIN)),
            file(unit("mesh-join.service"), "0644", script(JOIN_UNIT)),
            file(unit("mesh-drain.service"), "0644", script(DRAIN_UNIT)),
            file(unit("istio.service.d/50-mesh.conf"), "0644", script(ISTIO_DROP_IN)),
        ],
        "runcmd": commands,
    });
    if let Some(files) = document["write_files"].as_array_mut() {
        files.extend(set_up.into_iter().flatten());
    }
    format!("#cloud-config\n{}", yaml_text([&document]))
}
