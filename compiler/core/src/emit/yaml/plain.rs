/// Whether `text`, written without quotes, is read as a text again, and not as a number, a truth, nothing or a time
/// (YAML 1.1, as `go-yaml` 2 reads it).
pub(super) fn is_text(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    if WORDS.contains(&text) {
        return false;
    }
    match first {
        '.' => text.parse::<f64>().is_err() || !text.bytes().any(|byte| byte.is_ascii_digit()),
        '0'..='9' | '+' | '-' => !is_time(text) && !is_base_60(text) && !is_number(text),
        _ => true,
    }
}

/// What stands for a truth, for nothing, or for no number.
const WORDS: &[&str] = &[
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "n", "N", "no", "No", "NO",
    "false", "False", "FALSE", "off", "Off", "OFF", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN",
    ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
];

fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    is_integer(digits, plain.len() > digits.len()) || is_float(digits)
}

/// As Go's `ParseInt` with base 0 reads it: `0x`, `0o`, `0b` and a leading 0 say the base.
fn is_integer(digits: &str, signed: bool) -> bool {
    let lower = digits.to_ascii_lowercase();
    let (digits, base) = if let Some(rest) = lower.strip_prefix("0x") {
        (rest, 16)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (rest, 8)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (rest, 2)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (&lower[1..], 8)
    } else {
        (lower.as_str(), 10)
    };
    let plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base));
    let fits = |most| u128::from_str_radix(digits, base).is_ok_and(|number| number <= most);
    plain && fits(if signed { 1 << 63 } else { u128::from(u64::MAX) })
}

/// `^(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(digits: &str) -> bool {
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (digits, None),
    };
    let mantissa = match mantissa.split_once('.') {
        Some(("", after)) => !after.is_empty() && all(after),
        Some((before, after)) => all(before) && all(after),
        None => !mantissa.is_empty() && all(mantissa),
    };
    let exponent = exponent.is_none_or(|exponent| !exponent.is_empty() && all(exponent));
    mantissa && exponent && digits.parse().is_ok_and(f64::is_finite)
}

/// `190:20:30`, which YAML 1.1 counts by 60.
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let counts = first.starts_with(|first: char| first.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else {
        return false;
    };
    let sixty = |part: &str| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    let (whole, fraction) = last.split_once('.').unwrap_or((last, ""));
    let fraction = fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    counts && middle.iter().all(|part| sixty(part)) && sixty(whole) && fraction
}

/// `2026-1-2`, alone or with a time of day.
fn is_time(text: &str) -> bool {
    let number = |text: &str, least: u32, most: u32| {
        let fits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits && text.parse().is_ok_and(|number| (least..=most).contains(&number))
    };
    let Some((date, time)) = text
        .split_once(['T', 't', ' '])
        .map(|(date, time)| (date, Some(time)))
        .or(Some((text, None)))
    else {
        return false;
    };
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let date = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let date = date && number(month, 1, 12) && number(day, 1, 31);
    let Some(time) = time else { return date };
    let zoned = !text.contains(' ');
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let zone = match zone {
        "" => !zoned,
        "Z" => zoned,
        other => {
            zoned
                && matches!(
                    other.as_bytes(),
                    [_, b'0'..=b'2', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9']
                )
        }
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else {
        return false;
    };
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    date && zone && fraction && number(hour, 0, 23) && number(minute, 0, 59) && number(second, 0, 59)
}
