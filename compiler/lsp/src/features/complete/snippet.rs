//! What is written for a node or a property that is chosen, with places to go on at.

use std::fmt::Write as _;

use mesh_compiler::diag::Language;
use mesh_compiler::spec::Ty;
use mesh_compiler::spec::schema::{Child, Field, NodeSpec, Times};

use super::Insert;

pub(super) fn node(spec: &NodeSpec, language: Language) -> Insert {
    let mut stops = Stops::default();
    match language {
        Language::Kdl => kdl(spec, &mut stops),
        Language::Yaml => yaml(spec, &mut stops),
        Language::Json => json(spec, &mut stops),
    }
    stops.insert(spec.name, language)
}

pub(super) fn property(field: &Field, language: Language) -> Insert {
    let mut stops = Stops::default();
    match language {
        Language::Kdl => {
            let _ = write!(stops.text, "{}=", field.name);
            let place = stops.value(field);
            stops.text.push_str(&place);
        }
        Language::Yaml => {
            let _ = write!(stops.text, "{}: $0", field.name);
        }
        Language::Json => {
            let _ = write!(stops.text, "\"{}\": $0", field.name);
        }
    }
    let plain = if language == Language::Kdl {
        format!("{}=", field.name)
    } else {
        field.name.to_owned()
    };
    Insert::Snippet(stops.text, plain)
}

#[derive(Default)]
struct Stops {
    text: String,
    count: usize,
}

impl Stops {
    fn insert(self, plain: &str, language: Language) -> Insert {
        let plain = match language {
            Language::Kdl => plain.to_owned(),
            Language::Yaml => format!("{plain}:"),
            Language::Json => format!("\"{plain}\":"),
        };
        Insert::Snippet(self.text, plain)
    }

    /// A place to write a value of `field` at: one of its words, or anything.
    fn value(&mut self, field: &Field) -> String {
        self.count += 1;
        let number = self.count;
        match field.ty {
            Ty::Word(words) => format!("${{{number}|{}|}}", words.join(",")),
            Ty::Bool => format!("${{{number}|#true,#false|}}"),
            ty if is_bare(ty) => format!("${{{number}:{}}}", field.name),
            _ => format!("\"${{{number}:{}}}\"", field.name),
        }
    }
}

/// Values of this type need no quotes in KDL.
const fn is_bare(ty: Ty) -> bool {
    matches!(
        ty,
        Ty::Name
            | Ty::ServiceName
            | Ty::ClusterName
            | Ty::MeshName
            | Ty::PortName
            | Ty::Port
            | Ty::Count { .. }
            | Ty::Number(_)
            | Ty::Target
            | Ty::EnvName
            | Ty::HeaderName
            | Ty::LabelKey
    )
}

/// `port ${1:number} ${2|http,…|}`, and braces where something has to be in them.
fn kdl(spec: &NodeSpec, stops: &mut Stops) {
    stops.text.push_str(spec.name);
    for field in spec.args.iter().filter(|field| field.required) {
        let place = stops.value(field);
        let _ = write!(stops.text, " {place}");
    }
    for field in spec.props.iter().filter(|field| field.required) {
        let place = stops.value(field);
        let _ = write!(stops.text, " {}={place}", field.name);
    }
    if has_body(spec) {
        stops.text.push_str(" {\n\t$0\n}");
    } else if spec.args.is_empty() && !spec.props.is_empty() {
        stops.text.push_str(" $0");
    }
}

/// Something has to stand in its braces, or nothing else says anything.
fn has_body(spec: &NodeSpec) -> bool {
    let needed = |child: &Child| matches!(child.times, Times::Once | Times::Some);
    let only = spec.props.is_empty() && spec.args.iter().all(|field| !field.required);
    let holds = matches!(spec.name, "mesh" | "namespace" | "service" | "vms");
    !spec.children.is_empty() && (holds || only || spec.children.iter().any(needed))
}

fn yaml(spec: &NodeSpec, stops: &mut Stops) {
    let _ = write!(stops.text, "{}:", spec.name);
    let alone = spec.props.is_empty() && spec.children.is_empty() && !spec.labels;
    match spec.args {
        [field] if alone => {
            let place = stops.plain(field);
            let _ = write!(stops.text, " {place}");
        }
        _ => {
            let needed = spec.args.iter().chain(spec.props).filter(|field| field.required);
            for field in needed {
                let place = stops.plain(field);
                let _ = write!(stops.text, "\n  {}: {place}", field.name);
            }
            stops.text.push_str("\n  $0");
        }
    }
}

fn json(spec: &NodeSpec, stops: &mut Stops) {
    let alone = spec.props.is_empty() && spec.children.is_empty() && !spec.labels;
    let _ = write!(stops.text, "\"{}\": ", spec.name);
    match spec.args {
        [field] if alone => {
            let place = stops.plain(field);
            let _ = write!(stops.text, "\"{place}\"");
        }
        _ => stops.text.push_str("{$0}"),
    }
}

impl Stops {
    fn plain(&mut self, field: &Field) -> String {
        self.count += 1;
        let number = self.count;
        match field.ty {
            Ty::Word(words) => format!("${{{number}|{}|}}", words.join(",")),
            Ty::Bool => format!("${{{number}|true,false|}}"),
            _ => format!("${{{number}:{}}}", field.name),
        }
    }
}
