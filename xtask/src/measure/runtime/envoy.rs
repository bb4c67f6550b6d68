use std::path::PathBuf;

use anyhow::Result;

use crate::command::root;

/// Where `meshc lab` keeps the Envoy that it unpacked.
const CACHE: &str = "/var/cache/meshlab";

/// The least that answers: a listener whose only route says 200.
const BOOTSTRAP: &str = r#"
node: {id: bench, cluster: bench}
static_resources:
  listeners:
  - name: health
    address: {socket_address: {address: 127.0.0.1, port_value: 15121}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: health
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{match: {prefix: /}, direct_response: {status: 200}}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"#;

/// Envoy's command line and the port on which it answers, if the lab has brought one here.
pub(super) fn command() -> Result<Option<(Vec<String>, u16)>> {
    let Some(envoy) = find() else {
        eprintln!("skipped: Envoy's figures need the lab's Envoy, run `cargo xtask demo` first");
        return Ok(None);
    };
    let bootstrap = root().join("target/bench/envoy.yaml");
    std::fs::write(&bootstrap, BOOTSTRAP)?;
    let options = ["--concurrency", "2", "--log-level", "critical", "-c"].map(str::to_owned);
    let mut program = vec![envoy.display().to_string()];
    program.extend(options);
    program.push(bootstrap.display().to_string());
    Ok(Some((program, 15121)))
}

pub(super) fn find() -> Option<PathBuf> {
    let entries = std::fs::read_dir(CACHE).ok()?.filter_map(Result::ok);
    let mut found: Vec<_> = entries
        .map(|entry| entry.path().join("envoy"))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.pop()
}
