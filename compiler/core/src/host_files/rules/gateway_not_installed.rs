use std::collections::BTreeSet;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code, list};
use crate::host_files::shell::{Command, Word};
use crate::manifest::Object;

/// What the profiles of istioctl install (istio, `manifests/profiles`): the label `istio` of their gateways.
const PROFILES: &[(&str, &[&str])] = &[
    ("default", &["ingressgateway"]),
    ("demo", &["ingressgateway", "egressgateway"]),
    ("preview", &["ingressgateway"]),
];

/// A Gateway is put on pods that are there, where scripts show all that is installed.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let commands = || context.machines.iter().flat_map(|machine| machine.commands());
    let installs: Vec<_> = commands().filter(|command| is_install(command)).collect();
    let Some(first) = installs.first().and_then(|command| head(command)) else {
        return;
    };
    if commands().any(may_install) || installs.iter().any(|command| reads_file(command)) {
        return;
    }
    let names: BTreeSet<_> = installs.iter().flat_map(|command| gateways(command)).collect();
    let mut told = BTreeSet::new();
    for gateway in context
        .objects
        .iter()
        .filter(|object| object.is("networking.istio.io", "Gateway"))
    {
        let Some(name) = gateway.text(&["spec", "selector", "istio"]) else {
            continue;
        };
        if names.contains(&name.value)
            || is_there(&name.value, context.objects)
            || !told.insert(name.value.clone())
        {
            continue;
        }
        let message = format!("this installs no gateway with the label `istio: {}`", name.value);
        let has = if names.is_empty() {
            "no gateway comes of it".to_owned()
        } else {
            format!("the only gateways are {}", list(names.iter().map(String::as_str)))
        };
        let mut found = Diagnostic::new(&code::GATEWAY_NOT_INSTALLED, first, message)
            .here(has)
            .label(name.span, "this is put on nothing")
            .help(format!(
                "install one as well: `--set components.ingressGateways[0].name=istio-{0}`, `…[0].enabled=true` and \
                 `…[0].label.istio={0}`; or `helm install istio-{0} istio/gateway`",
                name.value
            ));
        if installs.iter().any(|command| is_for_others(command)) {
            found = found.note(
                "EXTERNAL_ISTIOD and istiodRemote are for clusters that use another's istiod: neither makes a gateway",
            );
        }
        sink.push(found);
    }
}

fn is_install(command: &Command) -> bool {
    command.begins(&["istioctl", "install"]) && !command.has("--dry-run")
}

/// `istioctl install`, without what follows.
fn head(command: &Command) -> Option<Span> {
    let (first, second) = (command.plain().first()?, command.plain().get(1)?);
    Some(Span {
        end: second.span.end,
        ..first.span
    })
}

/// A file may say anything.
fn reads_file(command: &Command) -> bool {
    ["-f", "--filename", "--manifests"]
        .iter()
        .any(|flag| command.has(flag))
        || command.piped
}

/// Something else that may install a gateway: a chart, a script, objects that are not among ours.
fn may_install(command: &Command) -> bool {
    let applies = command.runs("helm")
        || command.runs("kubectl")
        || command.runs("bash")
        || command.runs("sh")
        || command
            .plain()
            .first()
            .is_some_and(|word| word.text.ends_with(".sh"));
    let changes = !command.begins(&["kubectl", "get"]) && !command.begins(&["kubectl", "describe"]);
    applies && changes && command.plain().iter().any(|word| word.text.contains("gateway"))
}

/// The gateways of a profile and of `--set components.…`.
fn gateways(command: &Command) -> BTreeSet<String> {
    let settings = || command.plain().iter().filter_map(setting);
    let profile = settings().rfind(|(key, _)| *key == "profile");
    let profile = profile.map_or("default", |(_, value)| value);
    let known = PROFILES.iter().find(|(name, _)| *name == profile);
    let mut names: BTreeSet<_> = known
        .map_or(&[][..], |(_, gateways)| gateways)
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    for (key, value) in settings() {
        let of_gateway = ["components.ingressGateways", "components.egressGateways"]
            .iter()
            .any(|start| key.trim_start_matches("spec.").starts_with(start));
        if of_gateway && (key.ends_with(".name") || key.ends_with(".label.istio")) {
            names.insert(value.trim_start_matches("istio-").to_owned());
        }
    }
    names
}

/// `key=value`, behind `--set` or in one with it.
fn setting(word: &Word) -> Option<(&str, &str)> {
    let text = word.text.strip_prefix("--set=").unwrap_or(&word.text);
    text.split_once('=').filter(|(key, _)| !key.starts_with('-'))
}

fn is_for_others(command: &Command) -> bool {
    let mut words = command.plain().iter();
    words.any(|word| word.text.contains("EXTERNAL_ISTIOD") || word.text.contains("istiodRemote"))
}

/// Objects say of it themselves: pods, a Service before them, or an IstioOperator, which another rule looks at.
fn is_there(name: &str, objects: &[Object]) -> bool {
    let label = ("istio".to_owned(), name.to_owned());
    let paths: [&[&str]; 4] = [
        &["spec", "selector"],
        &["spec", "template", "metadata", "labels"],
        &["spec", "selector", "matchLabels"],
        &["metadata", "labels"],
    ];
    let of_pods = |object: &&Object| ["", "apps"].contains(&object.group());
    objects.iter().any(|object| object.kind.value == "IstioOperator")
        || objects
            .iter()
            .filter(of_pods)
            .any(|object| paths.iter().any(|path| object.labels_at(path).contains(&label)))
}
