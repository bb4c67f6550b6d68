//! meshd's user and group.
//!
//! They are written into the files of `/etc` by hand, under the lock that the shadow tools take: those leave
//! backups and other traces, and a machine must look afterwards as it did before.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};

use super::record::Record;
use crate::failure::{Failure, OnPath};
use crate::layout::{HOME, ID, Layout, USER};

/// Files that hold a line of the user, and of the group.
const OF_USER: [&str; 2] = ["/etc/passwd", "/etc/shadow"];
const OF_GROUP: [&str; 2] = ["/etc/group", "/etc/gshadow"];

/// Makes the user and the group where they are missing, and notes in the record what was made.
pub(crate) fn ensure(layout: &Layout, record: &mut Record) -> Result<(), Failure> {
    let user = is_there(layout, "/etc/passwd")?;
    let group = is_there(layout, "/etc/group")?;
    if user && group {
        return Ok(());
    }
    record.user |= !user;
    record.group |= !group;
    record.write(layout)?;
    let _lock = PasswordLock::take(layout)?;
    let shell = ["/usr/sbin/nologin", "/sbin/nologin", "/bin/false"];
    let shell = shell
        .into_iter()
        .find(|shell| layout.at(shell).exists())
        .unwrap_or("/bin/false");
    if !group {
        append(layout, "/etc/group", &format!("{USER}:x:{ID}:"))?;
        append(layout, "/etc/gshadow", &format!("{USER}:!::"))?;
    }
    if !user {
        append(
            layout,
            "/etc/passwd",
            &format!("{USER}:x:{ID}:{ID}:meshd:{HOME}:{shell}"),
        )?;
        append(layout, "/etc/shadow", &format!("{USER}:!*:::::::"))?;
    }
    Ok(())
}

/// Takes away what [`ensure`] made.
pub(crate) fn remove(layout: &Layout, record: &Record) -> Result<(), Failure> {
    let files = [(record.user, OF_USER), (record.group, OF_GROUP)];
    if !record.user && !record.group {
        return Ok(());
    }
    let _lock = PasswordLock::take(layout)?;
    for (_, files) in files.iter().filter(|(made, _)| *made) {
        for file in files {
            edit(layout, file, |text| {
                let own = format!("{USER}:");
                text.split_inclusive('\n')
                    .filter(|line| !line.starts_with(&own))
                    .collect()
            })?;
        }
    }
    Ok(())
}

/// The name is there with our number; another name with our number, or ours with another, is refused.
fn is_there(layout: &Layout, file: &str) -> Result<bool, Failure> {
    let path = layout.at(file);
    let text = fs::read_to_string(&path).on("read", &path)?;
    for line in text.lines() {
        let mut fields = line.split(':');
        let (Some(name), _, Some(id)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        match (name == USER, id.parse() == Ok(ID)) {
            (true, true) => return Ok(true),
            (false, false) => {}
            _ => {
                return Err(Failure::new(
                    format!("make the user {USER} with the number {ID}"),
                    format!("{file} has `{name}` with {id}"),
                )
                .remedy("give that user another number: Istio's capture rules are made for 1337"));
            }
        }
    }
    Ok(false)
}

fn append(layout: &Layout, file: &str, line: &str) -> Result<(), Failure> {
    let own = format!("{USER}:");
    edit(layout, file, |text| {
        let text = text.trim_end_matches('\n');
        // A last line without its end would swallow ours; `+` lines of NIS must stay last, and are long gone.
        if text.lines().any(|line| line.starts_with(&own)) {
            format!("{text}\n")
        } else {
            format!("{text}\n{line}\n")
        }
    })
}

/// Replaces a file by an edited one with the same owner and permissions; nothing where it is missing.
fn edit(layout: &Layout, file: &str, change: impl FnOnce(&str) -> String) -> Result<(), Failure> {
    let path = layout.at(file);
    if !path.exists() {
        return Ok(());
    }
    let edit = || {
        let text = fs::read_to_string(&path)?;
        let changed = change(&text);
        if changed == text {
            return Ok(());
        }
        let about = fs::metadata(&path)?;
        let new = path.with_extension("meshd-new");
        fs::write(&new, "")?;
        fs::set_permissions(&new, fs::Permissions::from_mode(about.mode() & 0o7777))?;
        std::os::unix::fs::chown(&new, Some(about.uid()), Some(about.gid()))?;
        fs::write(&new, changed)?;
        fs::File::open(&new)?.sync_all()?;
        fs::rename(&new, &path)
    };
    edit().on("change", &path)?;
    if layout.is_live() && Path::new("/sys/fs/selinux/enforce").exists() {
        // A new file has the label of its folder; the shadow files have their own.
        let _ = crate::command::output("restorecon", &[file], None);
    }
    Ok(())
}

/// The lock of lckpwdf(3).
struct PasswordLock {
    path: std::path::PathBuf,
    made: bool,
    _file: fs::File,
}

impl PasswordLock {
    fn take(layout: &Layout) -> Result<Self, Failure> {
        let path = layout.at("/etc/.pwd.lock");
        let made = !path.exists();
        let mut options = fs::File::options();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .on("open", &path)?;
        if made {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).on("change", &path)?;
        }
        let whole = nix::libc::flock {
            l_type: nix::libc::F_WRLCK as nix::libc::c_short,
            l_whence: nix::libc::SEEK_SET as nix::libc::c_short,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        let deadline = Instant::now() + Duration::from_secs(15);
        while let Err(cause) = fcntl(&file, FcntlArg::F_SETLK(&whole)) {
            if Instant::now() >= deadline {
                return Err(Failure::new("lock the list of users", cause)
                    .remedy("wait until `useradd` or the like is done"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self {
            path,
            made,
            _file: file,
        })
    }
}

impl Drop for PasswordLock {
    fn drop(&mut self) {
        if self.made {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> (tempfile::TempDir, Layout) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc")).unwrap();
        fs::create_dir_all(root.path().join("var/lib/meshd")).unwrap();
        fs::write(
            root.path().join("etc/passwd"),
            "root:x:0:0:root:/root:/bin/bash\n",
        )
        .unwrap();
        fs::write(root.path().join("etc/group"), "root:x:0:\n").unwrap();
        fs::write(root.path().join("etc/shadow"), "root:*:1::::::\n").unwrap();
        fs::set_permissions(root.path().join("etc/shadow"), fs::Permissions::from_mode(0o640)).unwrap();
        let layout = Layout::new(root.path());
        (root, layout)
    }

    fn text(layout: &Layout, file: &str) -> String {
        fs::read_to_string(layout.at(file)).unwrap()
    }

    #[test]
    fn what_is_made_is_taken_away_without_a_trace() {
        let (_root, layout) = machine();
        let before: Vec<String> = ["/etc/passwd", "/etc/group", "/etc/shadow"]
            .map(|file| text(&layout, file))
            .into();
        let mut record = Record::default();
        ensure(&layout, &mut record).unwrap();
        ensure(&layout, &mut record).unwrap();
        assert!(
            text(&layout, "/etc/passwd").ends_with("meshd:x:1337:1337:meshd:/var/lib/meshd:/bin/false\n")
        );
        assert_eq!(text(&layout, "/etc/group").matches("meshd").count(), 1);
        assert_eq!(
            fs::metadata(layout.at("/etc/shadow")).unwrap().mode() & 0o777,
            0o640
        );
        remove(&layout, &record).unwrap();
        let after: Vec<String> = ["/etc/passwd", "/etc/group", "/etc/shadow"]
            .map(|file| text(&layout, file))
            .into();
        assert_eq!(before, after);
        assert_eq!(
            fs::read_dir(layout.at("/etc")).unwrap().count(),
            3,
            "no lock and no backup stays"
        );
    }

    #[test]
    fn a_user_that_was_there_stays() {
        let (_root, layout) = machine();
        fs::write(layout.at("/etc/passwd"), "meshd:x:1337:1337::/:/bin/false\n").unwrap();
        let mut record = Record::default();
        ensure(&layout, &mut record).unwrap();
        assert!(!record.user && record.group);
        remove(&layout, &record).unwrap();
        assert!(text(&layout, "/etc/passwd").starts_with("meshd:"));
    }

    #[test]
    fn a_number_that_is_taken_is_named() {
        let (_root, layout) = machine();
        fs::write(
            layout.at("/etc/passwd"),
            "istio-proxy:x:1337:1337::/:/bin/false\n",
        )
        .unwrap();
        let failure = ensure(&layout, &mut Record::default()).unwrap_err();
        assert!(failure.cause.contains("istio-proxy"), "{failure}");
    }
}
