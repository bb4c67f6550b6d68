//! What may be written in existing objects of Kubernetes and Istio, and what their fields are: from the tables of fields
//! that `meshc check` holds them against.

mod spot;

use mesh_compiler::manifest::fields::{Field, KindOf, Limit, Shape, Type, table};

use self::spot::{Spot, Style};
use super::{Completion, Hover, Insert, Offer};
use crate::project::File;

/// Fields, or values of one, that may be written at byte `at`.
pub fn fields(file: &File, at: usize) -> Vec<Offer> {
    let spots = Spot::of(&file.text, file.language, at);
    let offered = |spot: &Spot| {
        let around = within(kind_of(spot)?, &spot.path)?;
        let offers = match &spot.key {
            Some(key) => values(around.field(key)?, spot),
            None => around.fields(spot),
        };
        (!offers.is_empty()).then_some(offers)
    };
    let mut offers = spots.iter().find_map(offered).unwrap_or_default();
    for (order, offer) in offers.iter_mut().enumerate() {
        offer.order = order;
    }
    offers
}

/// What the field at byte `at` is.
pub fn field(file: &File, at: usize) -> Option<Hover> {
    let spots = Spot::of(&file.text, file.language, at);
    spots
        .iter()
        .filter(|spot| !spot.name.is_empty())
        .find_map(explained)
}

fn explained(spot: &Spot) -> Option<Hover> {
    let kind = kind_of(spot)?;
    let name = spot.key.as_ref().unwrap_or(&spot.name);
    let field = within(kind, &spot.path)?.field(name)?;
    let whole: Vec<_> = spot.path.iter().chain([name]).map(String::as_str).collect();
    let text = format!(
        "`{}` of {} ({}): {}\n",
        whole.join("."),
        kind.kind,
        if kind.group.is_empty() {
            "Kubernetes"
        } else {
            kind.group
        },
        about(field)
    );
    Some(Hover {
        word: spot.word,
        text,
    })
}

fn kind_of(spot: &Spot) -> Option<&'static KindOf> {
    let group = spot.api.rsplit_once('/').map_or("", |(group, _)| group);
    table().kind(group, &spot.kind)
}

/// The mapping that a path of keys leads to.
enum Around {
    Kind(&'static KindOf),
    Shape(&'static Shape),
}

fn within(kind: &'static KindOf, path: &[String]) -> Option<Around> {
    let mut around = Around::Kind(kind);
    for key in path {
        around = Around::Shape(around.below(key)?);
    }
    Some(around)
}

/// A list stands for what is in it.
fn entry(shape: &'static Shape) -> &'static Shape {
    let shape = table().resolve(shape);
    match &shape.ty {
        Type::List(inner) => entry(inner),
        _ => shape,
    }
}

impl Around {
    fn by_name(&self) -> Option<&'static mesh_compiler::manifest::fields::Fields> {
        match self {
            Self::Kind(kind) => Some(&kind.fields),
            Self::Shape(shape) => match &shape.ty {
                Type::Object(fields) => Some(fields),
                _ => None,
            },
        }
    }

    fn field(&self, name: &str) -> Option<&'static Field> {
        self.by_name()?.by_name.get(name)
    }

    fn below(&self, key: &str) -> Option<&'static Shape> {
        if let Self::Shape(shape) = self
            && let Type::Map(inner) = &shape.ty
        {
            return Some(entry(inner));
        }
        Some(entry(&self.field(key)?.shape))
    }

    /// Those that are not there yet; what has to be there comes first.
    fn fields(&self, spot: &Spot) -> Vec<Offer> {
        let all = self.by_name().into_iter().flat_map(|fields| &fields.by_name);
        let mut free: Vec<_> = all
            .filter(|(name, _)| **name != "status" && !spot.beside.iter().any(|beside| beside == *name))
            .collect();
        free.sort_by_key(|(name, field)| (!field.required, **name));
        let offer = |(name, field): (&&'static str, &'static Field)| Offer {
            label: (*name).to_owned(),
            what: Completion::Property,
            detail: word(&field.shape),
            about: about(field),
            insert: written(name, &field.shape, spot),
            range: spot.word,
            order: 0,
        };
        free.into_iter().map(offer).collect()
    }
}

/// The key, and what begins what is below it.
fn written(name: &str, shape: &'static Shape, spot: &Spot) -> Insert {
    let key = match spot.style {
        Style::Json { .. } => format!("\"{name}\""),
        Style::Block(_) | Style::Flow => name.to_owned(),
    };
    if spot.has_colon {
        return Insert::Text(key);
    }
    let ty = &table().resolve(shape).ty;
    let (open, close) = match (spot.style, ty) {
        (Style::Block(margin), Type::Object(_) | Type::Map(_)) => {
            return Insert::Text(format!("{key}:\n{:margin$}  ", ""));
        }
        (Style::Block(margin), Type::List(_)) => return Insert::Text(format!("{key}:\n{:margin$}- ", "")),
        (_, Type::Object(_) | Type::Map(_)) => ("{", "}"),
        (_, Type::List(_)) => ("[", "]"),
        (Style::Json { .. }, ty) if is_text(ty) => ("\"", "\""),
        _ => return Insert::Text(format!("{key}: ")),
    };
    Insert::Snippet(format!("{key}: {open}$0{close}"), format!("{key}: {open}{close}"))
}

/// JSON writes it in quotes.
const fn is_text(ty: &Type) -> bool {
    matches!(
        ty,
        Type::String | Type::Duration | Type::Time | Type::Bytes | Type::Enum(_)
    )
}

fn values(field: &'static Field, spot: &Spot) -> Vec<Offer> {
    let ty = &entry(&field.shape).ty;
    let words: Vec<&str> = match ty {
        Type::Enum(words) => words.clone(),
        Type::Bool => vec!["true", "false"],
        _ => Vec::new(),
    };
    let bare = spot.style == Style::Json { quoted: false } && is_text(ty);
    let offer = |word: &str| Offer {
        label: word.to_owned(),
        what: Completion::Value,
        detail: String::new(),
        about: String::new(),
        insert: Insert::Text(if bare {
            format!("\"{word}\"")
        } else {
            word.to_owned()
        }),
        range: spot.word,
        order: 0,
    };
    words.into_iter().map(offer).collect()
}

/// What it holds, in a few words.
fn word(shape: &'static Shape) -> String {
    let shape = table().resolve(shape);
    match &shape.ty {
        Type::Any => "anything".to_owned(),
        Type::String => "a text".to_owned(),
        Type::Bool => "`true` or `false`".to_owned(),
        Type::Int => "a whole number".to_owned(),
        Type::Number => "a number".to_owned(),
        Type::IntOrString => "a number or a name".to_owned(),
        Type::Duration => "a duration, such as `5s`".to_owned(),
        Type::Time => "a time".to_owned(),
        Type::Bytes => "bytes in base64".to_owned(),
        Type::Enum(words) => format!("one of `{}`", words.join("`, `")),
        Type::List(inner) => format!("a list, each {}", word(inner)),
        Type::Map(inner) => format!("by keys of your own, each {}", word(inner)),
        Type::Object(_) | Type::Named(_) => "fields of its own".to_owned(),
    }
}

/// The same, with what more is asked of it, and the fields that it has.
fn about(field: &'static Field) -> String {
    let mut text = word(&field.shape);
    if field.required {
        text.push_str(", and it has to be there");
    }
    let shape = entry(&field.shape);
    for limit in table().resolve(&field.shape).limits.iter().chain(&shape.limits) {
        let more = match limit {
            Limit::Range(from, to) => bounds(from.as_ref(), to.as_ref()),
            Limit::AtMostOne(names) => format!("at most one of `{}`", names.join("`, `")),
            Limit::JustOne(names) => format!("just one of `{}`", names.join("`, `")),
            Limit::AtLeastOne(names) => format!("at least one of `{}`", names.join("`, `")),
            _ => continue,
        };
        if !text.contains(&more) {
            text.push_str(&format!("; {more}"));
        }
    }
    if let Type::Object(fields) = &shape.ty
        && !fields.by_name.is_empty()
    {
        let names: Vec<_> = fields.by_name.keys().copied().collect();
        text.push_str(&format!("\n\nFields: `{}`", names.join("`, `")));
    }
    text
}

fn bounds(from: Option<&f64>, to: Option<&f64>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => format!("from {from} to {to}"),
        (Some(from), None) => format!("{from} or more"),
        (None, Some(to)) => format!("{to} or less"),
        (None, None) => String::new(),
    }
}
