//! Giving back what only the start needed.

/// Lets go of the pages of our own code. Those that are still used come back from the page cache as they are called; the
/// rest (reading settings, the command line, the compilers of snapshots) no longer counts as ours.
#[expect(
    unsafe_code,
    reason = "nothing safe gives pages back, and memory is what users count"
)]
pub(crate) fn release_start_up_code() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else {
        return;
    };
    for (start, length) in maps.lines().filter_map(code_of_program) {
        // SAFETY: the range is a private mapping of a file that is executable and never written to, so that every page is
        // read again from that file with the same bytes (madvise(2)).
        let _ =
            unsafe { nix::libc::madvise(start as *mut nix::libc::c_void, length, nix::libc::MADV_DONTNEED) };
    }
}

/// The range of a line of `/proc/self/maps` that is code of a file.
fn code_of_program(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let of_file = fields.next()? == "r-xp" && fields.nth(3)?.starts_with('/');
    let (start, end) = (
        usize::from_str_radix(start, 16).ok()?,
        usize::from_str_radix(end, 16).ok()?,
    );
    of_file.then(|| end.checked_sub(start).map(|length| (start, length)))?
}

#[cfg(test)]
mod tests {
    use super::code_of_program;

    #[test]
    fn only_code_of_files_counts() {
        let code = "55e0-75e0 r-xp 00001000 08:01 42                         /usr/local/bin/meshd";
        assert_eq!(code_of_program(code), Some((0x55e0, 0x2000)));
        assert_eq!(
            code_of_program("55e0-75e0 r--p 00001000 08:01 42 /usr/local/bin/meshd"),
            None
        );
        assert_eq!(code_of_program("7ff0-7ff2 r-xp 00000000 00:00 0 [vdso]"), None);
    }

    #[test]
    fn the_program_goes_on_without_its_pages() {
        super::release_start_up_code();
        assert_eq!(String::from("still") + " here", "still here");
    }
}
