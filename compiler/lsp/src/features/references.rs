use std::sync::Arc;

use super::definition::Target;
use crate::names::Part;
use crate::project::Project;

/// Everywhere that what is named at byte `at` is written; its declarations too, if `declarations`.
pub fn references(project: &Project, at: usize, declarations: bool) -> Vec<Target> {
    let names = project.names();
    let Some((key, _)) = names.at(project.here, at) else {
        return Vec::new();
    };
    let wanted = |declares: bool| declarations || !declares;
    let spots = names.mentions(key).into_iter();
    spots
        .filter(|spot| spot.mention.part != Part::Implied && wanted(spot.mention.whole.is_some()))
        .map(|spot| Target {
            file: Arc::clone(project.file_of(spot)),
            name: spot.mention.place,
            whole: spot.mention.place,
        })
        .collect()
}
