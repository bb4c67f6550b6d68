mod telemetry;

mod access;
mod route;

use ipnet::IpNet;

use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::model::is_guest;
use crate::spec::decl::{
    CaptureDecl, DnsDecl, ElasticDecl, ExternalDecl, HealthDecl, NamespaceDecl, ServiceDecl, VmsDecl,
};

/// Settings of one node that exclude each other.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    telemetry::check(context.spec, sink);
    access::check(context, sink);
    let mut once = Once::default();
    for capture in context.spec.captures() {
        let found = [interfaces(&capture), loopback(&capture), groups(&capture)];
        found
            .into_iter()
            .flatten()
            .for_each(|found| once.push(found, sink));
    }
    context.spec.mesh.iter().for_each(|mesh| search(&mesh.dns, sink));
    context
        .spec
        .namespaces
        .iter()
        .for_each(|namespace| injection(namespace, sink));
    for (_, service) in context.spec.services() {
        addresses(service, sink);
        one_account(service, sink);
    }
    for (_, _, vms) in context.spec.groups() {
        vms.health.iter().for_each(|health| probe(health, sink));
        one_host(vms, sink);
        one_weight(vms, sink);
        foreign_tune(vms, sink);
        vms.elastic
            .iter()
            .for_each(|elastic| one_origin(elastic, vms, sink));
        users(vms, &context.spec.capture_of(vms), sink);
    }
    for (_, external) in context.spec.externals() {
        one_way(external, sink);
    }
    for route in context.spec.routed().flat_map(|owner| owner.routes) {
        route::check(route, sink);
    }
}

fn both(one: (Span, &str), other: (Span, &str), help: &str) -> Diagnostic {
    let message = format!("{} and {} exclude each other", one.1, other.1);
    Diagnostic::new(&code::CONFLICT, one.0, message)
        .here("this")
        .label(other.0, "and this")
        .help(help)
}

/// Routes would lead round the gateway.
fn one_way(external: &ExternalDecl, sink: &mut Sink) {
    if let (Some(egress), Some(route)) = (&external.egress, external.routes.first()) {
        let help = "leave the routes out: what leaves by a gateway goes to the service as it is";
        sink.push(both((route.span, "`route`"), (egress.span, "`egress`"), help));
    }
}

/// Machines have one account, whatever runs on them.
fn one_account(service: &ServiceDecl, sink: &mut Sink) {
    if let (Some(account), Some(on), true) = (&service.account, service.on.first(), is_guest(service)) {
        let help = format!(
            "leave `account=` out: the service runs as the machines of `{}` do, or write it there",
            on.value
        );
        sink.push(both((account.span, "`account=`"), (on.span, "`on`"), &help));
    }
}

/// Machines are listed, or an autoscaler makes them; they join with one token, and istiod registers them.
fn one_origin(elastic: &ElasticDecl, vms: &VmsDecl, sink: &mut Sink) {
    if let Some(vm) = vms.vms.first() {
        let help = "write the machines that stay in a `vms` of their own";
        sink.push(both((vm.span, "`vm`"), (elastic.span, "`elastic`"), help));
    }
    match (&elastic.token_file, &elastic.token_command) {
        (Some(file), Some(command)) => {
            let help = "one of them yields the token: keep it";
            sink.push(both(
                (command.span, "`token-command=`"),
                (file.span, "`token-file=`"),
                help,
            ));
        }
        (None, None) if !elastic.damaged => sink.push(
            Diagnostic::new(&code::MISSING, elastic.span, "nothing yields a token to join with").help(
                "write `token-command=\"…\"` with a command that prints one, or `token-file=\"…\"`: no secret stands in \
                 what meshc writes",
            ),
        ),
        _ => {}
    }
    let envoy = vms.engine.as_ref().is_some_and(|engine| engine.value == "envoy");
    let entries = vms.registration.as_ref().is_none_or(|word| word.value != "auto");
    if envoy && entries {
        let message = "nobody knows the addresses of these machines before they start";
        let mut found = Diagnostic::new(&code::CONFLICT, elastic.span, message)
            .help("write `registration=auto` in the `vms`: istiod makes their entries when they come");
        if let Some(word) = &vms.registration {
            found = found.label(word.span, "this needs them");
        }
        sink.push(found);
    }
}

/// Machines with Istio's own agent are not meshc's to set up.
fn foreign_tune(vms: &VmsDecl, sink: &mut Sink) {
    let envoy = vms.engine.as_ref().filter(|engine| engine.value == "envoy");
    if let (Some(tune), Some(engine), None) = (&vms.tune, envoy, &vms.elastic) {
        let help = "meshc ships nothing to these machines: set them up yourself, or leave `engine=` out";
        sink.push(both((tune.span, "`tune`"), (engine.span, "`engine=envoy`"), help));
    }
}

/// istiod registers machines with the weight of their group.
fn one_weight(vms: &VmsDecl, sink: &mut Sink) {
    let auto = vms.registration.as_ref().filter(|word| word.value == "auto");
    let Some(auto) = auto else { return };
    for weight in vms.vms.iter().filter_map(|vm| vm.weight.as_ref()) {
        let help = "write `weight=` in the `vms`, for all of its machines, or `registration=entries`";
        let one = (weight.span, "`weight=` of one machine");
        sink.push(both(one, (auto.span, "`registration=auto`"), help));
    }
}

/// Who injects is said by `injection=` and `revision=`, and by nothing else: of two labels one would win.
fn injection(namespace: &NamespaceDecl, sink: &mut Sink) {
    let off = namespace.injection.as_ref().filter(|injection| !injection.value);
    if let (Some(off), Some(revision)) = (off, &namespace.revision) {
        let help = "without injection no istiod injects: keep one of them";
        sink.push(both(
            (off.span, "`injection=`"),
            (revision.span, "`revision=`"),
            help,
        ));
    }
    let ours = [
        ("istio-injection", "`injection=#true` or `injection=#false`"),
        ("istio.io/rev", "`revision=`"),
    ];
    for (key, _) in &namespace.labels {
        if let Some((_, instead)) = ours.iter().find(|(label, _)| *label == key.value) {
            let message = format!("the label `{}` is meshc's to set", key.value);
            sink.push(Diagnostic::new(&code::CONFLICT, key.span, message).help(format!(
                "leave it out, and write {instead} behind the namespace's name"
            )));
        }
    }
}

fn addresses(service: &ServiceDecl, sink: &mut Sink) {
    let headless = service
        .headless
        .as_ref()
        .filter(|headless| headless.value)
        .map(|headless| headless.span);
    let cluster_ip = service.cluster_ip.as_ref().map(|address| address.span);
    let host = service.host.as_ref().map(|host| host.span);
    if let (Some(one), Some(other)) = (headless, cluster_ip) {
        let help = "a headless service has no address: keep one of them";
        sink.push(both((one, "`headless=`"), (other, "`cluster-ip=`"), help));
    }
    if let (Some(one), Some(other)) = (cluster_ip, host) {
        let help = "the host is no Service of Kubernetes: write its address as a node, `address \"…\"`";
        sink.push(both((one, "`cluster-ip=`"), (other, "`host=`"), help));
    }
    if let (Some(one), Some(other)) = (headless, host) {
        sink.push(both(
            (one, "`headless=`"),
            (other, "`host=`"),
            "only Services of Kubernetes are headless",
        ));
    }
    if let (Some(address), None) = (service.addresses.first(), host) {
        sink.push(
            Diagnostic::new(
                &code::CONFLICT,
                address.span,
                "`address` is for services with a `host=` of their own",
            )
            .label(service.name.span, "this one is a Service of Kubernetes")
            .help(format!(
                "write `cluster-ip=\"{}\"` behind its name",
                address.value
            )),
        );
    }
}

fn probe(health: &HealthDecl, sink: &mut Sink) {
    let asked: Vec<(Span, &str)> = [
        health.http.as_ref().map(|port| (port.span, "`http=`")),
        health.tcp.as_ref().map(|port| (port.span, "`tcp=`")),
        health.exec.as_ref().map(|command| (command.span, "`exec=`")),
        health.command.first().map(|word| (word.span, "`command`")),
        health.grpc.as_ref().map(|port| (port.span, "`grpc=`")),
    ]
    .into_iter()
    .flatten()
    .collect();
    match asked.as_slice() {
        [] if !health.damaged => sink.push(
            Diagnostic::new(&code::MISSING, health.span, "`health` does not say what is asked")
                .help("write `http=PORT path=\"/…\"`, `tcp=PORT` or `exec=\"command\"`"),
        ),
        [one, other, ..] => sink.push(both(*other, *one, "one of them is asked: keep it")),
        _ => {}
    }
    let of_http = [
        health.path.as_ref().map(|path| (path.span, "`path=`")),
        health.scheme.as_ref().map(|scheme| (scheme.span, "`scheme=`")),
        health.host.as_ref().map(|host| (host.span, "`host=`")),
        health.headers.first().map(|(name, _)| (name.span, "`header`")),
    ];
    if health.http.is_none() && !health.damaged {
        for (span, what) in of_http.into_iter().flatten() {
            sink.push(
                Diagnostic::new(&code::CONFLICT, span, format!("{what} is asked by HTTP only"))
                    .help("write `http=PORT` beside it, or leave it out"),
            );
        }
    }
}

fn one_host(vms: &VmsDecl, sink: &mut Sink) {
    if let (Some(host), [_, second, ..]) = (&vms.ssh.host, vms.vms.as_slice()) {
        sink.push(
            Diagnostic::new(
                &code::CONFLICT,
                host.span,
                "one SSH host stands for several machines",
            )
            .label(second.name.span, "this is another machine")
            .help("write `ssh host=` in each `vm`"),
        );
    }
}

fn interfaces(capture: &CaptureDecl) -> Option<Diagnostic> {
    let (excluded, inside) = (
        capture.exclude_interfaces.as_ref()?,
        capture.virtual_interfaces.as_ref()?,
    );
    let twice = |one: &&Spanned<String>| inside.value.iter().any(|other| other.value == one.value);
    let one = excluded.value.iter().find(twice)?;
    let message = format!("the interface `{}` is left alone and captured", one.value);
    let found = Diagnostic::new(&code::CONFLICT, one.span, message).here("left alone here");
    Some(
        found
            .label(inside.span, "what it sends is captured")
            .help("keep it in one of them"),
    )
}

/// As `istio-iptables` takes it (Istio `tools/common/config/validation.go`).
fn loopback(capture: &CaptureDecl) -> Option<Diagnostic> {
    let said = capture.loopback.as_ref()?;
    let fits =
        |range: &IpNet| range.addr().is_ipv4() && range.addr().is_loopback() && range.prefix_len() >= 8;
    let range = said.value.iter().find(|range| !fits(range))?;
    let message = format!("`loopback`: expected a range inside of 127.0.0.0/8, found {range}");
    let help = "write \"127.0.0.1/32\" or \"127.0.0.0/8\"; over IPv6 it is ::1 always";
    Some(Diagnostic::new(&code::WRONG_TYPE, said.span, message).help(help))
}

/// A rule of the kernel holds no more conditions (Istio `maxOwnerGroupsInclude`).
fn groups(capture: &CaptureDecl) -> Option<Diagnostic> {
    let groups = capture
        .only_groups
        .as_ref()
        .filter(|groups| groups.value.len() > 64)?;
    let message = format!("`only-groups`: {} groups, and at most 64 fit", groups.value.len());
    let help = "give these users one group in common";
    Some(Diagnostic::new(&code::WRONG_TYPE, groups.span, message).help(help))
}

/// Istio's agent leaves groups alone, and no users but its own.
fn users(vms: &VmsDecl, capture: &CaptureDecl, sink: &mut Sink) {
    let envoy = vms.engine.as_ref().filter(|engine| engine.value == "envoy");
    if let (Some(engine), Some(users)) = (envoy, &capture.exclude_users) {
        let help = "write `exclude-groups=` with the group that these users have";
        sink.push(both(
            (users.span, "`exclude-users=`"),
            (engine.span, "`engine=envoy`"),
            help,
        ));
    }
}

fn search(dns: &DnsDecl, sink: &mut Sink) {
    let other = dns.capture.as_ref().filter(|mode| mode.value != "resolved");
    if let (Some(mode), Some(domain)) = (other, dns.search.first()) {
        let help = "let the machine's resolv.conf say it: meshd does not change that file";
        let mode = (mode.span, "a `capture=` that leaves systemd-resolved alone");
        sink.push(both((domain.span, "`search`"), mode, help));
    }
}
