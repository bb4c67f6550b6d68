//! The operator's `~/.ssh/config` (ssh_config(5)), as far as it says how a machine is reached.
//!
//! [`Config::read`] takes the files, [`Config::resolve`] answers for one host. As in OpenSSH the first value that is
//! found for a keyword is the one that counts, while identity files add up.

mod parse;
mod pattern;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use parse::{ParseError, Section, parse};
pub use pattern::{matches, matches_any};

/// All sections, in the order in which they count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    sections: Vec<Section>,
}

/// A configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read `{0}`: {1}")]
    Read(PathBuf, io::Error),
    /// A line is wrong.
    #[error("{0}: {1}")]
    Parse(PathBuf, ParseError),
    /// Files include each other.
    #[error("`{0}` is included more than 16 levels deep")]
    Depth(PathBuf),
}

/// What is said for one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<String, Vec<String>>,
    identities: Vec<String>,
}

impl Settings {
    /// The first argument of `keyword` (in lower case).
    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword)?.first().map(String::as_str)
    }

    /// All arguments of `keyword`.
    pub fn all(&self, keyword: &str) -> &[String] {
        self.values.get(keyword).map_or(&[], Vec::as_slice)
    }

    /// All identity files, in order.
    pub fn identities(&self) -> &[String] {
        &self.identities
    }

    /// `keyword` is there and says yes.
    pub fn yes(&self, keyword: &str) -> bool {
        self.get(keyword)
            .is_some_and(|value| value.eq_ignore_ascii_case("yes"))
    }
}

impl Config {
    /// Reads `path` with all that it includes; relative includes and `~` are below `home`. A file that is not there
    /// says nothing, unless it is `required`.
    ///
    /// # Errors
    /// When a file cannot be read or a line is wrong.
    pub fn read(path: &Path, home: &Path, required: bool) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        match std::fs::read_to_string(path) {
            Ok(text) => config.add(&text, path, home, 0)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !required => {}
            Err(error) => return Err(ConfigError::Read(path.to_owned(), error)),
        }
        Ok(config)
    }

    /// The configuration in `text`, without includes.
    ///
    /// # Errors
    /// When a line is wrong.
    pub fn of_text(text: &str) -> Result<Self, ParseError> {
        Ok(Self {
            sections: parse(text)?,
        })
    }

    /// The sections of `other` count after these.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.sections.extend(other.sections);
        self
    }

    fn add(&mut self, text: &str, path: &Path, home: &Path, depth: usize) -> Result<(), ConfigError> {
        if depth > 16 {
            return Err(ConfigError::Depth(path.to_owned()));
        }
        let sections = parse(text).map_err(|error| ConfigError::Parse(path.to_owned(), error))?;
        for mut section in sections {
            // What stands before an include counts before it, and both stay under the section's own condition.
            let lines = std::mem::take(&mut section.lines);
            let mut part = section.clone();
            for line in lines {
                if line.keyword != "include" {
                    part.lines.push(line);
                    continue;
                }
                self.sections.push(std::mem::replace(&mut part, section.clone()));
                for included in line.arguments.iter().flat_map(|name| pattern::expand(name, home)) {
                    self.include(&included, &section, home, depth)?;
                }
            }
            self.sections.push(part);
        }
        Ok(())
    }

    fn include(
        &mut self,
        path: &Path,
        under: &Section,
        home: &Path,
        depth: usize,
    ) -> Result<(), ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
        let start = self.sections.len();
        self.add(&text, path, home, depth + 1)?;
        for section in &mut self.sections[start..] {
            section.conditions.splice(0..0, under.conditions.iter().cloned());
        }
        Ok(())
    }

    /// What is said for a host that is called by any of `names`; the last one is dialled where nothing else is said.
    pub fn resolve(&self, names: &[&str], user: &str) -> Settings {
        let address = names.last().copied().unwrap_or_default();
        let mut settings = Settings::default();
        for section in &self.sections {
            let dialled = settings.get("hostname").unwrap_or(address).to_owned();
            let login = settings.get("user").unwrap_or(user).to_owned();
            if !section.applies(names, &dialled, &login) {
                continue;
            }
            for line in &section.lines {
                if line.keyword == "identityfile" {
                    settings.identities.extend(line.arguments.first().cloned());
                } else {
                    settings
                        .values
                        .entry(line.keyword.clone())
                        .or_insert_with(|| line.arguments.clone());
                }
            }
        }
        settings
    }
}

#[cfg(test)]
mod tests;
