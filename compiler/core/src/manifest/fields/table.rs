use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Limit;
use super::webhook::{self, Asked};

/// All kinds that are known.
#[derive(Debug, Default)]
pub struct Table {
    /// In the order of their names.
    pub kinds: Vec<KindOf>,
    /// What several places share.
    types: BTreeMap<&'static str, Shape>,
    /// Lines that no kind has a place for.
    lost: Vec<&'static str>,
}

/// One kind.
#[derive(Debug)]
pub struct KindOf {
    /// The group of its API; empty for the core's.
    pub group: &'static str,
    /// Its name.
    pub kind: &'static str,
    /// The versions that are served, newest first.
    pub versions: Vec<&'static str>,
    /// All that is in it.
    pub fields: Fields,
}

/// What a mapping with keys of the kind's own holds.
#[derive(Debug, Default)]
pub struct Fields {
    /// By name.
    pub by_name: BTreeMap<&'static str, Field>,
    /// Others pass untouched.
    pub open: bool,
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// It must be there.
    pub required: bool,
    /// What it holds.
    pub shape: Shape,
}

/// What a value is, and what more is asked of it.
#[derive(Debug)]
pub struct Shape {
    /// What it is.
    pub ty: Type,
    /// What more is asked of it.
    pub limits: Vec<Limit>,
    /// What istiod asks beside the definition of the kind.
    pub asked: Vec<Asked>,
}

/// What a value is.
#[derive(Debug)]
pub enum Type {
    /// Anything.
    Any,
    /// A text.
    String,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// A port by number or name.
    IntOrString,
    /// At least `1ms`.
    Duration,
    /// A time of RFC 3339.
    Time,
    /// Bytes in base64.
    Bytes,
    /// One of these texts.
    Enum(Vec<&'static str>),
    /// Values in order.
    List(Box<Shape>),
    /// Values with keys of the users' own.
    Map(Box<Shape>),
    /// Values with keys of the kind's.
    Object(Fields),
    /// What several places share.
    Named(&'static str),
}

/// The table of this release.
pub fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let mut table = Table::default();
        for text in [include_str!("istio.txt"), include_str!("kubernetes.txt")] {
            table.read(text);
        }
        table.kinds.sort_by_key(|kind| (kind.kind, kind.group));
        table.lost = webhook::read(include_str!("webhook.txt"), &mut table);
        table
    });
    &TABLE
}

impl Table {
    /// The kind of this group and name.
    pub fn kind(&self, group: &str, kind: &str) -> Option<&KindOf> {
        let at = self
            .kinds
            .binary_search_by_key(&(kind, group), |of| (of.kind, of.group));
        at.ok().and_then(|at| self.kinds.get(at))
    }

    /// `shape`, or what it names.
    pub fn resolve<'a>(&'a self, shape: &'a Shape) -> &'a Shape {
        match shape.ty {
            Type::Named(name) => self.types.get(name).unwrap_or(shape),
            _ => shape,
        }
    }

    /// The fields of a kind, to add to.
    pub(super) fn kind_mut(&mut self, group: &str, kind: &str) -> Option<&mut Fields> {
        let mut kinds = self.kinds.iter_mut();
        let found = kinds.find(|of| of.kind == kind && of.group == group)?;
        Some(&mut found.fields)
    }

    /// What several places share, to add to.
    pub(super) fn type_mut(&mut self, name: &str) -> Option<&mut Shape> {
        self.types.get_mut(name)
    }

    fn read(&mut self, text: &'static str) {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut lines = lines.map(Line::of).peekable();
        while let Some(line) = lines.next() {
            let below = below(&mut lines, 1);
            let mut words = line.words;
            if line.name == "kind" {
                let group = words.next().filter(|group| *group != "core").unwrap_or_default();
                let kind = words.next().unwrap_or_default();
                let mut fields = Fields {
                    by_name: below,
                    open: false,
                };
                for (name, ty) in COMMON {
                    let shape = shape(ty, std::iter::empty(), BTreeMap::new());
                    fields.by_name.entry(name).or_insert(Field {
                        required: false,
                        shape,
                    });
                }
                self.kinds.push(KindOf {
                    group,
                    kind,
                    versions: words.collect(),
                    fields,
                });
            } else {
                let name = words.next().unwrap_or_default();
                self.types.insert(name, shape("object", words, below));
            }
        }
    }
}

/// What every object has.
const COMMON: &[(&str, &str)] = &[
    ("apiVersion", "string"),
    ("kind", "string"),
    ("metadata", "@Metadata"),
    ("status", "any"),
];

/// A line of the table.
struct Line {
    depth: usize,
    name: &'static str,
    words: std::str::SplitWhitespace<'static>,
}

impl Line {
    fn of(line: &'static str) -> Self {
        let own = line.trim_start();
        let depth = (line.len() - own.len()) / 2;
        let mut words = own.split_whitespace();
        Self {
            depth,
            name: words.next().unwrap_or_default(),
            words,
        }
    }
}

/// The fields at `depth` that come next, with what is below them.
fn below(
    lines: &mut std::iter::Peekable<impl Iterator<Item = Line>>,
    depth: usize,
) -> BTreeMap<&'static str, Field> {
    let mut fields = BTreeMap::new();
    while let Some(mut line) = lines.next_if(|line| line.depth == depth) {
        let name = line.name.trim_end_matches('!');
        let required = name.len() < line.name.len();
        let ty = line.words.next().unwrap_or_default();
        let shape = shape(ty, line.words, below(lines, depth + 1));
        fields.insert(name, Field { required, shape });
    }
    fields
}

fn shape(
    ty: &'static str,
    limits: impl Iterator<Item = &'static str>,
    by_name: BTreeMap<&'static str, Field>,
) -> Shape {
    for (mark, wrap) in [("[]", Type::List as fn(Box<Shape>) -> Type), ("{}", Type::Map)] {
        if let Some(inner) = ty.strip_prefix(mark) {
            let limits: Vec<_> = limits.collect();
            let within = limits
                .iter()
                .filter_map(|limit| limit.strip_prefix('.').filter(|rest| !rest.starts_with('.')));
            let inner = shape(inner, within.collect::<Vec<_>>().into_iter(), by_name);
            // `..5` is a range, not a limit of what is within.
            let own = limits
                .iter()
                .filter(|limit| !limit.starts_with('.') || limit.starts_with(".."));
            return Shape {
                ty: wrap(Box::new(inner)),
                limits: own.filter_map(|limit| Limit::parse(limit)).collect(),
                asked: Vec::new(),
            };
        }
    }
    let mut open = false;
    let limits = limits.filter(|limit| {
        open |= *limit == "open";
        *limit != "open"
    });
    let limits = limits.filter_map(Limit::parse).collect();
    Shape {
        ty: plain(ty, Fields { by_name, open }),
        limits,
        asked: Vec::new(),
    }
}

fn plain(ty: &'static str, fields: Fields) -> Type {
    let inner = |ty: &'static str| ty.strip_prefix('(')?.strip_suffix(')');
    match ty {
        "string" => Type::String,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "number" => Type::Number,
        "int-or-string" => Type::IntOrString,
        "duration" => Type::Duration,
        "time" => Type::Time,
        "bytes" => Type::Bytes,
        "object" => Type::Object(fields),
        _ => match (ty.strip_prefix('@'), inner(ty)) {
            (Some(name), _) => Type::Named(name),
            (_, Some(values)) => Type::Enum(values.split('|').collect()),
            _ => Type::Any,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_asked_has_its_place() {
        assert_eq!(table().lost, Vec::<&str>::new());
    }
}
