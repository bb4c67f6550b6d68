use super::{Context, san_mismatch_ip};
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::machine::{Content, is_true};

/// istiod's name stands in `/etc/hosts`: the mesh's own names come from istiod.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let captures = machine.said("ISTIO_META_DNS_CAPTURE");
        if !captures.is_some_and(|said| is_true(&said.variable.value.value)) {
            continue;
        }
        let hosts = machine.files.iter().find_map(|file| match &file.content {
            // What `istioctl` writes is no whole file.
            Content::Hosts(hosts) if file.is("/etc/hosts") => {
                let whole = file.place.path.is_some() || hosts.find("localhost").is_some();
                whole.then_some((file, hosts))
            }
            _ => None,
        });
        let Some((file, hosts)) = hosts else { continue };
        let mut told: Vec<String> = Vec::new();
        for address in san_mismatch_ip::addresses(machine) {
            let (host, _) = san_mismatch_ip::parts(&address.value);
            let in_cluster = [".svc", ".svc.cluster.local"]
                .iter()
                .any(|end| host.ends_with(end));
            let known = hosts.find(host).is_some() || told.iter().any(|told| told == host);
            if !in_cluster || known {
                continue;
            }
            told.push(host.to_owned());
            sink.push(
                Diagnostic::new(
                    &code::BOOTSTRAP_CYCLE,
                    address.span,
                    format!("nothing tells the machine where `{host}` is"),
                )
                .here("the agent learns names from istiod, which it does not find")
                .label(file.head(), "not in here")
                .help(format!("write `GATEWAY_IP {host}` into /etc/hosts")),
            );
        }
    }
}
