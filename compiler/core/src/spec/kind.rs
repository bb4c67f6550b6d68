use crate::diag::{Diagnostic, FileId, Span, code};

/// What files with other endings than those of specs are.
const KINDS: &[(&str, &str)] = &[
    ("md", "Markdown"),
    ("markdown", "Markdown"),
    ("txt", "plain text"),
    ("csv", "a table"),
    ("toml", "TOML"),
    ("html", "HTML"),
    ("svg", "a picture"),
    ("sh", "a script"),
    ("py", "a script"),
    ("service", "a unit of systemd"),
    ("conf", "a file of settings"),
    ("ini", "a file of settings"),
    ("env", "a file of variables"),
    ("xml", "XML"),
    ("tf", "Terraform's"),
    ("hcl", "HCL"),
    ("log", "a log"),
    ("rs", "a program's source"),
    ("go", "a program's source"),
    ("js", "a program's source"),
    ("ts", "a program's source"),
];

/// What a file is that has the ending of something else than a spec.
pub(crate) fn of(path: &str) -> Option<&'static str> {
    let (_, end) = path.rsplit_once('.')?;
    let found = KINDS.iter().find(|(own, _)| end.eq_ignore_ascii_case(own));
    found.map(|(_, kind)| *kind)
}

/// That `path` is no spec; of interest where it cannot be read as one.
pub(crate) fn told(path: &str, kind: &str, file: FileId) -> Diagnostic {
    let start = Span {
        file,
        start: 0,
        end: 0,
    };
    Diagnostic::new(&code::UNREADABLE, start, format!("{path} is {kind}, and no spec"))
        .help("meshc reads specs in KDL, YAML and JSON (.kdl, .yaml, .json), and manifests in YAML and JSON")
}
