//! Files of machines: what the checker finds in them, and what it does not.

use std::collections::BTreeMap;
use std::path::Path;

use mesh_compiler::diag::render;
use mesh_compiler::host_files::{Kind, rules::RULES};
use mesh_compiler::{Checked, ObjectOptions, World, check_objects};
use proptest::prelude::*;

use crate::common::{read, reference, root};

/// Files by their paths.
#[derive(Clone, Default)]
struct Files(BTreeMap<String, String>);

impl World for Files {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }
}

impl Files {
    /// All files below a folder that `takes` takes, by their paths in it.
    fn below(folder: &Path, takes: impl Fn(&str) -> bool) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                if path.is_dir() {
                    folders.push(path);
                } else if takes(&name) {
                    files.insert(name, read(&path));
                }
            }
        }
        Self(files)
    }

    /// Without what is none of a machine's.
    fn of_machines(mut self) -> Self {
        self.0.retain(|name, text| Kind::of(name, text).is_some());
        self
    }

    fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), text.to_owned());
        self
    }

    fn checked(&self, options: &ObjectOptions) -> Checked {
        let paths: Vec<_> = self.0.keys().cloned().collect();
        check_objects(self, &paths, options)
    }

    /// One line a mistake.
    fn found(&self) -> Vec<String> {
        let checked = self.checked(&ObjectOptions::default());
        let shown = render::short(&checked.diagnostics, &checked.sources);
        shown.lines().map(str::to_owned).collect()
    }
}

/// Codes and places of what is found: `file:line MC-…`.
fn places(found: &[String]) -> Vec<String> {
    let place = |line: &String| {
        let mut parts = line.splitn(4, ':');
        let (file, number) = (parts.next().unwrap(), parts.next().unwrap());
        let id = line.split(['[', ']']).nth(1).unwrap();
        format!("{file}:{number} {id}")
    };
    let mut all: Vec<_> = found.iter().map(place).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn rules_have_the_names_of_their_codes() {
    for rule in RULES {
        let file = format!(
            "compiler/core/src/host_files/rules/{}.rs",
            rule.code.slug.replace('-', "_")
        );
        assert!(root().join(&file).is_file(), "{file} is missing");
    }
}

/// Every mistake of the article's files of machines, and nothing else.
#[test]
fn the_articles_mistakes_are_found() {
    let files = Files::below(&root().join("examples/article"), |_| true).of_machines();
    let expected = [
        "cluster/grafana.sh:12 MC-V011",
        "cluster/grafana.sh:17 MC-V011",
        "cluster/grafana.sh:19 MC-V011",
        "cluster/grafana.sh:25 MC-O004",
        "cluster/grafana.sh:3 MC-V013",
        "cluster/grafana.sh:8 MC-V011",
        "cluster/jaeger.sh:3 MC-V013",
        "cluster/register.sh:10 MC-I001",
        "cluster/register.sh:3 MC-V009",
        "cluster/register.sh:5 MC-V009",
        "dns/settings.yaml:2 MC-D004",
        "dns/settings.yaml:3 MC-V006",
        "dns/settings.yaml:4 MC-V006",
        "vm/1-prepare.sh:16 MC-V013",
        "vm/1-prepare.sh:19 MC-V007",
        "vm/1-prepare.sh:20 MC-V007",
        "vm/1-prepare.sh:26 MC-V007",
        "vm/1-prepare.sh:8 MC-C005",
        "vm/1-prepare.sh:9 MC-C005",
        "vm/2-configure.sh:11 MC-C001",
        "vm/2-configure.sh:11 MC-C002",
        "vm/2-configure.sh:14 MC-V011",
        "vm/2-configure.sh:16 MC-V012",
        "vm/2-configure.sh:18 MC-C008",
        "vm/2-configure.sh:19 MC-V005",
        "vm/2-configure.sh:20 MC-V005",
        "vm/2-configure.sh:23 MC-V001",
        "vm/2-configure.sh:25 MC-I002",
        "vm/2-configure.sh:27 MC-V002",
        "vm/2-configure.sh:27 MC-V005",
        "vm/2-configure.sh:28 MC-D012",
        "vm/2-configure.sh:28 MC-V002",
        "vm/2-configure.sh:29 MC-D004",
        "vm/2-configure.sh:29 MC-V002",
        "vm/2-configure.sh:34 MC-I003",
        "vm/2-configure.sh:35 MC-I004",
        "vm/2-configure.sh:40 MC-V014",
        "vm/2-configure.sh:44 MC-V004",
        "vm/2-configure.sh:45 MC-V005",
        "vm/2-configure.sh:46 MC-I002",
        "vm/2-configure.sh:49 MC-V003",
        "vm/2-configure.sh:9 MC-D002",
        "vm/4-observe.sh:10 MC-O004",
        "vm/4-observe.sh:16 MC-O005",
        "vm/4-observe.sh:17 MC-O005",
        "vm/5-tune.sh:12 MC-V006",
        "vm/5-tune.sh:14 MC-V014",
        "vm/6-scale.sh:5 MC-S008",
        "vm/6-scale.sh:8 MC-S008",
        "vm/7-resolve.sh:13 MC-D001",
        "vm/7-resolve.sh:20 MC-D001",
        "vm/7-resolve.sh:4 MC-D001",
    ];
    assert_eq!(places(&files.found()), expected, "{:#?}", files.found());
}

/// What is wrong only because of what stands in another file, in objects beside files of machines and the other way
/// round.
#[test]
fn the_articles_files_contradict_each_other() {
    let files = Files::below(&root().join("examples/article"), |name| !name.ends_with(".md"));
    let alone = Files::below(&root().join("examples/article"), |_| true).of_machines();
    let objects = Files::below(&root().join("examples/article/manifests"), |_| true);
    let objects = objects
        .0
        .into_iter()
        .map(|(name, text)| (format!("manifests/{name}"), text));
    let known: Vec<_> = [places(&alone.found()), places(&Files(objects.collect()).found())].concat();
    let mut together = places(&files.found());
    together.retain(|place| !known.contains(place));
    let expected = [
        "cluster/call.sh:10 MC-T009",
        "cluster/call.sh:7 MC-T009",
        "cluster/install.sh:3 MC-G004",
        "cluster/register.sh:7 MC-V008",
        "manifests/04-forum-vm-workloadgroup.yaml:23 MC-C008",
        "vm/2-configure.sh:48 MC-V008",
    ];
    assert_eq!(together, expected);
}

/// What the article's objects say beside its files.
#[test]
fn machines_are_compared_with_objects() {
    let files = Files::below(&root().join("examples/article"), |name| name.ends_with(".sh"));
    let objects = "\
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata:
  name: forum-vm
  namespace: istioinaction
spec:
  metadata:
    labels:
      app: forum
  probe:
    httpGet:
      port: 8080
  template:
    ports:
      http: 8080
      extra: 8088
    serviceAccount: forum
    network: vm-network
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: forum-vm-1
  namespace: istioinaction
spec:
  address: 10.10.0.25
  labels:
    app: forum
  serviceAccount: forum
  network: vm-network
---
apiVersion: v1
kind: Service
metadata:
  name: forum
  namespace: istioinaction
spec:
  ports:
    - port: 8080
      name: http
  selector:
    app: forum
";
    let alone = places(&files.found());
    let mut beside = places(&files.with("objects.yaml", objects).found());
    beside.retain(|found| !alone.contains(found) && !found.starts_with("objects.yaml"));
    assert_eq!(
        beside,
        [
            "cluster/call.sh:10 MC-T009",
            "cluster/call.sh:7 MC-T009",
            "cluster/register.sh:7 MC-V008",
            "vm/2-configure.sh:10 MC-C003",
            "vm/2-configure.sh:48 MC-V008",
        ]
    );
}

#[test]
fn what_istioctl_writes_is_clean() {
    let Some(folder) = reference("istioctl-vm") else {
        return;
    };
    let files = Files::below(&folder, |name| {
        !name.ends_with("workloadgroup.yaml") && !name.ends_with("meshconfig.yaml")
    });
    let files = files.of_machines();
    assert!(files.0.len() >= 3, "there are files: {:?}", files.0.keys());
    assert_eq!(files.found(), [""; 0]);
}

#[test]
fn what_istio_iptables_writes_is_clean() {
    let Some(folder) = reference("capture") else {
        return;
    };
    let cases = Files::below(&folder, |name| name.ends_with(".json"));
    assert!(!cases.0.is_empty());
    for (name, text) in cases.0 {
        let case: serde_json::Value = serde_json::from_str(&text).unwrap();
        let lines = |key: &str| {
            let lines = case[key].as_array().unwrap();
            lines
                .iter()
                .map(|line| format!("{}\n", line.as_str().unwrap()))
                .collect::<String>()
        };
        let mut files = Files::default()
            .with("rules.v4", &lines("iptables-restore"))
            .with("rules.v6", &lines("ip6tables-restore"));
        files.0.retain(|_, text| !text.is_empty());
        // Some are of pods, where nobody listens on 22.
        let flag = |name: &str| {
            let flags = case["flags"].as_array().unwrap();
            let at = flags.iter().position(|flag| flag == name)?;
            flags[at + 1].as_str()
        };
        let ssh = flag("-b") == Some("*") && !flag("-d").is_some_and(|ports| ports.contains("22"));
        let found = places(&files.found());
        assert!(
            found.iter().all(|found| ssh && found.ends_with(" MC-C001")),
            "{name}: {found:?}"
        );
        assert_eq!(!found.is_empty(), ssh, "{name}");
    }
}

#[test]
fn what_we_build_is_clean() {
    let mut seen = 0;
    for example in std::fs::read_dir(root().join("golden")).unwrap() {
        let folder = example.unwrap().path();
        let files = Files::below(&folder, |name| {
            let plain = ["values.yaml", "kustomization.yaml", ".json"];
            !plain.iter().any(|end| name.ends_with(end)) && !name.contains("/monitoring/")
        });
        let files = Files(
            files
                .0
                .into_iter()
                .filter(|(name, text)| name.contains("kubernetes/") || Kind::of(name, text).is_some())
                .collect(),
        );
        seen += files
            .0
            .keys()
            .filter(|name| !name.contains("kubernetes/"))
            .count();
        let found = files.found();
        assert!(found.is_empty(), "{}: {found:#?}", folder.display());
    }
    assert!(seen > 100, "{seen} files of machines");
}

/// Files by their paths, and the places of what is found in them.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// What lies in one folder is one machine, wherever its files come from.
#[test]
fn files_are_held_together_by_their_machine() {
    let captures = "ISTIO_META_DNS_CAPTURE=true\nCAPTURE_ALL_DNS=true\n";
    let redirects = "iptables -t nat -A PREROUTING -p tcp -j REDIRECT --to-ports 15006\n";
    let cases: &[Case<'_>] = &[
        (
            &[("vm/etc/istio/config/mesh.yaml", "defaultConfig: {}\n")],
            &["vm/etc/istio/config/mesh.yaml:1 MC-V001"],
        ),
        (
            &[
                ("a/cluster.env", captures),
                ("a/resolv.conf", "nameserver 127.0.0.53\n"),
            ],
            &["a/cluster.env:2 MC-D005"],
        ),
        (
            &[
                ("a/cluster.env", captures),
                ("b/resolv.conf", "nameserver 127.0.0.53\n"),
            ],
            &[],
        ),
        (
            &[
                ("var/lib/istio/envoy/cluster.env", captures),
                ("etc/resolv.conf", "nameserver 127.0.0.53\n"),
            ],
            &["var/lib/istio/envoy/cluster.env:2 MC-D005"],
        ),
        (&[("load.sh", redirects)], &["load.sh:1 MC-C001"]),
        (
            &[(
                "load.sh",
                &format!("iptables -t nat -A PREROUTING -p tcp --dport 22 -j ACCEPT\n{redirects}"),
            )],
            &[],
        ),
        // cluster.env is sourced behind sidecar.env.
        (
            &[
                ("sidecar.env", "ISTIO_INBOUND_PORTS='*'\n"),
                ("cluster.env", "ISTIO_INBOUND_PORTS=8080\n"),
            ],
            &[],
        ),
        (
            &[("cluster.env", "ISTIO_NAMESPACE=shop\r\n")],
            &["cluster.env:1 MC-V023"],
        ),
        // An application's own.
        (&[("app.env", "PORT: 8080\nSERVICE_ACOUNT=x\n")], &[]),
        (
            &[(
                "istio.service",
                "[Service]\nEnvironmentFile=/var/lib/istio/envoy/cluster.env\nUser=istio-proxy\n\
                 ExecStartPre=+/usr/local/bin/pilot-agent istio-iptables\n\
                 ExecStart=/usr/local/bin/pilot-agent proxy\n",
            )],
            &[],
        ),
    ];
    for (files, expected) in cases {
        let all = files
            .iter()
            .fold(Files::default(), |all, (path, text)| all.with(path, text));
        assert_eq!(places(&all.found()), *expected, "{files:?}");
    }
}

#[test]
fn what_scripts_fetch_fits_the_cluster() {
    let script = |version: &str| {
        let text = format!("curl -L https://istio.io/downloadIstio | ISTIO_VERSION={version} sh -\n");
        Files::default().with("setup.sh", &text)
    };
    let options = ObjectOptions {
        istio: Some(30),
        ..ObjectOptions::default()
    };
    for (version, found) in [("1.31.0", true), ("1.30.2", false), ("1.28.1", true)] {
        let checked = script(version).checked(&options);
        assert_eq!(!checked.diagnostics.is_empty(), found, "{version}");
    }
}

/// Pieces of all kinds of files, in any order.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "ISTIO_META_DNS_CAPTURE=true\n",
        "ISTIO_INBOUND_PORTS='*'\n",
        "ISTIO_LOCAL_EXCLUDE_PORTS=1,é,22\n",
        "ISTIO_METAJSON_LABELS='{\"a\": \"b/c\"}'\n",
        "CA_ADDR=\"<IP>:15010\"\n",
        "defaultConfig:\n",
        "  proxyMetadata: {A: 1, B: true}\n",
        "[Service]\n",
        "User=root\n",
        "ExecStart=/usr/local/bin/pilot-agent \\\n proxy\n",
        "*nat\n",
        "-A OUTPUT -p tcp -j REDIRECT --to-ports 15001\n",
        "-A PREROUTING -p tcp ! --dport 80 -j REDIRECT --to-ports 15006\n",
        "hosts: files resolve dns\n",
        "nameserver 127.0.0.53\n",
        "127.0.0.1 localhost é\n",
        "sudo tee /etc/istio/config/mesh.yaml <<EOF\n",
        "cat > /etc/systemd/system/istio.service.d/a.conf <<'EOF'\n",
        "kubectl apply -f - <<EOF\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
        "EOF\n",
        "echo \"A=$(curl http://169.254.169.254/latest/x | grep '\n",
        "istioctl x workload entry configure --name a --autoregister\n",
        "chmod 600 /x/istio-token\n",
        "curl a.default.svc:81 -H 'x-trace-id: 1'\n",
        "destination_workload=\"a\n",
        "'",
        "\"",
        "\\",
        "\r\n",
    ])
}

proptest! {
    /// Whatever stands in the files, places lie in them.
    #[test]
    fn any_text_is_checked(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.concat();
        let names = [
            "cluster.env", "mesh.yaml", "istio.service", "rules.v4", "hosts", "resolv.conf",
            "nsswitch.conf", "setup.sh", "a.promql",
        ];
        let files = names.iter().fold(Files::default(), |all, name| all.with(name, &text));
        let checked = files.checked(&ObjectOptions::default());
        for found in &checked.diagnostics {
            for label in found.labels.iter().chain([&found.primary]) {
                let source = checked.sources.get(label.span.file).unwrap();
                prop_assert!(source.text.get(label.span.start..label.span.end).is_some(), "{:?}", found);
            }
        }
    }
}
