use std::collections::BTreeMap;

use super::declared::Declared;
use super::{Settings, unknown};
use crate::diag::{Diagnostic, Sink, Sources, Span, code, did_you_mean, list};
use crate::syntax::{Node, Scalar, Value};

type Values = BTreeMap<String, Value>;

/// The value of each parameter: that of `--set`, else of the profile, else the default. One that does not fit is
/// left out; so is one that nobody says.
pub(super) fn of(
    declared: &BTreeMap<String, Declared>,
    nodes: &[Node],
    settings: &Settings,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Values {
    let mut profiles = profiles(declared, nodes, sink);
    let profile = profile(&mut profiles, settings, sources, sink);
    let mut set = set(declared, settings, sources, sink);
    let mut values = Values::new();
    for (name, param) in declared {
        let default = param.default.clone();
        let default = default.filter(|value| param.fits(name, value, sink));
        // A value that does not fit was said; that there is none would be said of the same mistake.
        let said = param.default.is_some()
            || profile.as_ref().is_some_and(|profile| profile.contains_key(name))
            || set.contains_key(name);
        let own = set.remove(name).filter(|value| param.fits(name, value, sink));
        let of_profile = profile.as_ref().and_then(|profile| profile.get(name));
        let of_profile = of_profile.filter(|value| sound(param, value));
        if let Some(value) = own.or_else(|| of_profile.cloned()).or(default) {
            values.insert(name.clone(), value);
        } else if !said {
            sink.push(unset(name, param, &profiles));
        }
    }
    values
}

/// The mistake is told where the profile is read.
fn sound(param: &Declared, value: &Value) -> bool {
    param.fits("", value, &mut Sink::default())
}

fn unset(name: &str, param: &Declared, profiles: &BTreeMap<String, (Span, Values)>) -> Diagnostic {
    let with: Vec<_> = profiles
        .iter()
        .filter(|(_, (_, values))| values.contains_key(name))
        .map(|(profile, _)| format!("--profile {profile}"))
        .collect();
    let found = Diagnostic::new(
        &code::PARAMETER_UNSET,
        param.span,
        format!("the parameter `{name}` has no value"),
    );
    match with.as_slice() {
        [] => found.help(format!("write `default=…` here, or say `--set {name}=…`")),
        with => found.help(format!(
            "say {} or `--set {name}=…`, or write `default=…` here",
            list(with.iter().map(String::as_str))
        )),
    }
}

/// The values of each profile, by its name; a profile may be written in several places.
fn profiles(
    declared: &BTreeMap<String, Declared>,
    nodes: &[Node],
    sink: &mut Sink,
) -> BTreeMap<String, (Span, Values)> {
    let mut profiles: BTreeMap<String, (Span, Values)> = BTreeMap::new();
    for node in nodes.iter().filter(|node| node.name.value == "profile") {
        let Some(Scalar::Text(profile)) = node.args.first().map(|name| &name.scalar) else {
            continue;
        };
        let (_, values) = profiles
            .entry(profile.clone())
            .or_insert((node.span, Values::new()));
        for set in node.children.iter().filter(|child| child.name.value == "set") {
            // A `set` that is not whole is said when the nodes are checked.
            let [name, value, ..] = set.args.as_slice() else {
                continue;
            };
            let Scalar::Text(param) = &name.scalar else {
                continue;
            };
            match declared.get(param) {
                Some(known) => {
                    known.fits(param, value, sink);
                }
                None => sink.push(unknown(param, name.span, declared)),
            }
            if let Some(before) = values.insert(param.clone(), value.clone()) {
                sink.push(
                    Diagnostic::new(
                        &code::DUPLICATE,
                        name.span,
                        format!("profile `{profile}` sets `{param}` twice"),
                    )
                    .here("here again")
                    .label(before.span, "first here")
                    .help("keep one of them"),
                );
            }
        }
    }
    profiles
}

/// The values of the profile that is asked for.
fn profile(
    profiles: &mut BTreeMap<String, (Span, Values)>,
    settings: &Settings,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Option<Values> {
    let name = settings.profile.as_ref()?;
    let file = sources.add("--profile", name.as_str());
    if let Some((_, values)) = profiles.get(name) {
        return Some(values.clone());
    }
    let span = Span {
        file,
        start: 0,
        end: name.len(),
    };
    let found = Diagnostic::new(
        &code::UNKNOWN_PARAMETER,
        span,
        format!("there is no profile `{name}`"),
    );
    sink.push(match did_you_mean(name, profiles.keys().map(String::as_str)) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .label(
                profiles.get(near).map_or(span, |(span, _)| *span),
                "declared here",
            )
            .help(format!("say `--profile {near}`")),
        None if profiles.is_empty() => found.help(format!("write `profile {name} {{ … }}` in the spec")),
        None => found.help(format!("say {}", list(profiles.keys().map(String::as_str)))),
    });
    // What it would have set is not to be missed.
    let every = profiles.values().flat_map(|(_, values)| values.clone());
    Some(every.collect())
}

/// The values of `--set`, each with a place of its own.
fn set(
    declared: &BTreeMap<String, Declared>,
    settings: &Settings,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Values {
    let mut values = Values::new();
    let mut all: Vec<_> = settings.set.iter().collect();
    // Which comes first on the command line says nothing.
    all.sort();
    for (name, text) in all {
        let file = sources.add("--set", format!("{name}={text}"));
        let place = |start: usize, length: usize| Span {
            file,
            start,
            end: start + length,
        };
        let Some(param) = declared.get(name) else {
            sink.push(unknown(name, place(0, name.len()), declared));
            continue;
        };
        let value = Value {
            scalar: param.scalar(text),
            span: place(name.len() + 1, text.len()),
        };
        if let Some(before) = values.insert(name.clone(), value) {
            sink.push(
                Diagnostic::new(
                    &code::DUPLICATE,
                    place(0, name.len()),
                    format!("`--set {name}` is said twice"),
                )
                .here("here again")
                .label(before.span, "first here")
                .help("keep one of them"),
            );
        }
    }
    values
}
