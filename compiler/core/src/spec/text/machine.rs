//! Forms of what systemd and the kernel are told.

/// The name of a kernel's setting with `/` between its parts, which is also its path. With dots for it, a `/` in a part
/// stands for a dot there: `net.ipv4.conf.eth0/1.rp_filter` (sysctl.d(5)).
pub(in crate::spec) fn sysctl_name(text: &str) -> Option<String> {
    let dots = text
        .find(['.', '/'])
        .is_some_and(|at| text[at..].starts_with('.'));
    let turned = |character| match character {
        '.' if dots => '/',
        '/' if dots => '.',
        other => other,
    };
    let path: String = text.chars().map(turned).collect();
    let part = |part: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        !part.is_empty() && part != "." && part != ".." && part.bytes().all(fits)
    };
    (path.contains('/') && path.split('/').all(part)).then_some(path)
}

/// A unit's name with its kind (systemd.unit(5)).
pub(in crate::spec) fn is_unit(text: &str) -> bool {
    const KINDS: [&str; 8] = [
        "service", "socket", "target", "mount", "path", "timer", "device", "slice",
    ];
    let Some((name, kind)) = text.rsplit_once('.') else {
        return false;
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    !name.is_empty() && text.len() < 256 && name.bytes().all(fits) && KINDS.contains(&kind)
}

/// A SHA-256 digest, as `sha256sum` prints it.
pub(in crate::spec) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Permissions of a file: `0640`. Those that lend its owner's rights (`4755`) are none of a text's.
pub(in crate::spec) fn is_mode(text: &str) -> bool {
    text.len() == 4 && text.starts_with('0') && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'))
}

/// Bytes: `128MiB`, `1GiB`.
pub(in crate::spec) fn bytes(text: &str) -> Option<u64> {
    let (number, shift) = [("KiB", 10), ("MiB", 20), ("GiB", 30)]
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, shift)))?;
    let number: u32 = number.trim_end().parse().ok()?;
    (number > 0).then(|| u64::from(number) << shift)
}

/// `50%` of a processor, or more than one.
pub(in crate::spec) fn cpu_share(text: &str) -> Option<u64> {
    let number = text.strip_suffix('%')?.parse().ok()?;
    (1..=1_000_000).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_machines_have_their_forms() {
        let path = |text| sysctl_name(text).unwrap_or_default();
        assert_eq!(path("net.core.somaxconn"), "net/core/somaxconn");
        assert_eq!(path("net/core/somaxconn"), "net/core/somaxconn");
        assert_eq!(
            path("net.ipv4.conf.eth0/1.rp_filter"),
            "net/ipv4/conf/eth0.1/rp_filter"
        );
        for wrong in ["somaxconn", "net..core", "net.core;x", "net/../x", ""] {
            assert_eq!(sysctl_name(wrong), None, "{wrong}");
        }
        assert_eq!(
            (bytes("128MiB"), bytes("128MB"), bytes("0MiB")),
            (Some(128 << 20), None, None)
        );
        assert_eq!((cpu_share("200%"), cpu_share("0%")), (Some(200), None));
        assert!(is_mode("0640") && !is_mode("640") && !is_mode("0688") && !is_mode("4755"));
        assert!(
            is_unit("app@1.service") && !is_unit("app") && !is_unit("a b.service") && !is_unit(".service")
        );
    }
}
