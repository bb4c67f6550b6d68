use serde::Serialize;

const RESOLVED_FOLDER: &str = "/etc/systemd/resolved.conf.d/";
const UNIT_FOLDER: &str = "/etc/systemd/system/";
const SYSCTL_UNIT: &str = "meshd-sysctl.service";
const SYSCTL_FOLDER: &str = "/etc/sysctl.d/";
const CAPTURE_FILES: [&str; 3] = [
    "/etc/meshd/capture.v4.rules",
    "/etc/meshd/capture.v6.rules",
    "/etc/meshd/capture.nft",
];

/// What must be started, restarted or told when files of a machine change. meshd acts on it, and `meshc diff` says it
/// beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Effects {
    /// The sockets are opened anew, and meshd with them.
    pub sockets: bool,
    /// meshd restarts; the sockets stay open meanwhile.
    pub program: bool,
    /// meshd reads its files again.
    pub files: bool,
    /// The capture rules are loaded again.
    pub capture: bool,
    /// Settings of the kernel are put back and set anew.
    pub kernel: bool,
    /// systemd-resolved restarts.
    pub resolver: bool,
}

impl Effects {
    /// What follows when the files at `paths` are new, changed or gone.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut effects = Self::default();
        for path in paths {
            match path.strip_prefix(UNIT_FOLDER) {
                Some("meshd.socket") => effects.sockets = true,
                Some("meshd.service") => effects.program = true,
                Some("meshd-capture.service") => effects.capture = true,
                Some(SYSCTL_UNIT) => effects.kernel = true,
                // Bounds are those of a process from its start.
                Some(drop_in) if drop_in.starts_with("meshd.service.d/") => effects.program = true,
                Some(_) => {}
                None if path.starts_with(SYSCTL_FOLDER) => effects.kernel = true,
                None if path.starts_with(RESOLVED_FOLDER) => effects.resolver = true,
                None if CAPTURE_FILES.contains(&path) => effects.capture = true,
                None => effects.files = true,
            }
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_file_has_its_effect() {
        let of = |path: &str| Effects::of([path]);
        let none = Effects::default();
        assert_eq!(
            of("/etc/systemd/system/meshd.socket"),
            Effects {
                sockets: true,
                ..none
            }
        );
        let limits = "/etc/systemd/system/meshd.service.d/10-limits.conf";
        assert_eq!(
            of(limits),
            Effects {
                program: true,
                ..none
            }
        );
        assert_eq!(of("/etc/meshd/names.json"), Effects { files: true, ..none });
        assert_eq!(
            of("/etc/meshd/capture.nft"),
            Effects {
                capture: true,
                ..none
            }
        );
        assert_eq!(
            of("/etc/sysctl.d/50-meshd.conf"),
            Effects { kernel: true, ..none }
        );
        let resolver = "/etc/systemd/resolved.conf.d/50-meshd.conf";
        assert_eq!(
            of(resolver),
            Effects {
                resolver: true,
                ..none
            }
        );
        assert_eq!(of("/etc/systemd/system/meshd.target"), none);
    }
}
