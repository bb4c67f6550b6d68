use crate::syntax::Scalar;

/// A scalar without quotes, by the core schema (YAML 1.2.2, section 10.3.2): `yes` is a text, and so is 10:30.
pub(super) fn plain(text: &str, empty: bool) -> Scalar {
    if empty {
        return Scalar::Null;
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ => number(text).unwrap_or_else(|| Scalar::Text(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Scalar> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let all = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix).filter(|digits| all(digits, radix)) {
            let whole = i128::from_str_radix(digits, radix).map(Scalar::Integer);
            return Some(whole.unwrap_or_else(|_| Scalar::Float(text.to_owned())));
        }
    }
    if all(unsigned, 10) {
        // What no machine counts to is shown as it is written.
        let whole = text.parse().map(Scalar::Integer);
        return Some(whole.unwrap_or_else(|_| Scalar::Float(text.to_owned())));
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let float =
        digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && all(exponent, 10);
    let special = matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN");
    (float || special).then(|| Scalar::Float(text.to_owned()))
}
