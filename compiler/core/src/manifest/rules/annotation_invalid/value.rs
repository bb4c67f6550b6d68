//! What annotations hold (istio, pkg/kube/inject, AnnotationValidation).

use ipnet::IpNet;

/// What to write instead of `text` where it is not `what`.
pub(super) fn broken(what: &str, text: &str) -> Option<&'static str> {
    let each = |is: fn(&str) -> bool| text.split(',').map(str::trim).all(is);
    let empty = text.trim().is_empty();
    match what {
        "number" => text
            .parse::<u32>()
            .is_err()
            .then_some("write a whole number, such as \"10\""),
        "port" => (!is_port(text)).then_some("write a port from 0 to 65535"),
        "ports" => {
            (!empty && !each(is_port)).then_some("write ports with commas between, such as \"8080,9090\"")
        }
        "ports-or-all" => (!empty && text != "*" && !each(is_port))
            .then_some("write ports with commas between, or \"*\" for all"),
        "ranges" => {
            (!empty && !each(is_range)).then_some("write ranges with commas between, such as \"10.0.0.0/8\"")
        }
        "ranges-or-all" => (!empty && text != "*" && !each(is_range))
            .then_some("write ranges with commas between, such as \"10.0.0.0/8\", or \"*\" for all"),
        "bool" => (![
            "true", "false", "t", "f", "T", "F", "1", "0", "TRUE", "FALSE", "True", "False",
        ]
        .contains(&text))
        .then_some("write \"true\" or \"false\""),
        "mode" => {
            (!["REDIRECT", "TPROXY", "NONE"].contains(&text)).then_some("write REDIRECT, TPROXY or NONE")
        }
        "quantity" => (!is_quantity(text)).then_some("write a quantity, such as \"100m\" or \"128Mi\""),
        _ => None,
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

fn is_range(text: &str) -> bool {
    text.parse::<IpNet>().is_ok()
}

/// A number with a unit of Kubernetes.
fn is_quantity(text: &str) -> bool {
    const UNITS: &[&str] = &[
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    let digits = text.trim_start_matches(['+', '-']);
    let end = digits
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(digits.len());
    let (number, unit) = digits.split_at(end);
    let exponent = unit
        .strip_prefix(['e', 'E'])
        .is_some_and(|exponent| exponent.parse::<i32>().is_ok());
    number.parse::<f64>().is_ok() && (UNITS.contains(&unit) || exponent)
}
