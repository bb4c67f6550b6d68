//! Installing into an image: the files, links and users of a machine that does not run.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use mesh_wire::bundle::{Check, File, Ssh, Unit};
use mesh_wire::{Bundle, Sha256};

use super::*;

/// An image with what the installer must not lose, and a bundle beside it.
struct Image {
    folder: tempfile::TempDir,
    layout: Layout,
}

impl Image {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        for (path, text) in [
            ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
            ("etc/group", "root:x:0:\n"),
            ("etc/shadow", "root:*:1::::::\n"),
            ("etc/meshd.conf", "of somebody else\n"),
            ("etc/systemd/system/other.service", "[Unit]\n"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir_all(root.join("var/lib")).unwrap();
        fs::create_dir_all(root.join("run")).unwrap();
        Self {
            layout: Layout::new(&root),
            folder,
        }
    }

    /// Writes a bundle of these files, and gives its folder and its release.
    fn bundle(&self, name: &str, files: &[(&str, &str)]) -> (PathBuf, Sha256) {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("meshd"), program()).unwrap();
        let files = files.iter().map(|(path, text)| {
            let source = format!("rootfs{path}");
            let place = folder.join(&source);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
            let secret = path.contains("key");
            File {
                path: (*path).to_owned(),
                source,
                owner: if secret { "meshd" } else { "root" }.to_owned(),
                group: if secret { "meshd" } else { "root" }.to_owned(),
                mode: if secret { "0600" } else { "0644" }.to_owned(),
                sha256: Sha256::of(text.as_bytes()),
                secret,
            }
        });
        let bundle = Bundle {
            format: 1,
            vm: "vm".to_owned(),
            namespace: "ns".to_owned(),
            runtime: "0.1.0".to_owned(),
            runtime_sha256: None,
            files: files.collect(),
            units: vec![Unit {
                name: "meshd.target".to_owned(),
                enable: true,
            }],
            checks: vec![Check::Ready],
            ssh: Ssh::default(),
        };
        let document = serde_json::to_vec(&bundle).unwrap();
        fs::write(folder.join("bundle.json"), &document).unwrap();
        (folder, Sha256::of(&document))
    }

    fn install(&self, folder: &Path) -> (Result<(), Failure>, Report) {
        let mut report = Report::default();
        let result = install(&self.layout, folder, &Wish::default(), &mut report);
        (result, report)
    }

    /// What a path of the image holds, through meshd's links.
    fn text(&self, path: &str) -> Option<String> {
        let place = self.layout.at(path);
        match fs::read_link(&place) {
            Ok(target) => fs::read_to_string(self.layout.at(target)).ok(),
            Err(_) => fs::read_to_string(place).ok(),
        }
    }

    /// Every path with its kind, permissions, and bytes.
    fn everything(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.layout.at("/")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let about = fs::symlink_metadata(&path).unwrap();
                let bytes = if about.is_file() {
                    fs::read(&path).unwrap()
                } else {
                    Vec::new()
                };
                if about.is_dir() {
                    folders.push(path.clone());
                }
                found.insert(path, (about.mode(), bytes));
            }
        }
        found
    }
}

/// As much of a program as is looked at: the head of an ELF file for this processor.
fn program() -> Vec<u8> {
    fs::read(std::env::current_exe().unwrap()).unwrap()[..64].to_vec()
}

const TARGET: (&str, &str) = (
    "/etc/systemd/system/meshd.target",
    "[Install]\nWantedBy=multi-user.target\n",
);

#[test]
fn a_release_is_put_in_force_and_leaves_nothing_when_it_is_removed() {
    let image = Image::new();
    let before = image.everything();
    let (folder, release) = image.bundle(
        "one",
        &[
            ("/etc/meshd/identity/key.pem", "secret"),
            ("/etc/meshd/names.json", "{}"),
            ("/etc/meshd.conf", "ours"),
            TARGET,
        ],
    );
    let (result, report) = image.install(&folder);
    result.unwrap();
    assert!(report.changed);
    assert_eq!(image.layout.current(), Some(release.clone()));
    assert_eq!(image.text("/etc/meshd.conf").as_deref(), Some("ours"));
    let key = image
        .layout
        .release(&release)
        .join("rootfs/etc/meshd/identity/key.pem");
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o7777, 0o600);
    let wants = image
        .layout
        .at("/etc/systemd/system/multi-user.target.wants/meshd.target");
    assert_eq!(
        fs::read_link(wants).unwrap(),
        Path::new("/etc/systemd/system/meshd.target")
    );
    let (result, report) = image.install(&folder);
    result.unwrap();
    assert!(!report.changed, "a second time there is nothing to do");
    remove(&image.layout, &mut Report::default()).unwrap();
    assert_eq!(image.everything(), before);
}

#[test]
fn the_next_release_replaces_the_files_and_a_rollback_brings_them_back() {
    let image = Image::new();
    let (one, first) = image.bundle(
        "one",
        &[
            ("/etc/meshd/names.json", "1"),
            ("/etc/meshd/only-one", "1"),
            TARGET,
        ],
    );
    let (two, second) = image.bundle(
        "two",
        &[
            ("/etc/meshd/names.json", "2"),
            ("/etc/meshd/only-two", "2"),
            TARGET,
        ],
    );
    let (three, third) = image.bundle("three", &[("/etc/meshd/names.json", "3"), TARGET]);
    image.install(&one).0.unwrap();
    image.install(&two).0.unwrap();
    assert_eq!(
        (image.layout.current(), image.layout.previous()),
        (Some(second.clone()), Some(first.clone()))
    );
    assert_eq!(image.text("/etc/meshd/names.json").as_deref(), Some("2"));
    assert!(image.layout.at("/etc/meshd/only-one").symlink_metadata().is_err());
    rollback(&image.layout, &Reason::Asked, &mut Report::default()).unwrap();
    assert_eq!(image.layout.current(), Some(first.clone()));
    assert_eq!(image.text("/etc/meshd/names.json").as_deref(), Some("1"));
    assert_eq!(image.text("/etc/meshd/only-one").as_deref(), Some("1"));
    assert!(image.layout.at("/etc/meshd/only-two").symlink_metadata().is_err());
    image.install(&three).0.unwrap();
    assert_eq!(
        (image.layout.current(), image.layout.previous()),
        (Some(third), Some(first))
    );
    assert!(
        !image.layout.release(&second).exists(),
        "older releases are thrown away"
    );
}

/// Installs with a dead-man switch.
fn install_unconfirmed(image: &Image, folder: &Path) {
    let wish = Wish {
        confirm_within: Some(60),
        expect: None,
    };
    install(&image.layout, folder, &wish, &mut Report::default()).unwrap();
}

#[test]
fn a_release_that_nobody_confirmed_goes_without_a_trace() {
    let image = Image::new();
    let names = [("/etc/meshd/names.json", "1"), ("/etc/meshd/names.json", "2")];
    let (one, _) = image.bundle("one", &[names[0], TARGET]);
    let (two, second) = image.bundle("two", &[names[1], TARGET]);
    let (three, third) = image.bundle("three", &[("/etc/meshd/only-three", "3"), TARGET]);
    image.install(&one).0.unwrap();
    image.install(&two).0.unwrap();
    let before = image.everything();
    install_unconfirmed(&image, &three);
    assert_eq!(image.layout.current(), Some(third.clone()));
    let reason = Reason::Unconfirmed(third.as_str());
    rollback(&image.layout, &reason, &mut Report::default()).unwrap();
    assert_eq!(
        image.everything(),
        before,
        "also what a rollback would bring back"
    );
    rollback(&image.layout, &reason, &mut Report::default()).unwrap();
    assert_eq!(
        image.layout.current(),
        Some(second),
        "the timer's second call changes nothing"
    );
}

#[test]
fn a_repair_that_nobody_confirmed_keeps_the_release() {
    let image = Image::new();
    let (one, first) = image.bundle("one", &[("/etc/meshd/names.json", "1"), TARGET]);
    image.install(&one).0.unwrap();
    fs::write(
        image.layout.release(&first).join("rootfs/etc/meshd/names.json"),
        "damaged",
    )
    .unwrap();
    install_unconfirmed(&image, &one);
    assert_eq!(image.text("/etc/meshd/names.json").as_deref(), Some("1"));
    let reason = Reason::Unconfirmed(first.as_str());
    rollback(&image.layout, &reason, &mut Report::default()).unwrap();
    assert_eq!(image.layout.current(), Some(first));
    assert_eq!(image.text("/etc/meshd/names.json").as_deref(), Some("1"));
}

#[test]
fn a_next_release_that_is_refused_leaves_nothing_of_it() {
    let image = Image::new();
    let (one, _) = image.bundle("one", &[("/etc/meshd/names.json", "1"), TARGET]);
    image.install(&one).0.unwrap();
    // What the shipper sent lies in the store by then.
    let before = image.everything();
    fs::write(image.layout.store().join("0".repeat(64)), "shipped").unwrap();
    let (two, _) = image.bundle("two", &[("/etc/meshd/names.json", "2"), TARGET]);
    fs::write(two.join("rootfs/etc/meshd/names.json"), "other bytes").unwrap();
    assert!(image.install(&two).0.is_err());
    assert_eq!(image.everything(), before);
}

#[test]
fn a_damaged_bundle_changes_nothing() {
    let image = Image::new();
    let before = image.everything();
    let (folder, _) = image.bundle("one", &[("/etc/meshd/names.json", "{}"), TARGET]);
    fs::write(folder.join("rootfs/etc/meshd/names.json"), "other bytes").unwrap();
    let (result, _) = image.install(&folder);
    assert!(result.unwrap_err().to_string().contains("/etc/meshd/names.json"));
    assert_eq!(image.everything(), before);
}

#[test]
fn files_outside_their_places_are_refused() {
    for path in ["etc/x", "/etc/../root/x", "/var/lib/meshd/state/x", "/etc//x"] {
        let image = Image::new();
        let (folder, _) = image.bundle("one", &[("/etc/x", "{}")]);
        let document = fs::read_to_string(folder.join("bundle.json")).unwrap();
        fs::write(
            folder.join("bundle.json"),
            document.replacen("\"/etc/x\"", &format!("\"{path}\""), 1),
        )
        .unwrap();
        assert!(
            image.install(&folder).0.unwrap_err().to_string().contains(path),
            "{path}"
        );
    }
}

#[test]
fn a_plan_for_another_release_is_refused() {
    let image = Image::new();
    let (folder, release) = image.bundle("one", &[TARGET]);
    let wish = |expect| Wish {
        expect: Some(expect),
        confirm_within: None,
    };
    let other = "0".repeat(64);
    assert!(install(&image.layout, &folder, &wish(&other), &mut Report::default()).is_err());
    install(&image.layout, &folder, &wish("none"), &mut Report::default()).unwrap();
    assert!(install(&image.layout, &folder, &wish("none"), &mut Report::default()).is_err());
    install(
        &image.layout,
        &folder,
        &wish(release.as_str()),
        &mut Report::default(),
    )
    .unwrap();
}

#[test]
fn a_user_number_that_is_taken_stops_the_first_installation_without_a_trace() {
    let image = Image::new();
    fs::write(
        image.layout.at("/etc/passwd"),
        "istio-proxy:x:1337:1337::/:/bin/false\n",
    )
    .unwrap();
    let before = image.everything();
    let (folder, _) = image.bundle("one", &[TARGET]);
    let (result, _) = image.install(&folder);
    assert!(result.unwrap_err().remedy.unwrap().contains("1337"));
    assert_eq!(image.everything(), before);
}
