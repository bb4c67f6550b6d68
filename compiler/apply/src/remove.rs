//! Takes meshd off a machine, and makes sure that nothing is left of it.

use std::time::Duration;

use crate::failure::Failure;
use crate::host::{Command, Host, sudo_refused};
use crate::layout::Layout;
use crate::switch;

const SCRIPT: &str = include_str!("scripts/remove.sh");
const WHAT: &str = "meshd was not removed";

/// What there was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It was there and is gone.
    Gone,
    /// It was not there.
    Nothing,
}

/// Removes meshd from `host`.
///
/// # Errors
/// When meshd cannot remove itself, or something is left of it.
pub fn remove(
    host: &mut dyn Host,
    layout: &Layout,
    user: &str,
    silence: Duration,
) -> Result<Removed, Failure> {
    let command = Command::root_script(SCRIPT, &[&layout.home, &layout.prefix], silence);
    let output = host
        .run(&command, &mut std::io::empty())
        .map_err(|error| error.failure(WHAT))?;
    if let Some(refusal) = sudo_refused(&output, user) {
        return Err(refusal);
    }
    let text = output.text();
    let said: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("meshc "))
        .collect();
    match said.last() {
        Some(&"nothing") => Ok(Removed::Nothing),
        Some(&"broken") => Err(Failure::new(
            "broken",
            WHAT,
            format!(
                "{} has a release in force, but no program that could remove it",
                layout.home
            ),
            "run `meshc apply` first, then `meshc remove`",
        )),
        Some(&"removed") => {
            let left: Vec<&str> = said
                .iter()
                .filter_map(|line| line.strip_prefix("left "))
                .collect();
            if left.is_empty() {
                return Ok(Removed::Gone);
            }
            let remedy = "remove by hand what is named, and report this: meshd should have done it";
            Err(Failure::new(
                "left-over",
                "meshd was removed, but not all of it",
                left.join(", "),
                remedy,
            ))
        }
        _ => switch::require(&output, "remove", WHAT).and_then(|_| {
            Err(Failure::new(
                "remove",
                WHAT,
                output.complaint(),
                "run `meshc remove` again",
            ))
        }),
    }
}
