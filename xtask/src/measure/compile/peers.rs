use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{command, has, output, root};
use crate::measure::figure::{median, sorted};
use crate::measure::process::{millis, take};

use super::mesh::machines;

/// Prints the WorkloadEntries and three more files for each VM, from templates that are parsed once.
const JINJA: &str = include_str!("jinja.py");

/// The release of Helm that is built where there is none.
const HELM: &str = "helm.sh/helm/v3/cmd/helm@v3.18.4";

/// Milliseconds that Jinja2 takes for four files a VM; `None` where it cannot be had.
pub(super) fn jinja(folder: &Path, vms: usize, runs: u32) -> Result<Option<f64>> {
    let packages = root().join("target/bench/python");
    if !packages.join("jinja2").is_dir() {
        let mut install = command("python3");
        install
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&packages)
            .arg("jinja2");
        if !brought(&mut install, "Jinja2") {
            return Ok(None);
        }
    }
    let (script, list, out) = (
        folder.join("jinja.py"),
        folder.join("vms.txt"),
        folder.join("jinja"),
    );
    std::fs::write(&script, JINJA)?;
    let mut lines = String::new();
    for vm in machines(vms) {
        // Writing to a text never fails.
        let _ = writeln!(
            lines,
            "{} s{} {} {} {}",
            vm.name, vm.group, vm.address, vm.zone, vm.weight
        );
    }
    std::fs::write(&list, lines)?;
    let taken = take(runs, || {
        // A folder that is not there is as good as one that was removed.
        let _ = std::fs::remove_dir_all(&out);
        let mut render = command("python3");
        render
            .arg(&script)
            .arg(&list)
            .arg(&out)
            .env("PYTHONPATH", &packages);
        render
    })?;
    Ok(Some(median(&sorted(millis(&taken)))))
}

/// Milliseconds that `helm template` takes for one WorkloadEntry a VM; `None` where Helm cannot be had.
pub(in crate::measure) fn helm(folder: &Path, vms: usize, runs: u32) -> Result<Option<f64>> {
    let Some(helm) = find_helm()? else {
        return Ok(None);
    };
    let chart = folder.join("chart");
    std::fs::create_dir_all(chart.join("templates"))?;
    std::fs::write(
        chart.join("Chart.yaml"),
        "apiVersion: v2\nname: fleet\nversion: 1.0.0\n",
    )?;
    std::fs::write(chart.join("templates/entries.yaml"), CHART)?;
    let mut values = String::from("vms:\n");
    for vm in machines(vms) {
        let _ = writeln!(
            values,
            "- {{name: {}, service: s{}, address: {}, zone: {}, weight: {}}}",
            vm.name, vm.group, vm.address, vm.zone, vm.weight
        );
    }
    std::fs::write(chart.join("values.yaml"), values)?;
    let taken = take(runs, || {
        let mut render = Command::new(&helm);
        render.arg("template").arg(&chart);
        render
    })?;
    Ok(Some(median(&sorted(millis(&taken)))))
}

const CHART: &str = r#"{{- range .Values.vms }}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: {{ .name }}
  namespace: fleet
spec:
  address: {{ .address }}
  labels:
    app: {{ .service }}
  locality: region/zone-{{ .zone }}
  network: vm
  serviceAccount: {{ .service }}
  weight: {{ .weight }}
{{- end }}
"#;

/// Helm of the PATH, or one that Go builds (some minutes, once).
fn find_helm() -> Result<Option<PathBuf>> {
    if has("helm") {
        return Ok(Some(PathBuf::from("helm")));
    }
    let folder = root().join("target/bench/go");
    let helm = folder.join("helm");
    if helm.is_file() {
        return Ok(Some(helm));
    }
    if !has("go") {
        eprintln!("skipped: Helm's figures need `helm` or `go` on the PATH");
        return Ok(None);
    }
    let mut install = command("go");
    install.args(["install", HELM]).env("GOBIN", &folder);
    if !brought(&mut install, "Helm") {
        return Ok(None);
    }
    if helm.is_file() {
        Ok(Some(helm))
    } else {
        bail!("`go install` left no helm in {}", folder.display())
    }
}

fn brought(install: &mut Command, name: &str) -> bool {
    eprintln!("fetching {name}");
    let problem = match output(install) {
        Ok(done) if done.status.success() => return true,
        Ok(done) => String::from_utf8_lossy(&done.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    eprintln!("skipped: {name} cannot be had: {problem}");
    false
}
