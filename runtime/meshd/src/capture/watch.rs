//! Whether the rules are still in the kernel as they were loaded. Another program may take them away, which nothing
//! tells; only root sees them, and the proxy is not root: a timer of systemd runs [`look`], which leaves word for it.

use mesh_wire::Sha256;

use super::{NFT, NOTE, iptables, note, show};
use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// What [`look`] saw last: `1` where the rules are in place.
const SEEN: &str = "/run/meshd-capture-seen";

/// Looks at the rules, and leaves word of it for as long as they are to be there.
pub(crate) fn look(layout: &Layout) -> Result<(), Failure> {
    let Some(note) = note(layout) else {
        forget(layout);
        return Ok(());
    };
    let (now, before) = (note.rules.as_ref() == Some(&rules()), seen(layout));
    if before != Some(now) {
        if now {
            tracing::info!("the rules are in place");
        } else {
            tracing::warn!(
                "the rules are not as they were loaded: run `systemctl reload meshd-capture.service`"
            );
        }
    }
    // In one step, since others read it at any time.
    let (path, new) = (layout.at(SEEN), layout.at(format!("{SEEN}.new")));
    std::fs::write(&new, if now { "1\n" } else { "0\n" }).on("write", &new)?;
    std::fs::rename(&new, &path).on("write", &path)
}

/// The rules are in place, as far as somebody without rights can know; `None` where a release has none.
pub(crate) fn are_in_place(layout: &Layout) -> Option<bool> {
    let there = |path: &str| layout.at(path).exists();
    if !there(NFT) && !there(iptables::V4_RULES) {
        return None;
    }
    // Before somebody looks, what was loaded counts.
    Some(there(NOTE) && seen(layout).unwrap_or(true))
}

fn seen(layout: &Layout) -> Option<bool> {
    let text = std::fs::read_to_string(layout.at(SEEN)).ok()?;
    Some(text.trim() == "1")
}

/// Nobody is to look at rules that are gone by our own will.
pub(super) fn forget(layout: &Layout) {
    let _ = std::fs::remove_file(layout.at(SEEN));
}

/// What tells our rules in the kernel from others: their text, without what counts packets.
pub(super) fn rules() -> Sha256 {
    let shown = show();
    let lines = shown.lines().map(|line| match line.split_once(" [") {
        Some((chain, _)) if chain.contains(": :") => chain,
        _ => line,
    });
    Sha256::of(lines.collect::<Vec<_>>().join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_loaded_counts_until_somebody_looks() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path());
        let write = |path: &str, text: &str| {
            let path = layout.at(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(are_in_place(&layout), None, "the release has no rules");
        write(NFT, "");
        assert_eq!(are_in_place(&layout), Some(false), "nobody loaded them");
        write(NOTE, "{}");
        assert_eq!(are_in_place(&layout), Some(true), "nobody looked yet");
        write(SEEN, "0\n");
        assert_eq!(are_in_place(&layout), Some(false));
        write(SEEN, "1\n");
        assert_eq!(are_in_place(&layout), Some(true));
    }
}
