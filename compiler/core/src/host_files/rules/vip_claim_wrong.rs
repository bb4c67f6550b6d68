use std::net::IpAddr;

use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::host_files::machine::{Content, HostFile};
use crate::host_files::part::Part;
use crate::manifest::Object;

/// Where istiod takes addresses from for hosts that have none (istio, `pilot/pkg/networking/serviceentry`).
const VIRTUAL: &[&str] = &["240.240.", "2001:2::"];

/// A Service of Kubernetes has an address, and its name leads there; istiod gives others to ServiceEntries only.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for file in context.machines.iter().flat_map(|machine| &machine.files) {
        match file.content {
            Content::Hosts(_) => entries(file, context.objects, sink),
            Content::Script(_) => transcript(file, context.objects, sink),
            _ => {}
        }
    }
}

/// `/etc/hosts`: the address and its names stand on one line.
fn entries(file: &HostFile<'_>, objects: &[Object], sink: &mut Sink) {
    for line in file.part.lines() {
        let said = before_comment(line);
        let host = words(said).find(|word| is_service(word.text, objects));
        if let (Some(host), Some(address)) = (host, words(said).find(|word| is_virtual(word.text))) {
            sink.push(found(&address.spanned(), &host.spanned()).help(format!(
                "leave it out: `{}` leads to the Service's own address",
                host.text
            )));
        }
    }
}

/// Scripts: a name that is looked up, and behind it what is said to come of it.
fn transcript(file: &HostFile<'_>, objects: &[Object], sink: &mut Sink) {
    let mut asked: Option<Spanned<String>> = None;
    for line in file.part.lines() {
        if line.text.trim().is_empty() {
            asked = None;
            continue;
        }
        if let Some(host) = words(line).find(|word| is_service(word.text, objects)) {
            asked = Some(host.spanned());
        }
        let address = words(line).find(|word| is_virtual(word.text));
        if let (Some(host), Some(address)) = (&asked, address) {
            sink.push(found(&address.spanned(), host).help(format!(
                "expect the ClusterIP of the Service, `kubectl get service {}`",
                name_of(&host.value)
            )));
        }
    }
}

fn found(address: &Spanned<String>, host: &Spanned<String>) -> Diagnostic {
    let message = format!(
        "`{}` is a Service of Kubernetes, and never resolves to {}",
        host.value, address.value
    );
    Diagnostic::new(&code::VIP_CLAIM, address.span, message)
        .here("istiod gives such addresses only to hosts of a ServiceEntry that have none")
        .label(host.span, "this leads to the ClusterIP")
}

/// `-n NAMESPACE NAME` of a host.
fn name_of(host: &str) -> String {
    let mut parts = host.split('.');
    let (name, namespace) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("-n {namespace} {name}")
}

/// Pieces that may be a name or an address.
fn words<'a>(line: Part<'a>) -> impl Iterator<Item = Part<'a>> {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || ['.', '-', ':'].contains(&c));
    line.split(ends).map(|word| {
        let end = word.text.trim_end_matches(['.', ':', '-']).len();
        word.slice(0..end)
    })
}

fn before_comment(line: Part<'_>) -> Part<'_> {
    let end = line.text.find('#').unwrap_or(line.text.len());
    line.slice(0..end)
}

fn is_virtual(text: &str) -> bool {
    VIRTUAL.iter().any(|start| text.starts_with(start)) && text.parse::<IpAddr>().is_ok()
}

/// `name.namespace.svc…`, which no ServiceEntry is written for.
fn is_service(text: &str, objects: &[Object]) -> bool {
    let mut parts = text.split('.');
    let named = parts.by_ref().take(2).filter(|part| !part.is_empty()).count() == 2;
    named
        && parts.next() == Some("svc")
        && parts.next().is_some()
        && !objects.iter().any(|object| {
            let mut hosts = object.items(&["spec", "hosts"]).iter();
            object.kind.value == "ServiceEntry"
                && hosts.any(|host| host.text().is_some_and(|host| host.value == text))
        })
}
