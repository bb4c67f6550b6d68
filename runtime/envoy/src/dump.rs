//! What a running proxy is, as Envoy's `/config_dump` tells it: tools that read an Envoy's dump read ours.
//!
//! It is told as of an Envoy that istiod serves: listeners, clusters, tables of routes and endpoints have come from a control
//! plane, each in a section of its own.

use serde_json::{Map, Value, json};

use crate::{Exported, Places, envoy, socket, without_null};

/// What a dump tells beside the snapshot.
#[derive(Clone, Debug)]
pub struct Running<'a> {
    /// What tells this snapshot from others, such as its digest.
    pub version: &'a str,
    /// When it was put in force (RFC 3339).
    pub updated: &'a str,
    /// The program's own version, `MAJOR.MINOR.PATCH`.
    pub program: &'a str,
    /// Certificates that are shown and trusted; the key is never told.
    pub secrets: Vec<Secret>,
    /// Endpoints as they are now; `None` leaves their section out, as Envoy does without `?include_eds`.
    pub endpoints: Option<Vec<Endpoints>>,
}

/// Certificates in use.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Istio's name: `default` is the workload's own, `ROOTCA` whom it trusts.
    pub name: &'static str,
    /// PEM.
    pub certificates: String,
    /// When they came into use (RFC 3339).
    pub updated: String,
}

/// The endpoints of one cluster.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Name of the cluster.
    pub cluster: String,
    /// In any order.
    pub endpoints: Vec<Endpoint>,
}

/// One endpoint as it is now.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Address, or a name that is looked up.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `0` first.
    pub priority: u32,
    /// Region, zone, sub-zone.
    pub locality: [String; 3],
    /// Share.
    pub weight: u32,
    /// It is not left out.
    pub healthy: bool,
    /// It is reached by mutual TLS of the mesh.
    pub mtls: bool,
}

/// The dump of a proxy that runs `snapshot`.
pub fn config_dump(snapshot: &mesh_wire::Snapshot, places: &Places, running: &Running<'_>) -> Value {
    let Exported { mut config, .. } = envoy(snapshot, places);
    let resources = config["static_resources"].take();
    let take = |key: &str| match &resources[key] {
        Value::Array(all) => all.clone(),
        _ => Vec::new(),
    };
    let (mut listeners, mut clusters) = (take("listeners"), take("clusters"));
    let mut tables = Tables::default();
    listeners.iter_mut().for_each(|listener| tables.take(listener));
    clusters.iter_mut().for_each(by_discovery);
    let mut sections = vec![
        bootstrap(config, places, running),
        self::clusters(clusters, running),
    ];
    if let Some(endpoints) = &running.endpoints {
        sections.push(self::endpoints(endpoints, running));
    }
    sections.extend([
        self::listeners(listeners, running),
        tables.section(running),
        secrets(running),
    ]);
    without_null(json!({ "configs": sections }))
}

fn typed(kind: &str, mut value: Value) -> Value {
    let mut members = Map::new();
    members.insert("@type".to_owned(), format!("type.googleapis.com/{kind}").into());
    if let Value::Object(own) = &mut value {
        members.append(own);
    }
    Value::Object(members)
}

fn bootstrap(config: Value, places: &Places, running: &Running<'_>) -> Value {
    let mut numbers = running
        .program
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let mut node = config["node"].clone();
    node["user_agent_name"] = "meshd".into();
    node["user_agent_build_version"] = json!({
        "version": { "major_number": next(), "minor_number": next(), "patch": next() },
        "metadata": { "build.label": "meshd", "revision.status": "Clean", "build.type": "RELEASE" },
    });
    let bootstrap = json!({ "node": node, "admin": { "address": socket(places.admin) },
        "dynamic_resources": { "lds_config": ads(), "cds_config": ads() } });
    typed(
        "envoy.admin.v3.BootstrapConfigDump",
        json!({ "bootstrap": bootstrap, "last_updated": running.updated }),
    )
}

/// What a control plane has sent.
fn ads() -> Value {
    json!({ "ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3" })
}

/// Endpoints that are listed are told in their own section.
fn by_discovery(cluster: &mut Value) {
    let listed = cluster["type"] == "STATIC" && cluster.get("load_assignment").is_some();
    if let (true, Some(members)) = (listed, cluster.as_object_mut()) {
        members.remove("load_assignment");
        let name = members.get("name").cloned();
        members.insert("type".to_owned(), "EDS".into());
        let source = json!({ "eds_config": ads(), "service_name": name });
        members.insert("eds_cluster_config".to_owned(), source);
    }
}

fn clusters(clusters: Vec<Value>, running: &Running<'_>) -> Value {
    let (version, updated) = (running.version, running.updated);
    let active = clusters.into_iter().map(|cluster| {
        json!({ "version_info": version, "last_updated": updated,
            "cluster": typed("envoy.config.cluster.v3.Cluster", cluster) })
    });
    typed(
        "envoy.admin.v3.ClustersConfigDump",
        json!({ "version_info": version, "dynamic_active_clusters": active.collect::<Value>() }),
    )
}

fn listeners(listeners: Vec<Value>, running: &Running<'_>) -> Value {
    let (version, updated) = (running.version, running.updated);
    let dynamic = listeners.into_iter().map(|listener| {
        json!({ "name": listener["name"], "active_state": { "version_info": version, "last_updated": updated,
            "listener": typed("envoy.config.listener.v3.Listener", listener) } })
    });
    typed(
        "envoy.admin.v3.ListenersConfigDump",
        json!({ "version_info": version, "dynamic_listeners": dynamic.collect::<Value>() }),
    )
}

fn endpoints(all: &[Endpoints], running: &Running<'_>) -> Value {
    let assigned = all.iter().map(|cluster| {
        json!({ "version_info": running.version, "last_updated": running.updated, "endpoint_config":
            typed("envoy.config.endpoint.v3.ClusterLoadAssignment", cluster.assignment()) })
    });
    typed(
        "envoy.admin.v3.EndpointsConfigDump",
        json!({ "dynamic_endpoint_configs": assigned.collect::<Value>() }),
    )
}

impl Endpoints {
    fn assignment(&self) -> Value {
        let mut places = std::collections::BTreeMap::<_, Vec<Value>>::new();
        for endpoint in &self.endpoints {
            let place = places.entry((endpoint.priority, &endpoint.locality)).or_default();
            place.push(endpoint.told());
        }
        let places = places
            .into_iter()
            .map(|((priority, [region, zone, sub_zone]), endpoints)| {
                json!({ "priority": priority, "lb_endpoints": endpoints,
                "locality": { "region": region, "zone": zone, "sub_zone": sub_zone } })
            });
        json!({ "cluster_name": self.cluster, "endpoints": places.collect::<Value>() })
    }
}

impl Endpoint {
    fn told(&self) -> Value {
        let metadata = self.mtls.then(
            || json!({ "filter_metadata": { "envoy.transport_socket_match": { "tlsMode": "istio" } } }),
        );
        json!({ "endpoint": { "address": crate::host_and_port(&self.host, self.port) },
            "health_status": if self.healthy { "HEALTHY" } else { "UNHEALTHY" },
            "load_balancing_weight": self.weight, "metadata": metadata })
    }
}

/// Tables of routes, taken out of the listeners that name them.
#[derive(Default)]
struct Tables {
    /// By name: several filter chains name the same.
    named: Map<String, Value>,
    /// Those that belong to one listener.
    own: Vec<Value>,
}

impl Tables {
    fn take(&mut self, listener: &mut Value) {
        let outbound = listener["traffic_direction"] == "OUTBOUND";
        let mut chains: Vec<&mut Value> = Vec::new();
        if let Some(members) = listener.as_object_mut() {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("filter_chains", Value::Array(all)) => chains.extend(all),
                    ("default_filter_chain", chain) => chains.push(chain),
                    _ => {}
                }
            }
        }
        let filters = chains
            .into_iter()
            .filter_map(|chain| chain["filters"].as_array_mut());
        for filter in filters.flatten() {
            let Some(config) = filter["typed_config"].as_object_mut() else {
                continue;
            };
            let Some(table) = config.get("route_config").cloned() else {
                continue;
            };
            if outbound {
                config.remove("route_config");
                let name = table["name"].as_str().unwrap_or_default().to_owned();
                let source = json!({ "config_source": ads(), "route_config_name": name });
                config.insert("rds".to_owned(), source);
                self.named.insert(name, table);
            } else {
                self.own.push(table);
            }
        }
    }

    fn section(self, running: &Running<'_>) -> Value {
        let table = |table| typed("envoy.config.route.v3.RouteConfiguration", table);
        let named = self.named.into_iter().map(|(_, one)| {
            json!({ "version_info": running.version, "last_updated": running.updated, "route_config": table(one) })
        });
        let own = self
            .own
            .into_iter()
            .map(|one| json!({ "last_updated": running.updated, "route_config": table(one) }));
        typed(
            "envoy.admin.v3.RoutesConfigDump",
            json!({ "dynamic_route_configs": named.collect::<Value>(), "static_route_configs": own.collect::<Value>() }),
        )
    }
}

/// What Envoy tells in place of a key.
const REDACTED: &str = "[redacted]";

fn secrets(running: &Running<'_>) -> Value {
    let active = running.secrets.iter().map(|secret| {
        let pem = json!({ "inline_bytes": base64(secret.certificates.as_bytes()) });
        let mut told = json!({ "name": secret.name });
        if secret.name == "ROOTCA" {
            told["validation_context"] = json!({ "trusted_ca": pem });
        } else {
            let key = json!({ "inline_bytes": base64(REDACTED.as_bytes()) });
            told["tls_certificate"] = json!({ "certificate_chain": pem, "private_key": key });
        }
        json!({ "name": secret.name, "version_info": running.version, "last_updated": secret.updated,
            "secret": typed("envoy.extensions.transport_sockets.tls.v3.Secret", told) })
    });
    typed(
        "envoy.admin.v3.SecretsConfigDump",
        json!({ "dynamic_active_secrets": active.collect::<Value>() }),
    )
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
