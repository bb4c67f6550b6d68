use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::program::{Hop, Side};
use super::trial::Kind;
use crate::command::command;

/// HAProxy with the libraries that lie beside it, where it was only unpacked.
pub(super) fn program(path: &Path) -> Command {
    let mut command = command(path);
    if let Some(folder) = path.parent().filter(|folder| folder.is_absolute()) {
        command.env("LD_LIBRARY_PATH", folder);
    }
    command
}

/// HAProxy as one hop. It verifies chains; it has no word for SANs that are URIs.
pub(super) fn hop(path: &Path, hop: &Hop<'_>) -> Result<Command> {
    let config = hop.write(".haproxy.cfg", config(hop).as_bytes())?;
    let mut command = program(path);
    command.arg("-f").arg(config).arg("-db");
    Ok(command)
}

fn config(hop: &Hop<'_>) -> String {
    let (listen, next) = (hop.listen, hop.next);
    let (mode, protocol) = match hop.kind {
        Kind::Tcp => ("tcp", ""),
        Kind::Http1 => ("http", ""),
        Kind::Http2 => ("http", " proto h2"),
    };
    let own = hop.issued(&format!("{}.both.pem", hop.who()));
    let ca = hop.issued("ca.pem");
    let alpn = match hop.kind {
        Kind::Tcp => "istio",
        Kind::Http1 => "http/1.1",
        Kind::Http2 => "h2",
    };
    let secure = format!("ssl crt {own} ca-file {ca} verify required ssl-min-ver TLSv1.3 alpn {alpn}");
    let (bind, server) = match hop.side {
        Side::Inbound => (secure, protocol.to_owned()),
        Side::Outbound => {
            // With a server name it would verify the certificate's DNS names, which workloads have none of.
            let reuse = if hop.full_handshakes { " no-ssl-reuse" } else { "" };
            (protocol.to_owned(), format!("{secure}{reuse}{protocol}"))
        }
    };
    let tickets = if hop.full_handshakes {
        " no-tls-tickets"
    } else {
        ""
    };
    let bind = if hop.side == Side::Inbound {
        format!("{bind}{tickets}")
    } else {
        bind
    };
    format!(
        "global\n  nbthread 2\n  maxconn 4000\n  tune.ssl.cachesize {cache}\n\
         defaults\n  mode {mode}\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n  \
         http-reuse always\n\
         listen hop\n  bind {listen} {bind}\n  server next {next} {server}\n",
        cache = if hop.full_handshakes { 0 } else { 20_000 },
    )
}
