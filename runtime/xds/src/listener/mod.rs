//! `envoy.config.listener.v3.Listener` (Istio `pilot/pkg/networking/core/listener*.go`).

mod chain;
mod http;
mod inbound;
mod log;
mod metrics;
mod outbound;
mod tcp;
mod tls;
mod tracing;

use mesh_wire::listener::Detection;
use mesh_wire::telemetry::Side;
use serde_json::json;

use crate::reader::Reader;
use crate::translate::Parts;

/// Envoy's `listener_filters_timeout` where none is said.
const TIMEOUT: mesh_wire::Millis = mesh_wire::Millis(15_000);

pub(crate) use log::Logs;
pub(crate) use metrics::Metrics;

pub(crate) fn add(parts: &mut Parts, mut listener: Reader<'_>) {
    let name = listener.text("name");
    listener.step(&format!("lds/{name}"));
    let direction = listener.word("traffic_direction");
    let inbound = name == "virtualInbound";
    let captured = inbound || name == "virtualOutbound" || listener.flag("bind_to_port") == Some(false);
    let known = match direction.as_deref() {
        Some("OUTBOUND") => captured && !inbound,
        Some("INBOUND") => inbound,
        _ => false,
    };
    if !known {
        listener.refuse_all("a listener that applications or peers would dial themselves");
        return;
    }
    let side = if inbound { Side::Server } else { Side::Client };
    let client_source = common(parts, &mut listener, side);
    if name.starts_with("virtual") {
        // Captured traffic of either family comes to the same socket.
        listener.skip("additional_addresses");
    }
    match name.as_str() {
        "virtualInbound" => inbound::add(parts, listener, client_source),
        "virtualOutbound" => outbound::add_default(parts, listener),
        _ => outbound::add(parts, name, listener),
    }
}

/// What listeners of both directions say; whether applications are to see their clients' own addresses.
fn common(parts: &mut Parts, listener: &mut Reader<'_>, side: Side) -> bool {
    let mut client_source = false;
    // How a socket is held is the matter of whoever holds it, and how traffic gets there that of capture.
    for name in [
        "max_connections_to_accept_per_socket_event",
        "transparent",
        "enable_reuse_port",
        "stat_prefix",
        "metadata",
    ] {
        listener.skip(name);
    }
    listener.given("use_original_dst", &[json!(true)]);
    for mut filter in listener.messages("listener_filters") {
        filter.skip("name");
        // The ports on which nobody looks are those whose protocol is known, which each listener of ours says.
        filter.skip("filter_disabled");
        match filter.message("typed_config") {
            Some(mut config) if config.is("TlsInspector") => config.skip("initial_read_buffer_size"),
            Some(config) if config.is("HttpInspector") || config.is("OriginalDst") => {}
            Some(mut config) if config.is("OriginalSrc") && side == Side::Server => {
                // Ports are chosen that no client calls from, and answers are led back by the capture rules.
                config.given("bind_port", &[json!(false)]);
                config.skip("mark");
                client_source = true;
            }
            Some(config) => config.refuse_all("a way to look at connections that is not known"),
            None => {}
        }
    }
    detection(parts, listener);
    log::read(parts, listener, side, log::Of::Listener);
    client_source
}

/// One for all listeners.
fn detection(parts: &mut Parts, listener: &mut Reader<'_>) {
    let timeout = listener.span("listener_filters_timeout");
    let goes_on = listener.flag("continue_on_listener_filters_timeout");
    if timeout.is_none() && goes_on.is_none() {
        return;
    }
    let said = Detection {
        timeout: timeout.unwrap_or(TIMEOUT),
        continue_on_timeout: goes_on == Some(true),
    };
    let held = *parts.snapshot.detection.get_or_insert(said);
    if held != said {
        let why = "protocols are detected alike everywhere: as on the first listener";
        listener.tell("listener_filters_timeout", &json!(said.timeout), why);
    }
}
