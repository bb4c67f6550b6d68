/// What a file is written in. The language of specs has three spellings, which say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// KDL 2.
    #[default]
    Kdl,
    /// YAML 1.2.
    Yaml,
    /// JSON (RFC 8259).
    Json,
}

impl Language {
    /// By the end of its name; whatever has no end that we know is KDL.
    pub fn of_path(path: &str) -> Self {
        match path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()) {
            Some(end) if end == "yaml" || end == "yml" => Self::Yaml,
            Some(end) if end == "json" => Self::Json,
            _ => Self::Kdl,
        }
    }

    /// What a file of objects is written in. YAML takes most of JSON as well, but tells mistakes in it worse.
    pub fn of_objects(path: &str, text: &str) -> Self {
        match Self::of_path(path) {
            Self::Kdl if text.trim_start().starts_with('{') => Self::Json,
            Self::Kdl => Self::Yaml,
            known => known,
        }
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kdl => "KDL",
            Self::Yaml => "YAML",
            Self::Json => "JSON",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_says_the_language() {
        assert_eq!(Language::of_path("a/spec.yaml"), Language::Yaml);
        assert_eq!(Language::of_path("SPEC.YML"), Language::Yaml);
        assert_eq!(Language::of_path("spec.json"), Language::Json);
        for other in ["spec.kdl", "spec", "folder.json/spec", "-"] {
            assert_eq!(Language::of_path(other), Language::Kdl, "{other}");
        }
    }
}
