//! `/config_dump`, `/routes` and `/certs`, in the shapes of Envoy's.

use mesh_envoy::{Endpoint, Endpoints, Places, Running, Secret, config_dump};
use mesh_proxy::tls::Certificate;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::server::moment;
use crate::daemon::Daemon;

/// Everything that is in force. Endpoints are told where they are asked for.
pub(super) fn dump(daemon: &Daemon, endpoints: bool) -> Value {
    let snapshot = daemon.shared.snapshot().unwrap_or_default();
    let status = daemon.status();
    let version = status
        .snapshot
        .map(|digest| digest.to_string())
        .unwrap_or_default();
    let since = daemon.since();
    let secret = |name, certificates: Vec<Certificate>| Secret {
        name,
        certificates: certificates.into_iter().map(|one| one.pem).collect(),
        updated: moment(since.identity),
    };
    let identity = daemon.shared.identity();
    let secrets = identity.iter().flat_map(|identity| {
        [
            secret("default", identity.chain()),
            secret("ROOTCA", identity.authorities()),
        ]
    });
    let running = Running {
        version: &version,
        updated: &moment(since.snapshot),
        program: crate::run::VERSION,
        secrets: secrets.collect(),
        endpoints: endpoints.then(|| self::endpoints(daemon)),
    };
    config_dump(&snapshot, &Places::default(), &running)
}

fn endpoints(daemon: &Daemon) -> Vec<Endpoints> {
    let clusters = daemon.shared.report().clusters.into_iter();
    let clusters = clusters.filter(|cluster| !cluster.endpoints.is_empty());
    let told = clusters.map(|cluster| Endpoints {
        cluster: cluster.name,
        endpoints: cluster
            .endpoints
            .into_iter()
            .map(|endpoint| Endpoint {
                host: endpoint.host,
                port: endpoint.port,
                priority: endpoint.priority,
                locality: endpoint.locality,
                weight: endpoint.weight,
                healthy: !endpoint.ejected,
                mtls: endpoint.mtls,
            })
            .collect(),
    });
    told.collect()
}

/// The part of a dump that is of this kind; `null` where there is none.
pub(super) fn section<'a>(dump: &'a Value, kind: &str) -> &'a Value {
    let mut all = dump["configs"].as_array().into_iter().flatten();
    let is = |part: &&Value| part["@type"].as_str().is_some_and(|name| name.ends_with(kind));
    all.find(is).unwrap_or(&Value::Null)
}

/// Envoy's `envoy.admin.v3.Certificates`.
pub(super) fn certificates(daemon: &Daemon) -> Value {
    let Some(identity) = daemon.shared.identity() else {
        return json!({ "certificates": [] });
    };
    let told = |all: Vec<Certificate>| all.iter().map(certificate).collect::<Value>();
    json!({ "certificates": [{
        "ca_cert": told(identity.authorities()), "cert_chain": told(identity.chain()),
    }] })
}

fn certificate(one: &Certificate) -> Value {
    let uris = one.uris.iter().map(|uri| json!({ "uri": uri }));
    let names = uris.chain(one.dns.iter().map(|name| json!({ "dns": name })));
    let left = one.not_after - OffsetDateTime::now_utc().unix_timestamp();
    json!({
        "path": "<inline>", "serial_number": one.serial, "subject_alt_names": names.collect::<Value>(),
        "days_until_expiration": left.max(0).div_euclid(86_400).to_string(),
        "valid_from": super::server::second(one.not_before),
        "expiration_time": super::server::second(one.not_after),
    })
}
