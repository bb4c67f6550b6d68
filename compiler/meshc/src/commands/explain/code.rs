use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ErrorKind, Result};
use clap::{Arg, Command, Error};
use mesh_compiler::diag::{Code, code, did_you_mean};

/// Reads a code by its number or its name. Shells complete both.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeParser;

impl TypedValueParser for CodeParser {
    type Value = &'static Code;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, value: &OsStr) -> Result<Self::Value> {
        let name = value.to_string_lossy();
        code::find(&name).ok_or_else(|| {
            let known = code::ALL.iter().flat_map(|code| [code.slug, code.id]);
            let help = match did_you_mean(&name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`meshc explain` lists all".to_owned(),
            };
            Error::raw(
                ErrorKind::InvalidValue,
                format!("there is no code `{name}`\n\n  help: {help}\n"),
            )
            .with_cmd(command)
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = code::ALL
            .iter()
            .flat_map(|code| [code.id, code.slug].map(|name| PossibleValue::new(name).help(code.about)));
        Some(Box::new(values))
    }
}
