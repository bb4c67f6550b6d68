//! Reads `webhook.txt`: what istiod asks of a place beyond the definition of its kind.

use super::limit::Limit;
use super::table::{Fields, Shape, Table, Type};

/// A limit that istiod checks, and whether it only warns.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What it asks.
    pub limit: Limit,
    /// It takes the object nevertheless.
    pub warns: bool,
}

/// Where the next lines are.
enum Home {
    Kind(&'static str, &'static str),
    Type(&'static str),
}

/// Puts all of `text` where it belongs in `table`. What has no place or no meaning comes back.
pub(super) fn read(text: &'static str, table: &mut Table) -> Vec<&'static str> {
    let mut home = Home::Type("");
    let mut lost = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if !line.starts_with(' ') {
            let name = words.next().unwrap_or_default();
            home = match first {
                "kind" => Home::Kind(name, words.next().unwrap_or_default()),
                _ => Home::Type(name),
            };
            continue;
        }
        let shape = match home {
            Home::Kind(group, kind) => table.kind_mut(group, kind).and_then(|fields| {
                let (name, rest) = first.split_once('.').unwrap_or((first, ""));
                place(&mut fields.by_name.get_mut(name)?.shape, rest)
            }),
            Home::Type(name) => table
                .type_mut(name)
                .and_then(|shape| place(shape, first.trim_start_matches('.'))),
        };
        let Some(shape) = shape else {
            lost.push(line);
            continue;
        };
        for word in words {
            let bare = word.trim_start_matches('?');
            match Limit::parse(bare) {
                Some(limit) => shape.asked.push(Asked {
                    limit,
                    warns: bare.len() < word.len(),
                }),
                None => lost.push(line),
            }
        }
    }
    lost
}

/// What stands at `path` within `shape`, as in `http[].headers{}.regex`.
fn place<'t>(shape: &'t mut Shape, path: &str) -> Option<&'t mut Shape> {
    if path.is_empty() {
        return Some(shape);
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let name = step.trim_end_matches(['[', ']', '{', '}']);
    let mut found = &mut member(shape)?.by_name.get_mut(name)?.shape;
    for _ in 0..(step.len() - name.len()) / 2 {
        found = match &mut found.ty {
            Type::List(inner) | Type::Map(inner) => inner,
            _ => return None,
        };
    }
    place(found, rest)
}

fn member(shape: &mut Shape) -> Option<&mut Fields> {
    match &mut shape.ty {
        Type::Object(fields) => Some(fields),
        _ => None,
    }
}
