use mesh_compiler::Settings;

/// Values of the spec's parameters.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Values {
    /// Take the parameters' values of this profile of the spec.
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,

    /// Set a parameter of the spec; wins over the profile.
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("`NAME=VALUE` is expected".to_owned()),
    }
}

impl Values {
    /// As the compiler takes them.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            profile: self.profile.clone(),
            set: self.set.clone(),
        }
    }

    /// None is given.
    pub(crate) const fn is_empty(&self) -> bool {
        self.profile.is_none() && self.set.is_empty()
    }
}
