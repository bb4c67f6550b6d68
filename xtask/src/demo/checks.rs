//! The checks, in the order in which they are played.

mod access;
mod names;
mod ship;
mod traffic;
mod trouble;

use anyhow::Result;

use super::stage::Stage;

/// One check: a name, and what is done and looked at. It returns what was seen.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) run: fn(&Stage) -> Result<String>,
}

/// Without these the others cannot be tried.
pub(super) const FOUNDATION: &[&str] = &["build", "boot", "apply"];

pub(super) const ALL: &[Check] = &[
    Check {
        name: "build",
        run: ship::build,
    },
    Check {
        name: "boot",
        run: ship::boot,
    },
    Check {
        name: "apply",
        run: ship::apply,
    },
    Check {
        name: "apply-again",
        run: ship::apply_again,
    },
    Check {
        name: "name",
        run: names::of_the_mesh,
    },
    Check {
        name: "public-name",
        run: names::of_the_public,
    },
    Check {
        name: "vm-to-pod",
        run: traffic::vm_to_pod,
    },
    Check {
        name: "vm-to-vm",
        run: traffic::vm_to_vm,
    },
    Check {
        name: "pod-to-vm-tcp",
        run: traffic::pod_to_vm_tcp,
    },
    Check {
        name: "pod-to-vm-http",
        run: traffic::pod_to_vm_http,
    },
    Check {
        name: "strict",
        run: access::strict,
    },
    Check {
        name: "denied",
        run: access::denied,
    },
    Check {
        name: "ssh-alive",
        run: trouble::ssh_alive,
    },
    Check {
        name: "crash",
        run: trouble::crash,
    },
    Check {
        name: "reboot",
        run: trouble::reboot,
    },
    Check {
        name: "remove",
        run: ship::remove,
    },
];
