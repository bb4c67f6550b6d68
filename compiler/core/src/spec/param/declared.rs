use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, Span, code};
use crate::spec::Ty;
use crate::spec::schema::PARAM_TYPES;
use crate::syntax::{Node, Scalar, Value};

/// `param`.
#[derive(Debug)]
pub(super) struct Declared {
    /// `type=`, and where it is written. A type that there is not is said when the node is checked.
    pub(super) ty: Option<(Ty, Span)>,
    /// `default=`.
    pub(super) default: Option<Value>,
    /// Where its name is.
    pub(super) span: Span,
    /// Where all of it is.
    pub(super) node: Span,
}

/// The parameters that `nodes` declare, by name.
pub(super) fn read(nodes: &[Node], sink: &mut Sink) -> BTreeMap<String, Declared> {
    let mut found: BTreeMap<String, Declared> = BTreeMap::new();
    for node in nodes.iter().filter(|node| node.name.value == "param") {
        let Some((Scalar::Text(name), place)) = node.args.first().map(|name| (&name.scalar, name.span))
        else {
            continue;
        };
        match found.get(name) {
            Some(before) => sink.push(
                Diagnostic::new(
                    &code::DUPLICATE,
                    place,
                    format!("parameter `{name}` is declared twice"),
                )
                .here("here again")
                .label(before.span, "first here")
                .help("rename one of them, or leave it out"),
            ),
            None => {
                found.insert(name.clone(), declared(node, place));
            }
        }
    }
    found
}

fn declared(node: &Node, span: Span) -> Declared {
    let prop = |name: &str| {
        let mut props = node.props.iter().filter(|prop| prop.key.value == name);
        props.next().map(|prop| &prop.value)
    };
    let ty = prop("type").and_then(|value| match &value.scalar {
        Scalar::Text(word) => PARAM_TYPES
            .iter()
            .find(|(name, _)| name == word)
            .map(|(_, ty)| (*ty, value.span)),
        _ => None,
    });
    Declared {
        ty,
        default: prop("default").cloned(),
        span,
        node: node.span,
    }
}

impl Declared {
    /// What a text of the command line means: its kind is the parameter's.
    pub(super) fn scalar(&self, text: &str) -> Scalar {
        let ty = self.ty.map(|(ty, _)| ty);
        let default = self.default.as_ref().map(|value| &value.scalar);
        let number = matches!(ty, Some(Ty::Port | Ty::Count { .. }))
            || ty.is_none() && matches!(default, Some(Scalar::Integer(_)));
        let yes_or_no =
            matches!(ty, Some(Ty::Bool)) || ty.is_none() && matches!(default, Some(Scalar::Bool(_)));
        let read = if number {
            text.parse().ok().map(Scalar::Integer)
        } else if yes_or_no {
            text.trim_start_matches('#').parse().ok().map(Scalar::Bool)
        } else {
            None
        };
        read.unwrap_or_else(|| Scalar::Text(text.to_owned()))
    }

    /// Says whether `value` is what the parameter is declared to be.
    pub(super) fn fits(&self, name: &str, value: &Value, sink: &mut Sink) -> bool {
        let Some((ty, place)) = self.ty else {
            return true;
        };
        let Err(misfit) = ty.read(value) else {
            return true;
        };
        let mut found = Diagnostic::new(misfit.code, misfit.span, format!("`{name}`: {}", misfit.message))
            .label(place, "its type is declared here");
        found.help = misfit
            .help
            .or_else(|| Some(format!("write {}, or declare another type", ty.describe())));
        sink.push(found);
        false
    }
}
