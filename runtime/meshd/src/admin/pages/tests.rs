//! Every page of Envoy's that tools read, of a machine that has the forum's bundle.

use std::fs;
use std::path::{Path, PathBuf};

use http_body_util::BodyExt as _;
use mesh_proxy::dns::Machine;
use mesh_proxy::telemetry::LogSink;
use mesh_proxy::{Destinations, Drain, Shared, drain};

use super::*;
use crate::layout::Layout;

struct Forum {
    admin: Admin,
    drains: [Drain; 2],
    _drainers: [drain::Drainer; 2],
    _root: tempfile::TempDir,
}

impl Forum {
    /// A machine with the bundle that `meshc build` writes for a VM of the forum.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path());
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/forum");
        let bundle = fs::read(golden.join("vms/forum-vm-1/bundle.json")).unwrap();
        let bundle: Value = serde_json::from_slice(&bundle).unwrap();
        for file in bundle["files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            if path.starts_with("/etc/meshd/") {
                let to = layout.at(path);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(golden.join(file["source"].as_str().unwrap()), to).unwrap();
            }
        }
        let spiffe = "spiffe://cluster.local/ns/istioinaction/sa/forum-service-account";
        let mesh: Value =
            serde_json::from_slice(&fs::read(layout.at("/etc/meshd/mesh.json")).unwrap()).unwrap();
        let spiffe = mesh["identity"]["spiffe"].as_str().unwrap_or(spiffe);
        crate::daemon::tests::identity(&layout, spiffe);
        fs::create_dir_all(layout.state()).unwrap();
        let shared = Shared::new(Destinations::Socket, LogSink::none());
        let daemon = Daemon::new(layout.clone(), shared, Machine::new(layout.at("/"), Vec::new()));
        let daemon = Arc::new(daemon);
        crate::metrics::register(&daemon);
        daemon.start();
        let ((inbound, one), (outbound, other)) = (drain::new(), drain::new());
        let admin = Admin {
            daemon,
            logging: crate::logging::start(true),
            inbound: inbound.beginner(),
            outbound: outbound.beginner(),
        };
        Self {
            admin,
            drains: [one, other],
            _drainers: [inbound, outbound],
            _root: root,
        }
    }

    fn ask(&self, method: Method, path: &str) -> (u16, String) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let answer = self.admin.answer(&method, path, &Asked::read(query));
        let (head, body) = answer.into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let body = runtime.block_on(body.collect()).unwrap().to_bytes();
        (head.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    fn get(&self, path: &str) -> String {
        let (status, body) = self.ask(Method::GET, path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).unwrap()
    }
}

/// What `istioctl proxy-config` looks for in a dump: sections by their type, and the members that it reads.
#[test]
fn the_dump_has_the_sections_of_an_envoy_that_istiod_serves() {
    let forum = Forum::new();
    let dump = forum.json("/config_dump?include_eds");
    let kinds = dump["configs"].as_array().unwrap().iter();
    let kinds: Vec<&str> = kinds.map(|part| part["@type"].as_str().unwrap()).collect();
    let wanted = [
        "BootstrapConfigDump",
        "ClustersConfigDump",
        "EndpointsConfigDump",
        "ListenersConfigDump",
        "RoutesConfigDump",
        "SecretsConfigDump",
    ];
    assert_eq!(
        kinds,
        wanted.map(|kind| format!("type.googleapis.com/envoy.admin.v3.{kind}"))
    );
    let version = forum.admin.daemon.status().snapshot.unwrap().to_string();
    let listed = [
        (
            "ClustersConfigDump",
            "dynamic_active_clusters",
            "cluster",
            "config.cluster.v3.Cluster",
        ),
        (
            "EndpointsConfigDump",
            "dynamic_endpoint_configs",
            "endpoint_config",
            "config.endpoint.v3.ClusterLoadAssignment",
        ),
        (
            "RoutesConfigDump",
            "dynamic_route_configs",
            "route_config",
            "config.route.v3.RouteConfiguration",
        ),
        (
            "SecretsConfigDump",
            "dynamic_active_secrets",
            "secret",
            "extensions.transport_sockets.tls.v3.Secret",
        ),
    ];
    for (section, list, member, kind) in listed {
        let all = config::section(&dump, section)[list].as_array().unwrap().clone();
        assert!(!all.is_empty(), "{section}");
        for one in all {
            assert_eq!(one[member]["@type"], format!("type.googleapis.com/envoy.{kind}"));
            assert_eq!(one["version_info"], version);
            assert!(one["last_updated"].as_str().unwrap().ends_with('Z'));
        }
    }
    let listeners = &config::section(&dump, "ListenersConfigDump")["dynamic_listeners"];
    let names: Vec<&str> = listeners
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"virtualOutbound") && names.contains(&"virtualInbound"),
        "{names:?}"
    );
    let node = &config::section(&dump, "BootstrapConfigDump")["bootstrap"]["node"];
    assert_eq!(node["metadata"]["NAME"], "forum-vm-1");
    assert!(config::section(&forum.json("/config_dump"), "EndpointsConfigDump").is_null());
}

#[test]
fn tables_are_named_by_listeners_and_endpoints_by_clusters() {
    let dump = Forum::new().json("/config_dump?include_eds");
    let tables = config::section(&dump, "RoutesConfigDump");
    let names = |list: &str| -> Vec<String> {
        let all = tables[list].as_array().unwrap().iter();
        all.map(|one| one["route_config"]["name"].to_string()).collect()
    };
    let (dynamic, own) = (names("dynamic_route_configs"), names("static_route_configs"));
    let listeners = config::section(&dump, "ListenersConfigDump").to_string();
    for name in &dynamic {
        assert!(
            listeners.contains(&format!("\"route_config_name\":{name}")),
            "{name}"
        );
    }
    assert!(!own.is_empty());
    let clusters = config::section(&dump, "ClustersConfigDump")["dynamic_active_clusters"]
        .as_array()
        .unwrap();
    let eds: Vec<&Value> = clusters
        .iter()
        .map(|one| &one["cluster"])
        .filter(|one| one["type"] == "EDS")
        .collect();
    assert!(!eds.is_empty());
    for cluster in eds {
        assert_eq!(cluster["eds_cluster_config"]["service_name"], cluster["name"]);
        assert!(cluster.get("load_assignment").is_none());
    }
}

#[test]
fn no_page_tells_a_key() {
    let forum = Forum::new();
    let dump = forum.json("/config_dump");
    let secrets = &config::section(&dump, "SecretsConfigDump")["dynamic_active_secrets"];
    // "[redacted]", as Envoy says it.
    assert_eq!(
        secrets[0]["secret"]["tls_certificate"]["private_key"]["inline_bytes"],
        "W3JlZGFjdGVkXQ=="
    );
    assert!(secrets[1]["secret"]["validation_context"]["trusted_ca"]["inline_bytes"].is_string());
    let certificates = forum.json("/certs");
    let chain = &certificates["certificates"][0]["cert_chain"][0];
    assert!(
        chain["subject_alt_names"][0]["uri"]
            .as_str()
            .unwrap()
            .starts_with("spiffe://")
    );
    assert_eq!(chain["expiration_time"], "4096-01-01T00:00:00Z");
    assert_eq!(chain["valid_from"], "1975-01-01T00:00:00Z");
    assert!(certificates["certificates"][0]["ca_cert"][0]["serial_number"].is_string());
}

#[test]
fn clusters_and_listeners_are_told_as_text_and_as_json() {
    let forum = Forum::new();
    let text = forum.get("/clusters");
    let (endpoint, _) = text
        .split_once("::health_flags::healthy")
        .expect("an endpoint is healthy");
    let endpoint = endpoint.rsplit('\n').next().unwrap();
    for figure in [
        "rq_active::0",
        "weight::",
        "priority::0",
        "region::",
        "canary::false",
    ] {
        assert!(
            text.contains(&format!("{endpoint}::{figure}")),
            "{figure} in {text}"
        );
    }
    assert!(text.contains("::default_priority::max_connections::"));
    let json = forum.json("/clusters?format=json");
    let (name, address) = endpoint.split_once("::").unwrap();
    let all = json["cluster_statuses"].as_array().unwrap();
    let cluster = all.iter().find(|one| one["name"] == name).unwrap();
    let host = &cluster["host_statuses"][0];
    let socket = &host["address"]["socket_address"];
    assert_eq!(
        address,
        format!("{}:{}", socket["address"].as_str().unwrap(), socket["port_value"])
    );
    assert_eq!(host["health_status"]["eds_health_status"], "HEALTHY");
    assert_eq!(
        cluster["circuit_breakers"]["thresholds"][0]["priority"],
        "DEFAULT"
    );
    assert!(
        forum
            .get("/listeners")
            .contains("virtualInbound::0.0.0.0:15006\n")
    );
    assert!(
        forum
            .get("/listeners")
            .contains("0.0.0.0_8080::0.0.0.0:8080\n0.0.0.0_8080::[::]:8080\n")
    );
    let listeners = forum.json("/listeners?format=json");
    assert!(listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"].is_u64());
    assert!(forum.json("/routes")["dynamic_route_configs"].is_array());
    let part =
        forum.json("/config_dump?resource=dynamic_active_clusters&name_regex=^outbound&mask=cluster.name");
    let clusters = part["configs"].as_array().unwrap();
    let is = |one: &Value| {
        one["cluster"]["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("outbound"))
    };
    assert!(!clusters.is_empty() && clusters.iter().all(is), "{part}");
    assert_eq!(forum.ask(Method::GET, "/config_dump?resource=nothing").0, 404);
}

#[test]
fn figures_are_told_in_three_ways() {
    let forum = Forum::new();
    assert!(forum.get("/stats/prometheus").contains("# TYPE"));
    assert!(forum.get("/stats?format=prometheus").contains("# TYPE"));
    let text = forum.get("/stats");
    assert!(
        !text.contains('#') && text.lines().all(|line| line.contains(": ")),
        "{text}"
    );
    let json = forum.json("/stats?format=json");
    assert!(
        json["stats"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["name"].is_string() && one["value"].is_number())
    );
    // What policies decide has Envoy's names, and for Prometheus the labels that Istio takes out of them.
    let decided = forum.get("/stats?filter=rbac");
    assert!(
        decided
            .lines()
            .any(|line| line.starts_with("http.inbound_0.0.0.0_") && line.ends_with(";.rbac.denied: 0")),
        "{decided}"
    );
    assert!(!decided.contains("envoy_"), "{decided}");
    let told = forum.get("/stats/prometheus?filter=rbac");
    assert!(
        told.contains("envoy_http_rbac{authz_enforce_result=\"denied\","),
        "{told}"
    );
    let some = forum.get("/stats?filter=^meshd_&usedonly");
    assert!(
        !some.is_empty()
            && some
                .lines()
                .all(|line| line.starts_with("meshd_") && !line.ends_with(" 0")),
        "{some}"
    );
    assert_eq!(forum.ask(Method::GET, "/stats?filter=(").0, 400);
    let memory = forum.json("/memory");
    assert!(
        memory["total_physical_bytes"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
    let info = forum.json("/server_info");
    assert_eq!(info["state"], "LIVE");
    assert_eq!(forum.get("/ready"), "LIVE\n");
}

#[test]
fn what_changes_something_wants_a_post() {
    let mut forum = Forum::new();
    for path in ["/drain_listeners", "/logging?level=debug"] {
        assert_eq!(forum.ask(Method::GET, path).0, 405);
    }
    assert!(forum.get("/logging").starts_with("active loggers:\n"));
    assert_eq!(forum.ask(Method::POST, "/logging?level=unheard").0, 400);
    assert_eq!(
        forum.ask(Method::POST, "/drain_listeners?inboundonly"),
        (200, "OK\n".to_owned())
    );
    assert_eq!(
        forum.drains.each_mut().map(|one| one.is_draining()),
        [true, false]
    );
    assert_eq!(forum.get("/ready"), "LIVE\n");
    assert_eq!(forum.ask(Method::POST, "/drain_listeners").0, 200);
    assert_eq!(forum.drains.each_mut().map(|one| one.is_draining()), [true, true]);
    assert_eq!(forum.ask(Method::GET, "/ready"), (503, "draining\n".to_owned()));
    assert_eq!(forum.json("/server_info")["state"], "DRAINING");
    assert_eq!(forum.ask(Method::GET, "/nowhere").0, 404);
}

/// The real reader, where `ISTIOCTL` names one.
#[test]
fn istioctl_reads_the_dump() {
    let Some(program) = std::env::var_os("ISTIOCTL").map(PathBuf::from) else {
        return println!("skipped: needs istioctl, named by ISTIOCTL");
    };
    let forum = Forum::new();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: String| {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        file
    };
    let dump = write("dump.json", forum.get("/config_dump?include_eds"));
    let clusters = write("clusters.json", forum.get("/clusters?format=json"));
    let name = |json: &Value, list: &str, key: &str| json[list][0][key].as_str().unwrap().to_owned();
    let cluster = name(&forum.json("/clusters?format=json"), "cluster_statuses", "name");
    for (what, file, says) in [
        ("bootstrap", &dump, "forum-vm-1"),
        ("listeners", &dump, "15006"),
        ("clusters", &dump, "EDS"),
        ("routes", &dump, "VIRTUAL SERVICE"),
        ("eds", &dump, "HEALTHY"),
        ("endpoints", &clusters, "HEALTHY"),
        ("secret", &dump, "ROOTCA"),
        ("all", &dump, cluster.as_str()),
    ] {
        let mut command = std::process::Command::new(&program);
        command.args(["proxy-config", what, "--file"]).arg(file);
        if what == "bootstrap" || what == "all" {
            command.args(["-o", "json"]);
        }
        let output = command.output().unwrap();
        let (told, wrong) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success() && told.contains(says),
            "{what}: {told}{wrong}"
        );
    }
}
