use crate::emit::capture::{self, Settings};
use crate::emit::document::json_bytes;
use crate::emit::output::{Credentials, File};
use crate::emit::snapshot::{CLUSTERS_FILE, CRL, IDENTITY_FOLDER, SHARED_FILE};
use crate::emit::{names, snapshot};
use crate::model::{Backend, DnsCapture, Group, Mesh, Vm};

use super::{text, tune};

/// Where meshd's own files lie.
const FOLDER: &str = "/etc/meshd";

/// The file that all VMs with the view of `group` have, and its path on the machine.
pub(super) fn of_view(mesh: &Mesh, group: &Group) -> (String, File) {
    let clusters = snapshot::clusters(mesh, group);
    (
        format!("{FOLDER}/{CLUSTERS_FILE}"),
        File::public(json_bytes(&clusters)),
    )
}

/// The files that all VMs of a group have, by their path on the machine.
pub(super) fn of_group(mesh: &Mesh, group: &Group) -> Vec<(String, File)> {
    let own = |name: &str| format!("{FOLDER}/{name}");
    let mut files = vec![
        (
            own(SHARED_FILE),
            File::public(json_bytes(&snapshot::shared(mesh, group))),
        ),
        (
            own("names.json"),
            File::public(json_bytes(&names::of_group(mesh, group))),
        ),
    ];
    let rules = rules(mesh, group).into_iter();
    files.extend(rules.map(|(name, rules)| (own(name), File::public(rules))));
    for (name, text) in text::units(group).chain(text::started()) {
        files.push((format!("/etc/systemd/system/{name}"), File::public(text)));
    }
    let settings = [
        (tune::SYSCTL_FILE, tune::sysctls(&group.tune)),
        (
            "/etc/systemd/system/meshd.service.d/50-tune.conf",
            tune::service(&group.tune),
        ),
        (
            "/etc/systemd/system/meshd-capture.service.d/50-tune.conf",
            tune::capture(&group.tune),
        ),
    ];
    for (path, text) in settings {
        files.extend(text.map(|text| (path.to_owned(), File::public(text))));
    }
    if mesh.dns.capture == DnsCapture::Resolved {
        let path = "/etc/systemd/resolved.conf.d/50-meshd.conf".to_owned();
        files.push((path, File::public(text::resolved(mesh, group))));
    }
    files
}

/// The rules, for each backend that may load them. Of IPv6 none where it is left alone: the machine takes away what it had.
fn rules(mesh: &Mesh, group: &Group) -> Vec<(&'static str, String)> {
    let rules = capture::rules(&Settings::of_group(mesh, group));
    let mut files = Vec::new();
    if group.capture.backend != Backend::Nftables {
        files.push(("capture.v4.rules", rules.v4));
        if group.capture.ipv6 {
            files.push(("capture.v6.rules", rules.v6));
        }
    }
    if group.capture.backend != Backend::Iptables {
        files.push(("capture.nft", rules.nft));
    }
    files
}

/// The files that only one VM has.
pub(super) fn of_vm(
    mesh: &Mesh,
    group: &Group,
    vm: &Vm,
    credentials: Option<&Credentials>,
) -> Vec<(String, File)> {
    let mut own = snapshot::own(mesh, group, vm);
    let crl = credentials.and_then(|credentials| credentials.crl.as_ref());
    if crl.is_some() {
        own.identity = Some(snapshot::identity_with_crl(mesh, group, vm));
    }
    let mut files = vec![(format!("{FOLDER}/snapshot.json"), File::public(json_bytes(&own)))];
    if let Some(Credentials {
        key,
        cert_chain,
        root_cert,
        ..
    }) = credentials
    {
        let path = |name: &str| format!("{IDENTITY_FOLDER}/{name}");
        files.push((path("key.pem"), File::secret(key.as_str())));
        files.push((path("cert-chain.pem"), File::public(cert_chain.as_str())));
        files.push((path("root-cert.pem"), File::public(root_cert.as_str())));
        files.extend(crl.map(|crl| (path(CRL), File::public(&**crl))));
    }
    files
}
