//! Files of the user's own: templates of both languages, and what is taken as it is.

use std::collections::BTreeMap;

use crate::common;
use mesh_compiler::diag::render;
use mesh_compiler::emit::{Options, Output, emit};
use mesh_compiler::{Compiled, Settings, World, compile_with};
use mesh_wire::{Bundle, Sha256};

/// Files by path.
struct Folder<'a>(BTreeMap<&'a str, &'a [u8]>);

impl World for Folder<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        String::from_utf8(self.bytes(path)?).map_err(|_| "it is not UTF-8 text".to_owned())
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        let bytes = self.0.get(path).ok_or("there is no such file")?;
        Ok(bytes.to_vec())
    }
}

const HEAD: &str = r#"
mesh shop
network vm
cluster main network=vm
"#;

/// A service on two machines, with `files` in its group and `top` at the top.
fn spec(top: &str, files: &str) -> String {
    format!(
        r#"{HEAD}
{top}
namespace store {{
    service cart {{
        port 8080 http
        vms network=vm {{
            health http=8080
            label tier=front
            ssh user=ops
            {files}
            vm cart-1 address="10.0.0.1" locality="north/a" weight=3
            vm cart-2 address="10.0.0.2" weight=1
        }}
    }}
}}
"#
    )
}

fn compiled(spec: &str, files: &[(&str, &[u8])]) -> Compiled {
    let mut all: BTreeMap<&str, &[u8]> = files.iter().copied().collect();
    all.insert("mesh/spec.kdl", spec.as_bytes());
    compile_with(&Folder(all), "mesh/spec.kdl", &Settings::default())
}

fn said(spec: &str, files: &[(&str, &[u8])]) -> String {
    let compiled = compiled(spec, files);
    render::short(&compiled.diagnostics, &compiled.sources)
}

fn written(spec: &str, files: &[(&str, &[u8])]) -> Output {
    let compiled = compiled(spec, files);
    assert_eq!(render::short(&compiled.diagnostics, &compiled.sources), "");
    let options = Options {
        spec: Sha256::of(b""),
        credentials: BTreeMap::new(),
    };
    emit(&compiled.model.expect("the spec is clean"), &options)
}

fn text<'a>(output: &'a Output, path: &str) -> &'a str {
    let names: Vec<_> = output.keys().collect();
    let file = output.get(path).unwrap_or_else(|| panic!("{path} of {names:#?}"));
    std::str::from_utf8(&file.bytes).expect("it is text")
}

#[test]
fn a_template_that_speaks_of_the_machine_is_filled_in_for_each() {
    let template = b"\
name={{ vm.name }} address={{ vm.address }} zone={{ vm.locality | default('none') }} tier={{ vm.labels.tier }}
port={{ service.ports[0].number }} user={{ vm.ssh.user }} peers={% for peer in group.vms %}{{ peer.address }} {% endfor %}
{{ namespace.name }} {{ group.name }} {{ mesh.name }} {{ params.size }}
";
    let tera = String::from_utf8_lossy(template).replace("'none'", "value='none'");
    let spec = spec(
        "param size type=number default=5",
        "file \"/etc/a.conf\" from=\"t/a.conf.j2\" mode=\"0640\" owner=app group=1000\nfile \"/etc/b.conf\" from=\"t/b.tera\"",
    );
    let output = written(
        &spec,
        &[("mesh/t/a.conf.j2", template), ("mesh/t/b.tera", tera.as_bytes())],
    );
    for path in ["a", "b"] {
        assert_eq!(
            text(&output, &format!("vms/cart-1/rootfs/etc/{path}.conf")),
            "name=cart-1 address=10.0.0.1 zone=north/a tier=front\nport=8080 user=ops peers=10.0.0.1 10.0.0.2 \nstore cart \
             shop 5\n"
        );
        let second = text(&output, &format!("vms/cart-2/rootfs/etc/{path}.conf"));
        assert!(
            second.starts_with("name=cart-2 address=10.0.0.2 zone=none"),
            "{second}"
        );
    }
    let bundle: Bundle =
        serde_json::from_str(text(&output, "vms/cart-1/bundle.json")).expect("it is a bundle");
    let placed = |path: &str| {
        let file = bundle
            .files
            .iter()
            .find(|file| file.path == path)
            .expect("it is listed");
        let bytes = &output[&file.source].bytes;
        assert_eq!(Sha256::of(bytes), file.sha256);
        format!("{} {} {}", file.owner, file.group, file.mode)
    };
    assert_eq!(placed("/etc/a.conf"), "app 1000 0640");
    assert_eq!(placed("/etc/b.conf"), "root root 0644");
}

#[test]
fn what_does_not_speak_of_the_machine_lies_in_the_group_once() {
    let output = written(
        &spec(
            "",
            "file \"/etc/a.conf\" from=\"a.j2\"\nfile \"/opt/b\" from=\"b.bin\"",
        ),
        &[
            (
                "mesh/a.j2",
                b"{{ group.vms | length }} {{ vms | default('no vms') }}\n",
            ),
            ("mesh/b.bin", b"\x00\xff{{ vm.name }}"),
        ],
    );
    assert_eq!(text(&output, "groups/cart/rootfs/etc/a.conf"), "2 no vms\n");
    assert_eq!(output["groups/cart/rootfs/opt/b"].bytes, b"\x00\xff{{ vm.name }}");
    assert!(!output.contains_key("vms/cart-1/rootfs/etc/a.conf"));
    for vm in ["cart-1", "cart-2"] {
        let bundle = text(&output, &format!("vms/{vm}/bundle.json"));
        assert!(
            bundle.contains("groups/cart/rootfs/opt/b") && bundle.contains("groups/cart/rootfs/etc/a.conf")
        );
    }
}

#[test]
fn files_at_the_top_lie_beside_the_mesh() {
    let all = b"{% for n in mesh.namespaces %}{% for g in n.groups %}{% for vm in g.vms %}{{ vm.name }} {{ g.name }}.{{ n.name \
                }}\n{% endfor %}{% endfor %}{% endfor %}";
    let output = written(
        &spec(
            "param domain default=\"example.com\"\nfile \"docs/machines.md\" from=\"m.tera\"\nfile \"d\" from=\"d.j2\"\nfile logo.png \
             from=\"logo.png\"",
            "",
        ),
        &[
            ("mesh/m.tera", all),
            ("mesh/d.j2", b"{{ params.domain }} <&>"),
            ("mesh/logo.png", b"\x89PNG\x00"),
        ],
    );
    assert_eq!(
        text(&output, "files/docs/machines.md"),
        "cart-1 cart.store\ncart-2 cart.store\n"
    );
    assert_eq!(text(&output, "files/d"), "example.com <&>");
    assert_eq!(output["files/logo.png"].bytes, b"\x89PNG\x00");
}

#[test]
fn templates_include_what_lies_beside_them() {
    let output = written(
        &spec(
            "file a from=\"t/a.j2\"\nfile b from=\"t/b.tera\"",
            "file \"/etc/c\" from=\"t/c.j2\"",
        ),
        &[
            (
                "mesh/t/a.j2",
                b"{% include 'part/head.j2' %}a {% include \"none.j2\" ignore missing %}",
            ),
            (
                "mesh/t/part/head.j2",
                b"# {{ mesh.name }} {% include 'deep.j2' %}",
            ),
            ("mesh/t/deep.j2", b"deep "),
            (
                "mesh/t/b.tera",
                b"{% extends \"base.tera\" %}{% block body %}b of {{ mesh.name }}{% endblock body %}",
            ),
            ("mesh/t/base.tera", b"<{% block body %}{% endblock body %}>"),
            // The machine is spoken of in what is included.
            (
                "mesh/t/c.j2",
                b"{% from 'm.j2' import line with context %}{% include 'own.j2' %}",
            ),
            ("mesh/t/m.j2", b"{% macro line() %}x{% endmacro %}"),
            ("mesh/t/own.j2", b"{{ vm.name }}"),
        ],
    );
    assert_eq!(text(&output, "files/a"), "# shop deep a ");
    assert_eq!(text(&output, "files/b"), "<b of shop>");
    assert_eq!(text(&output, "vms/cart-2/rootfs/etc/c"), "cart-2");
}

#[test]
fn mistakes_of_templates_are_told_at_their_places() {
    let one = |name: &str, text: &str| {
        let spec = spec("", &format!("file \"/etc/a\" from=\"{name}\""));
        let path = format!("mesh/{name}");
        let part = b"\n  {{ vm.wieght }}\n";
        said(
            &spec,
            &[
                (&path, text.as_bytes()),
                ("mesh/part.j2", part),
                ("mesh/part.tera", part),
            ],
        )
    };
    for (name, text, place, part) in [
        (
            "a.j2",
            "ok\n{{ vm.adress }}\n",
            "mesh/a.j2:2:4",
            "`vm.adress` is not known",
        ),
        ("a.j2", "{{ nobody }}", "mesh/a.j2:1:4", "`nobody` is not known"),
        ("a.j2", "x\n{% if vm %}\n", "mesh/a.j2:", "syntax error"),
        (
            "a.j2",
            "x\n\n{% include 'part.j2' %}",
            "mesh/part.j2:2:6",
            "`vm.wieght` is not known",
        ),
        ("a.j2", "x\n{% include 'gone.j2' %}", "mesh/a.j2:2:4", "gone.j2"),
        ("a.j2", "{% include 'a.j2' %}", "mesh/a.j2:1:4", "recursion limit"),
        ("a.j2", "{{ 1 | nofilter }}", "mesh/a.j2:1:", "nofilter"),
        ("a.tera", "ok\n{{ vm.adress }}\n", "mesh/a.tera:2:4", "adress"),
        ("a.tera", "{{ nobody }}", "mesh/a.tera:1:4", "nobody"),
        ("a.tera", "x\n{% if vm %}\n", "mesh/a.tera:", "error[MC-L018]"),
        (
            "a.tera",
            "{% include 'part.tera' %}",
            "mesh/part.tera:2:6",
            "wieght",
        ),
        ("a.tera", "x\n{% include 'gone.tera' %}", "mesh/", "gone.tera"),
        (
            "a.tera",
            "{% include 'a.tera' %}",
            "mesh/a.tera:1:1",
            "includes itself",
        ),
        ("a.tera", "{{ 1 | nofilter }}", "mesh/a.tera:1:", "nofilter"),
    ] {
        let said = one(name, text);
        assert!(
            said.starts_with(place) && said.contains("error[MC-L018]") && said.contains(part),
            "{name} {text}: {said}"
        );
        assert_eq!(said.lines().count(), 1, "{name} {text}: {said}");
    }
    let missing = one("b.j2", "");
    assert_eq!(missing, "", "an empty template is an empty file");
    let spec = spec(
        "file a from=\"none.j2\"\nfile b from=\"none.bin\"\nfile c from=\"bytes.j2\"",
        "",
    );
    let said = said(&spec, &[("mesh/bytes.j2", b"\xff")]);
    for part in [
        "mesh/none.j2 cannot be read: there is no such file",
        "mesh/none.bin cannot be read: there is no such file",
        "mesh/bytes.j2 cannot be read: it is not UTF-8 text",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn help_names_what_was_meant() {
    let spec = spec("", "file \"/etc/a\" from=\"a.j2\"");
    let compiled = compiled(&spec, &[("mesh/a.j2", b"{{ vm.adress }}")]);
    let [found] = compiled.diagnostics.as_slice() else {
        panic!("{:#?}", compiled.diagnostics);
    };
    assert_eq!(found.primary.text, "did you mean `address`?");
    let labels: Vec<_> = found.labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(labels, ["the template is named here", "filled in for `cart-1`"]);
    assert!(found.help.as_ref().is_some_and(|help| help.contains("`ssh`")));
}

#[test]
fn places_that_are_not_the_users_are_told() {
    let one = |to: &str| {
        said(
            &spec("", &format!("file \"{to}\" from=\"a\"")),
            &[("mesh/a", b"")],
        )
    };
    for wrong in [
        "etc/a",
        "/",
        "/etc/../a",
        "/etc//a",
        "/etc/a/",
        "/etc/meshd",
        "/etc/meshd/x",
        "/etc",
        "/var/lib/meshd/current",
        "/usr/local/bin/meshd",
        "/etc/systemd/system/meshd.service",
        "/etc/systemd/system/meshd.service.d/60-own.conf",
        "/etc/passwd",
        "/proc/x",
        "/etc/sysctl.d/50-meshd.conf",
    ] {
        assert!(one(wrong).contains("MC-L019"), "{wrong}: {}", one(wrong));
    }
    for right in [
        "/etc/a",
        "/etc/meshd.d/a",
        "/etc/systemd/system/app.service",
        "/etc/systemd/system/meshdx.service",
    ] {
        assert_eq!(one(right), "", "{right}");
    }
    let top = |to: &str| {
        said(
            &spec(&format!("file \"{to}\" from=\"a\""), ""),
            &[("mesh/a", b"")],
        )
    };
    for wrong in ["/a", "../a", "a/../b", "a//b", "./a", "a/"] {
        assert!(top(wrong).contains("MC-L019"), "{wrong}: {}", top(wrong));
    }
    let twice = said(
        &spec(
            "file a from=\"a\"\nfile a from=\"a\"",
            "file \"/etc/a\" from=\"a\"\nfile \"/etc/a/b/c\" from=\"a\"",
        ),
        &[("mesh/a", b"")],
    );
    assert!(twice.contains("`a` is written twice"), "{twice}");
    assert!(
        twice.contains("`/etc/a` is a file, and cannot have `/etc/a/b/c` below it"),
        "{twice}"
    );
    assert_eq!(twice.lines().count(), 2, "{twice}");
    let envoy =
        spec("", "file \"/etc/a\" from=\"a\"").replace("vms network=vm", "vms network=vm engine=envoy");
    assert!(
        said(&envoy, &[("mesh/a", b"")])
            .contains("nothing is shipped to machines that run Istio's own agent")
    );
}

#[test]
fn every_place_of_a_bundle_is_reserved() {
    let full = spec(
        "",
        "capture backend=auto\ntune { sysctl net.core.somaxconn 4096; limit nofile=65536; before \"app.service\" }",
    );
    let output = written(&full, &[]);
    let bundle: Bundle =
        serde_json::from_str(text(&output, "vms/cart-1/bundle.json")).expect("it is a bundle");
    assert!(bundle.files.len() > 10, "{:#?}", bundle.files);
    for file in &bundle.files {
        let own = spec("", &format!("file \"{}\" from=\"a\"", file.path));
        let found = said(&own, &[("mesh/a", b"")]);
        assert!(found.contains("error[MC-L019]"), "{}: {found}", file.path);
    }
}

#[test]
fn defaults_give_every_group_its_files_and_params_count_as_used() {
    let spec = spec(
        "param domain default=\"example.com\"\nparam idle default=\"x\"\ndefaults { vms { file \"/etc/a\" from=\"a.j2\" } }",
        "",
    );
    let files: &[(&str, &[u8])] = &[("mesh/a.j2", b"{{ params.domain }}")];
    let compiled = compiled(&spec, files);
    let said = render::short(&compiled.diagnostics, &compiled.sources);
    assert!(said.contains("`idle`") && !said.contains("`domain`"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// The page's example uses every name that there is.
#[test]
fn what_templates_know_is_on_the_page() {
    let page = common::read(&common::root().join("docs/templates.md"));
    let example = page
        .split("```j2\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let spec = spec(
        "param domain default=\"example.com\"",
        "file \"/etc/a\" from=\"a.j2\"",
    )
    .replace("weight=1", "weight=1 locality=south");
    let output = written(
        &spec,
        &[("mesh/a.j2", example.expect("the page has an example").as_bytes())],
    );
    let filled = text(&output, "vms/cart-1/rootfs/etc/a");
    for part in [
        "example.com\nshop cluster.local 1.31\nvm []\nmain vm\n",
        "cart store cart.store.svc.cluster.local cart [",
        "http 8080 8080 http\n",
        "cart store vm main cart\n",
        "cart-1 10.0.0.1 False {",
        "\nnorth/a 3 ops\n",
    ] {
        assert!(filled.contains(part), "{part}\n{filled}");
    }
}

#[test]
fn maps_are_written_in_one_order_and_declarations_do_not_matter() {
    let labels = (0..40).map(|at| format!("k{at}=v")).collect::<Vec<_>>().join(" ");
    let files = "file \"/etc/a\" from=\"a.tera\"\nfile \"/etc/b\" from=\"b.j2\"";
    let one = spec("", files).replace("tier=front", &labels);
    let two = spec(
        "",
        "file \"/etc/b\" from=\"b.j2\"\nfile \"/etc/a\" from=\"a.tera\"",
    )
    .replace("tier=front", &labels);
    let list: &[u8] = b"{% for key, value in vm.labels %}{{ key }} {% endfor %}";
    let templates: &[(&str, &[u8])] = &[
        ("mesh/a.tera", list),
        ("mesh/b.j2", b"{% for key in vm.labels %}{{ key }} {% endfor %}"),
    ];
    let first = written(&one, templates);
    assert_eq!(first, written(&one, templates));
    assert_eq!(first, written(&two, templates));
    assert_eq!(
        text(&first, "vms/cart-1/rootfs/etc/a"),
        text(&first, "vms/cart-1/rootfs/etc/b")
    );
}
