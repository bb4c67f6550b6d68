use super::{Context, group};
use crate::diag::{Diagnostic, Sink, code, did_you_mean};
use crate::host_files::shell::Command;
use crate::manifest::Object;

/// Flags of `istioctl x workload entry configure` (Istio `istioctl/pkg/workload/workload.go`), and of all its commands.
const FLAGS: &[&str] = &[
    "--autoregister",
    "--capture-dns",
    "--clusterID",
    "--context",
    "--externalIP",
    "--file",
    "--help",
    "--ingressIP",
    "--ingressService",
    "--internalIP",
    "--istioNamespace",
    "--kubeconfig",
    "--name",
    "--namespace",
    "--output",
    "--revision",
    "--tokenDuration",
    "--vklog",
    "--as",
    "--as-group",
    "--as-uid",
    "--kube-api-qps",
    "--kube-api-burst",
];

/// What `istioctl` needs to write a machine's files.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for command in context.machines.iter().flat_map(|machine| machine.commands()) {
        let is = ["x", "experimental"]
            .iter()
            .any(|x| command.begins(&["istioctl", x, "workload", "entry", "configure"]));
        if is {
            output(command, sink);
            source(command, sink);
            name(command, context.objects, sink);
            unknown(command, sink);
        }
    }
}

fn output(command: &Command, sink: &mut Sink) {
    let has = command
        .option("--output", Some("-o"))
        .is_some_and(|folder| !folder.value.is_empty());
    if let Some(span) = command.span().filter(|_| !has) {
        sink.push(
            Diagnostic::new(
                &code::CONFIGURE_FLAGS,
                span,
                "`istioctl` does not know where to write to",
            )
            .here("`-o` is missing")
            .help("write `-o FOLDER`"),
        );
    }
}

fn source(command: &Command, sink: &mut Sink) {
    let file = command.option("--file", Some("-f"));
    let named =
        command.option("--name", None).is_some() && command.option("--namespace", Some("-n")).is_some();
    if let Some(span) = command.span().filter(|_| file.is_none() && !named) {
        sink.push(
            Diagnostic::new(
                &code::CONFIGURE_FLAGS,
                span,
                "`istioctl` does not know of which WorkloadGroup",
            )
            .help("write `-f FILE`, or `--name GROUP --namespace NAMESPACE`"),
        );
    }
}

/// `--name` is the group's, and of no use beside a file.
fn name(command: &Command, objects: &[Object], sink: &mut Sink) {
    let Some(name) = command.option("--name", None) else {
        return;
    };
    let groups: Vec<_> = objects
        .iter()
        .filter(|object| object.is("networking.istio.io", "WorkloadGroup"))
        .collect();
    let is_group = groups.iter().any(|group| group.name.value == name.value);
    let entry = group::entries(objects).find(|entry| entry.name.value == name.value);
    let meant = groups
        .iter()
        .find(|group| name.value.starts_with(&format!("{}-", group.name.value)));
    let file = command.option("--file", Some("-f"));
    let wrong = !is_group && (entry.is_some() || meant.is_some() || (file.is_none() && !groups.is_empty()));
    if !wrong && file.is_none() {
        return;
    }
    let message = if wrong {
        format!(
            "`--name` is the name of a WorkloadGroup, and `{}` is none",
            name.value
        )
    } else {
        "`--name` has no effect beside `-f`".to_owned()
    };
    let mut found = Diagnostic::new(&code::CONFIGURE_FLAGS, name.span, message).help(match (meant, &file) {
        (_, Some(_)) => "leave it out: the file says which group".to_owned(),
        (Some(group), None) => format!("write `--name {}`", group.name.value),
        (None, None) => "write the name of the WorkloadGroup".to_owned(),
    });
    if let Some(group) = meant {
        found = found.label(group.name.span, "this is the WorkloadGroup");
    }
    if !wrong {
        found = found.warning();
    }
    sink.push(found);
}

fn unknown(command: &Command, sink: &mut Sink) {
    for word in command.plain().iter().filter(|word| word.text.starts_with("--")) {
        let flag = word.text.split('=').next().unwrap_or_default();
        if FLAGS.contains(&flag) || flag == "--" || flag.starts_with("--log") {
            continue;
        }
        if let Some(meant) = did_you_mean(flag, FLAGS.iter().copied()) {
            sink.push(
                Diagnostic::new(
                    &code::CONFIGURE_FLAGS,
                    word.span,
                    format!("`istioctl x workload entry configure` has no flag `{flag}`"),
                )
                .help(format!("did you mean `{meant}`?")),
            );
        }
    }
}
