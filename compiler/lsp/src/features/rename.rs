use std::sync::Arc;

use mesh_compiler::spec::schema::Kind;
use mesh_compiler::syntax::print;

use crate::names::{Key, Names, Part, Spot};
use crate::project::{File, Project};
use crate::tree::Range;

/// A part of a file that is replaced.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// The file.
    pub file: Arc<File>,
    /// What goes.
    pub range: Range,
    /// What comes instead.
    pub text: String,
}

/// The name at byte `at`, if it can be renamed: where it stands, and what it is.
///
/// # Errors
/// Why it cannot.
pub fn renamable(project: &Project, at: usize) -> Result<(Range, String), String> {
    let names = project.names();
    let (key, spot) = names
        .at(project.here, at)
        .ok_or_else(|| "no name stands here".to_owned())?;
    changeable(&names, key)?;
    Ok((spot.mention.place, spot.mention.name.clone()))
}

/// Calls what is named at byte `at` by the name `new`, in all files.
///
/// # Errors
/// Why it cannot be called so.
pub fn rename(project: &Project, at: usize, new: &str) -> Result<Vec<Replacement>, String> {
    let names = project.names();
    let (key, _) = names
        .at(project.here, at)
        .ok_or_else(|| "no name stands here".to_owned())?;
    changeable(&names, key)?;
    let mut spots = names.mentions(key);
    spots.retain(|spot| spot.mention.part != Part::Implied);
    let ty = spots
        .iter()
        .find(|spot| spot.mention.whole.is_some())
        .or(spots.first());
    if let Some(ty) = ty.and_then(|spot| spot.mention.ty) {
        ty.take(new)?;
    }
    if key.kind == Kind::Column
        && (new.trim() != new || new.is_empty() || new.contains(['"', '\\', ',', '\n', '\r']))
    {
        return Err("the head of a column is one line without commas and quotes".to_owned());
    }
    let taken = Key {
        name: new.to_owned(),
        ..key.clone()
    };
    if new != key.name && names.is_declared(&taken) {
        return Err(format!("there is a `{new}` already"));
    }
    Ok(spots
        .into_iter()
        .map(|spot| replacement(project, spot, new))
        .collect())
}

fn changeable(names: &Names<'_>, key: &Key) -> Result<(), String> {
    match key.kind {
        Kind::Port => Err("a port is a number, not a name".to_owned()),
        Kind::Account => Ok(()),
        // Its head says what it is.
        Kind::Column
            if names
                .mentions(key)
                .iter()
                .all(|spot| spot.mention.whole.is_some()) =>
        {
            Err(format!(
                "`{}` is what this column is: to call it otherwise, write `column NAME as={}` in the braces of `inventory`",
                key.name, key.name
            ))
        }
        _ if names.is_declared(key) => Ok(()),
        _ => Err(format!("`{}` is not declared in this spec", key.name)),
    }
}

/// A word alone gets quotes if the new one needs them.
fn replacement(project: &Project, spot: Spot<'_>, new: &str) -> Replacement {
    let file = project.file_of(spot);
    Replacement {
        file: Arc::clone(file),
        range: spot.mention.place,
        text: match spot.mention.part {
            Part::Bare if !file.is_table() => print::word(new, file.language),
            Part::Bare | Part::Inner | Part::Implied => new.to_owned(),
        },
    }
}
