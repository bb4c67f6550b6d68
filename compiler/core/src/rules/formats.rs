//! What is wrong with formats of Envoy's command operators, in words.

use mesh_wire::format::{self, Fault, Format};

use crate::diag::did_you_mean;

/// Each fault of `text`, and what helps.
pub(super) fn faults(text: &str) -> Vec<(String, String)> {
    Format::parse(text).faults().map(told).collect()
}

fn told(fault: Fault<'_>) -> (String, String) {
    match fault {
        Fault::Lone => (
            "a single `%` begins a value of Envoy's, such as %HOSTNAME%, and nothing ends it".to_owned(),
            "write `%%` for a percent sign".to_owned(),
        ),
        Fault::Unknown(name) => {
            let meant = did_you_mean(name, format::names());
            let help = meant.map_or_else(
                || "write `%%` for a percent sign".to_owned(),
                |meant| format!("did you mean `%{meant}%`?"),
            );
            (format!("Envoy has no value `%{name}%`"), help)
        }
        Fault::Missing(name) => (
            format!("`%{name}%` does not say of what"),
            format!("write it with an argument, such as `%{name}(x-user)%`"),
        ),
        Fault::Needless(name) => (
            format!("`%{name}%` takes no argument"),
            format!("write `%{name}%`"),
        ),
    }
}
